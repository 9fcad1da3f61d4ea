"""Check what coverage measured: 100 % of branches in core and engine, 95 % overall.

Run after ``pytest --cov``; exits 1 and names what falls short.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FLOORS = {"rolloutd/core/": 100.0, "rolloutd/engine/": 100.0, "rolloutd/": 95.0}


def main() -> int:
    """Compare each part with its floor."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "-q", "-o", str(report)]
        subprocess.run(command, check=True)
        files = json.loads(report.read_text())["files"]
    short = 0
    for part, floor in FLOORS.items():
        summaries = [f["summary"] for name, f in files.items() if name.startswith(part)]
        done = sum(s["covered_lines"] + s["covered_branches"] for s in summaries)
        total = sum(s["num_statements"] + s["num_branches"] for s in summaries)
        percent = 100.0 * done / max(total, 1)
        verdict = "ok" if percent >= floor else "TOO LITTLE"
        short += percent < floor
        sys.stdout.write(f"coverage of {part}: {percent:.2f} % (floor {floor} %) {verdict}\n")
    return int(short > 0)


if __name__ == "__main__":
    sys.exit(main())
