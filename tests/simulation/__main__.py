"""``python -m tests.simulation --seeds N``: run seeds on all cores, say how it went."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing

import structlog

from rolloutd.telemetry.metrics import Metrics
from tests.simulation.report import Tally, story
from tests.simulation.run import Outcome, simulate

PORTION = 8
"""Seeds that a worker is given at once: a second of work, so that all end at about one time."""

AHEAD = 2
"""Portions under way for each worker."""


def main() -> int:
    """Run what the command line asks for; return 1 if a seed failed."""
    asked = _parser().parse_args()
    if asked.seed is not None:
        _hush()
        outcome = simulate(asked.seed, Metrics(), traced=asked.trace)
        _print(story(outcome))
        return int(bool(outcome.violation))
    return _many(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many (300)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--fresh", action="store_true", help="begin where nobody began before")
    parser.add_argument("--seconds", type=float, help="begin no further seed after this time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (cores)")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: say what happened")
    return parser


def _many(asked: argparse.Namespace) -> int:
    began, tally = time.perf_counter(), Tally()
    first = time.time_ns() // 1_000_000 if asked.fresh else asked.first
    until = None if asked.seconds is None else began + asked.seconds
    with closing(outcomes(range(first, first + asked.seeds), asked.jobs, until)) as ended:
        for outcome in ended:
            tally.add(outcome)
            if outcome.violation:
                _print([f"seed {outcome.seed}: {outcome.violation}"])
                if not asked.keep_going:
                    break
    _print(tally.lines(time.perf_counter() - began))
    if tally.failed:
        seed = tally.failed[0].seed
        if not asked.keep_going:
            _hush()
            _print(simulate(seed, Metrics(), traced=True).lines)
        _print([f"again: python -m tests.simulation --seed {seed} --trace"])
    return int(bool(tally.failed))


def outcomes(
    seeds: range, jobs: int, until: float | None = None
) -> Generator[Outcome, None, None]:
    """Yield how seeds went, in their order, whoever was done first.

    Who leaves off early ends what was not begun; so does the time being up.
    """
    portions = iter([seeds[at : at + PORTION] for at in range(0, len(seeds), PORTION)])
    workers = ProcessPoolExecutor(jobs, initializer=_hush)
    under_way: list[Future[list[Outcome]]] = []
    try:
        while True:
            is_up = until is not None and time.perf_counter() > until
            while (
                not is_up and len(under_way) < AHEAD * jobs and (more := next(portions, None))
            ):
                under_way.append(workers.submit(_run, more, until))
            if not under_way:
                return
            yield from under_way.pop(0).result()
    finally:
        workers.shutdown(cancel_futures=True)


def _run(seeds: Sequence[int], until: float | None) -> list[Outcome]:
    """Run a portion, in a worker; less of it when the time is up."""
    metrics = Metrics()
    return [
        simulate(seed, metrics)
        for seed in seeds
        if until is None or time.perf_counter() < until
    ]


def _hush() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
