"""What one scrape costs: microseconds of one core for each kind of stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from bench.gate.durations import BRIEF, EDGES
from rolloutd.core.gate import hear, seat
from rolloutd.core.gate.control import from_history
from rolloutd.core.gate.rules import rules
from rolloutd.core.gate.stream import Tally, advanced, opened
from rolloutd.core.observation import Counts, Histogram, History, Sample
from rolloutd.core.units import Instant, Percent

SCRAPES: Final = 2000
REPEATS: Final = 5

PAST: Final = History(requests=90_000, failures=90, dispersion=1.1)


def microseconds() -> dict[str, float]:
    """Measure each kind of stream; the best of a few repeats, as other work only adds."""
    return {"failures": _best(_failures()), "durations": _best(_durations())}


def _failures() -> Callable[[], None]:
    told = rules(false_rollback=1e-3, certainty=0.99, regression=0.01)
    tallies = [Tally(5.0, 5.0, 25, n % 40 == 0, 225, n % 4 == 0) for n in range(SCRAPES)]

    def pass_once() -> None:
        stream = opened(told, *from_history(PAST))
        for tally in tallies:
            stream = advanced(stream, told, tally)

    return pass_once


def _durations() -> Callable[[], None]:
    draw = np.random.default_rng(1)
    shares = np.array(
        [0.01, 0.02, 0.1, 0.27, 0.33, 0.2, 0.05, 0.01, 0.004, 0.003, 0.002, 0.001]
    )

    def arm(requests: int) -> Counts:
        below = np.cumsum(draw.multinomial(requests, shares))
        times = Histogram(bounds=EDGES, counts=tuple(int(count) for count in below))
        return Counts(requests=requests, failures=0, latency=times)

    samples = [
        Sample(
            start=Instant(5.0 * number),
            end=Instant(5.0 * number + 5.0),
            canary=arm(25),
            stable=arm(225),
            weight=Percent(10),
            values={},
        )
        for number in range(1, SCRAPES)
    ]

    def pass_once() -> None:
        jury = seat(BRIEF, PAST)
        for sample in samples:
            jury = hear(jury, sample)

    return pass_once


def _best(once: Callable[[], None]) -> float:
    took: list[float] = []
    for _ in range(REPEATS):
        # Processor time: whatever else runs on the machine does not count.
        begin = time.process_time()
        once()
        took.append((time.process_time() - begin) / SCRAPES * 1e6)
    return min(took)
