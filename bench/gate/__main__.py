"""Compare judges of canaries: ``python -m bench.gate``; the same figures on every run."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.gate.cells import HELD_OUT, measure, tasks
from bench.gate.durations import measured
from bench.gate.plots import draw
from bench.gate.speed import microseconds
from bench.gate.tables import printed
from bench.gate.targets import Measured, Target, targets


def main() -> int:
    """Measure, print tables and targets; return how many promises are broken."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--healthy", type=int, default=5000, help="rollouts a healthy cell")
    options.add_argument("--sick", type=int, default=1000, help="rollouts a regression")
    options.add_argument("--seed", type=int, default=HELD_OUT)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options.add_argument("--plots", type=Path, help="folder to write pictures into")
    given = options.parse_args()
    began = time.perf_counter()
    found = Measured(
        results=measure(tasks(given.healthy, given.sick, given.seed), given.processes),
        speeds=measured(given.healthy // 4, given.sick // 4, given.seed, given.processes),
        microseconds=microseconds(),
    )
    kept = targets(found)
    if given.plots is not None:
        draw(found.results, given.plots)
    took = time.perf_counter() - began
    if given.json:
        print(json.dumps({"seconds": took, **_plain(found, kept)}))
    else:
        print(printed(found, kept))
        print(f"\n{took:.0f} s, seed {given.seed}")
    return sum(not target.met for target in kept)


def _plain(found: Measured, kept: list[Target]) -> dict[str, object]:
    return {
        "targets": [asdict(target) | {"met": target.met} for target in kept],
        "figures": [
            {"judge": judge, **asdict(cell), **_finite(asdict(figures))}
            for (judge, cell), figures in found.results.items()
        ],
        "durations": [
            {**asdict(setting), **_finite(asdict(speed))}
            for setting, speed in found.speeds.items()
        ],
        "microseconds": dict(found.microseconds),
    }


def _finite(figures: dict[str, float]) -> dict[str, float | None]:
    return {k: v if math.isfinite(v) else None for k, v in figures.items()}


if __name__ == "__main__":
    sys.exit(main())
