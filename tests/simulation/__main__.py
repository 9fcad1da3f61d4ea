"""``python -m tests.simulation --seeds N``: run seeds, say how it went."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterable

import structlog

from rolloutd.telemetry.metrics import Metrics
from tests.simulation.report import Tally, story
from tests.simulation.run import simulate


def main() -> int:
    """Run what the command line asks for; return 1 if a seed failed."""
    asked = _parser().parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    metrics = Metrics()
    if asked.seed is not None:
        outcome = simulate(asked.seed, metrics, traced=asked.trace)
        _print(story(outcome))
        return int(bool(outcome.violation))
    return _many(asked, metrics)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many (300)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--fresh", action="store_true", help="begin where nobody began before")
    parser.add_argument("--seconds", type=float, help="begin no further seed after this time")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: say what happened")
    return parser


def _many(asked: argparse.Namespace, metrics: Metrics) -> int:
    began, tally = time.perf_counter(), Tally()
    first = time.time_ns() // 1_000_000 if asked.fresh else asked.first
    for seed in range(first, first + asked.seeds):
        outcome = simulate(seed, metrics)
        tally.add(outcome)
        if outcome.violation:
            traced = [] if asked.keep_going else simulate(seed, metrics, traced=True).lines
            _print([*traced, f"seed {seed}: {outcome.violation}"])
            if not asked.keep_going:
                break
        if asked.seconds is not None and time.perf_counter() - began > asked.seconds:
            break
    _print(tally.lines(time.perf_counter() - began))
    if tally.failed:
        seed = tally.failed[0].seed
        _print([f"again: python -m tests.simulation --seed {seed} --trace"])
    return int(bool(tally.failed))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
