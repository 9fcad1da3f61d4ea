"""Run benchmarks by name, or all of them: ``python -m bench [NAME ...]``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_BENCHMARKS = {"__init__", "__main__", "machine", "process"}
NAMES = sorted(
    {path.stem for path in HERE.glob("*.py")} - NOT_BENCHMARKS
    | {path.parent.name for path in HERE.glob("*/__main__.py")}
)


def main() -> int:
    """Run each in a process of its own; return how many failed."""
    wanted = sys.argv[1:] or NAMES
    unknown = set(wanted) - set(NAMES)
    if unknown:
        print(f"unknown: {sorted(unknown)}; there are {NAMES}", file=sys.stderr)
        return 2
    return sum(
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0
        for name in wanted
    )


if __name__ == "__main__":
    sys.exit(main())
