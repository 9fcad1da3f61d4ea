"""Whole rollouts under the gate on durations, judged by the real jury.

Durations are lognormal: median 40 ms, p99 129 ms, counted in Istio's buckets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np

from bench.gate.world import Floats
from rolloutd.core.gate import hear, seat, verdicts
from rolloutd.core.gate.lines import Brief
from rolloutd.core.observation import Counts, Histogram, History, Ruling, Sample
from rolloutd.core.plan import Confidence, Judgement, Latency, Samples
from rolloutd.core.units import Instant, Percent, Ratio, Seconds

EDGES: Final = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0)
MEDIAN: Final = 40.0
SIGMA: Final = 0.503
WEIGHTS: Final = (5, 10, 25, 50, 90)
INTERVAL: Final = 5
WOBBLE: Final = 0.05
"""Standard deviation of the log of each arm's pace, drawn anew every 10 s in bursts."""

WARM_UP: Final = 60.0
"""Seconds of a fresh canary that do not count, by default."""

COLD: Final = 45.0
"""Seconds for which a cold canary is three times as slow."""

GATE: Final = Latency(
    name="latency",
    quantile=Ratio(0.99),
    maximum=None,
    max_ratio=None,
    judgement=Judgement.SEQUENTIAL,
)
BRIEF: Final = Brief(
    gates=(GATE,),
    confidence=Confidence(),
    samples=Samples(interval=Seconds(5.0), window=Seconds(60.0), min_requests=100),
    edges=EDGES,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How the arms differ, and what disturbs them.

    Attributes:
        slower: How many times as long the canary takes.
        stuck: Share of its requests that take ``extra`` milliseconds more.
        bursts: Each arm's pace wobbles.
        cold: The canary starts three times as slow.
        shared: Both arms are three times as slow for a minute.
    """

    name: str
    rate: int = 50
    slower: float = 1.0
    stuck: float = 0.0
    extra: float = 0.0
    bursts: bool = False
    cold: bool = False
    shared: bool = False

    @property
    def healthy(self) -> bool:
        """Say whether the canary is as fast as stable once it is warm."""
        return self.slower == 1.0 and self.stuck == 0.0


SETTINGS: Final = tuple(
    Setting(**{"name": name, "rate": rate, **options})  # type: ignore[arg-type]  # a table
    for rate in (50, 500)
    for name, options in (
        ("healthy", {}),
        ("healthy, od", {"bursts": True}),
        ("healthy, cold", {"cold": True}),
        ("healthy, shared x3", {"shared": True}),
        ("x1.25", {"slower": 1.25}),
        ("x1.25, od", {"slower": 1.25, "bursts": True}),
        ("x1.5", {"slower": 1.5}),
        ("x2", {"slower": 2.0}),
        ("2 % +500 ms", {"stuck": 0.02, "extra": 500.0}),
        (".5 % +1 s", {"stuck": 0.005, "extra": 1000.0}),
    )
)


@dataclass(frozen=True, slots=True)
class Speed:
    """What came of a setting.

    Attributes:
        rolled_back: Share of the rollouts.
        delay: Median seconds to rollback over all; infinite if most were not.
        certified: Median seconds to the certificate; infinite likewise.
    """

    rolled_back: float
    delay: float
    certified: float


def measured(healthy: int, sick: int, seed: int, processes: int) -> dict[Setting, Speed]:
    """Run every setting; the same arguments give the same figures."""
    sizes = [healthy if setting.healthy else sick for setting in SETTINGS]
    tasks = [
        (setting, number, seed)
        for setting, size in zip(SETTINGS, sizes, strict=True)
        for number in range(size)
    ]
    with ProcessPoolExecutor(processes) as pool:
        ended = list(pool.map(_rollout, tasks, chunksize=50))
    found: dict[Setting, Speed] = {}
    for setting in SETTINGS:
        mine = [end for task, end in zip(tasks, ended, strict=True) if task[0] == setting]
        found[setting] = Speed(
            sum(math.isfinite(back) for back, _ in mine) / len(mine),
            _median(back for back, _ in mine),
            _median(sure for _, sure in mine),
        )
    return found


def _rollout(task: tuple[Setting, int, int]) -> tuple[float, float]:
    """Return when a rollout was rolled back and when it was certified."""
    setting = task[0]
    draw = np.random.default_rng(crc32(repr(task).encode()))
    past = _histogram(draw, 1800 * setting.rate, _shares(1.0))
    jury = seat(BRIEF, History(requests=past.counts[-1], failures=0, latency=past))
    begin = draw.uniform(0.0, 240.0)
    paces, certified = (1.0, 1.0), math.inf
    for step in range(60 * len(WEIGHTS) // INTERVAL):
        now = float(step * INTERVAL)
        if setting.bursts and step % 2 == 0:
            wobble = np.exp(WOBBLE * draw.standard_normal(2))
            paces = float(wobble[0]), float(wobble[1])
        both = 3.0 if setting.shared and begin <= now < begin + 60.0 else 1.0
        cold = 3.0 if setting.cold and now < COLD else 1.0
        ours = _shares(setting.slower * both * cold * paces[0], setting)
        weight = WEIGHTS[step * INTERVAL // 60]
        sample = _sample(draw, setting.rate, (now, weight), (ours, _shares(both * paces[1])))
        jury = hear(jury, sample)
        (verdict,) = verdicts(jury)
        if verdict.ruling is Ruling.BREACH:
            return now + INTERVAL, certified
        if verdict.certified:
            certified = min(certified, now + INTERVAL)
    return math.inf, certified


def _sample(
    draw: np.random.Generator,
    rate: int,
    moment: tuple[float, int],
    shares: tuple[Floats, Floats],
) -> Sample:
    now, weight = moment
    requests = int(draw.poisson(rate * INTERVAL))
    canary = int(draw.binomial(requests, weight / 100.0))
    ours = _histogram(draw, canary, shares[0])
    theirs = _histogram(draw, requests - canary, shares[1])
    return Sample(
        start=Instant(now),
        end=Instant(now + INTERVAL),
        canary=Counts(requests=canary, failures=0, latency=ours),
        stable=Counts(requests=requests - canary, failures=0, latency=theirs),
        weight=Percent(weight),
        values={},
    )


def _histogram(draw: np.random.Generator, requests: int, shares: Floats) -> Histogram:
    below = np.cumsum(draw.multinomial(requests, shares))
    return Histogram(bounds=EDGES, counts=tuple(int(count) for count in below))


def _shares(pace: float, setting: Setting | None = None) -> Floats:
    """Return the probability of each bucket."""
    below = np.array([_below(edge, pace) for edge in EDGES])
    if setting is not None and setting.stuck > 0.0:
        late = np.array([_below(edge - setting.extra, pace) for edge in EDGES])
        below = (1.0 - setting.stuck) * below + setting.stuck * late
    return np.diff(below, prepend=0.0, append=1.0)


def _below(duration: float, pace: float) -> float:
    if duration <= 0.0:
        return 0.0
    return 0.5 * (
        1.0 + math.erf(math.log(duration / (MEDIAN * pace)) / (SIGMA * math.sqrt(2.0)))
    )


def _median(seconds: Iterable[float]) -> float:
    ranked = sorted(seconds)
    return ranked[(len(ranked) - 1) // 2]
