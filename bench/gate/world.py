"""The world of the benchmark: traffic of two arms with every kind of noise that a gate meets.

Everything is drawn for many rollouts at once, in steps of 5 s, from seeded generators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

STEP = 5.0
"""Seconds of one draw; scrapes are whole multiples."""

CORRELATION = 0.005
"""Correlation of failures within one burst of over-dispersed noise."""

BURST_STEPS = 2
"""Steps for which one such burst lasts: 10 s."""

INCIDENT = 0.10
BLIP = 0.20
DRIFT = 1.4

HISTORY_SECONDS = 1800
BLOCK_SECONDS = 30

SCHEDULES = {"A": (5, 10, 25, 50, 90), "B": (10, 50, 75, 90)}
"""Weights in percent, a minute each. The last keeps a control; 100 % follows the verdict."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What disturbs the counts besides chance.

    Attributes:
        bursts: Failure ratios of each arm are drawn anew every 10 s.
        incident: Both arms fail 10 pp more for 20 to 60 s, once in every rollout.
        blip: The canary alone fails 20 pp more for 3 to 10 s, once in every rollout.
        drift: Both arms fail 1.4 times as often as in the history.
        burst_steps: Length of a burst in steps.
        correlation: Of failures within a burst.
    """

    bursts: bool = False
    incident: bool = False
    blip: bool = False
    drift: bool = False
    burst_steps: int = BURST_STEPS
    correlation: float = CORRELATION


NOISES = {
    "iid": Noise(),
    "od": Noise(bursts=True),
    "inc": Noise(incident=True),
    "od+inc": Noise(bursts=True, incident=True),
    "blip": Noise(blip=True),
    "drift": Noise(drift=True),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting of the benchmark.

    Attributes:
        rate: Requests a second, both arms.
        baseline: Stable's failure ratio.
        rise: What the canary adds; 1 makes it fail always.
        interval: Seconds between scrapes.
    """

    rate: int
    baseline: float
    rise: float
    noise: str
    schedule: str = "A"
    interval: int = 5

    @property
    def healthy(self) -> bool:
        """Say whether the canary is as good as stable."""
        return self.rise == 0.0

    @property
    def weights(self) -> tuple[int, ...]:
        """Return the schedule's weights."""
        return SCHEDULES[self.schedule]

    @property
    def nominal(self) -> float:
        """Return the seconds that the schedule takes without any hold."""
        return 60.0 * len(self.weights)


@dataclass(frozen=True, slots=True)
class Past:
    """Each rollout's history of stable."""

    requests: Floats
    failures: Floats
    dispersion: Floats


class Ratios(NamedTuple):
    """Failure ratios of one step.

    Attributes:
        shared: What an incident of both arms adds to each.
    """

    canary: Floats
    stable: Floats
    shared: Floats


class World:
    """Failure ratios and counts of many rollouts, step by step.

    Args:
        cell: The setting.
        rollouts: How many at once.
        seed: Of all that is drawn.
    """

    def __init__(self, cell: Cell, rollouts: int, seed: int) -> None:
        self.cell = cell
        self.noise = NOISES[cell.noise]
        self.draw = np.random.default_rng(seed)
        self.past = self._past(rollouts)
        stable = cell.baseline * (DRIFT if self.noise.drift else 1.0)
        self._means = min(1.0, stable + cell.rise), stable
        self._incident = self._event(rollouts, 20.0, 60.0)
        self._blip = self._event(rollouts, 3.0, 10.0)
        self._ratios = [np.full(rollouts, mean) for mean in self._means]
        self.step = 0

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        self._incident = self._incident[:, mask]
        self._blip = self._blip[:, mask]
        self._ratios = [ratios[mask] for ratios in self._ratios]

    def ratios(self) -> Ratios:
        """Draw both arms' failure ratios of the next step."""
        if self.noise.bursts and self.step % self.noise.burst_steps == 0:
            size = self._ratios[0].size
            self._ratios = [self._burst(mean, size) for mean in self._means]
        canary, stable = self._ratios
        shared = np.zeros_like(stable)
        if self.noise.incident:
            shared = INCIDENT * self._overlap(self._incident)
            canary, stable = canary + shared, stable + shared
        if self.noise.blip:
            canary = canary + BLIP * self._overlap(self._blip)
        self.step += 1
        return Ratios(np.minimum(canary, 1.0), np.minimum(stable, 1.0), shared)

    def counts(self, weight: Floats, ratios: Ratios) -> tuple[Ints, ...]:
        """Draw one step's counts: canary's requests and failures, then stable's."""
        requests = self.draw.poisson(self.cell.rate * STEP, weight.size)
        canary = self.draw.binomial(requests, weight / 100.0)
        stable = requests - canary
        return (
            canary,
            self.draw.binomial(canary, ratios.canary),
            stable,
            self.draw.binomial(stable, ratios.stable),
        )

    def _burst(self, mean: float, size: int) -> Floats:
        if mean >= 1.0:
            return np.ones(size)
        strength = 1.0 / self.noise.correlation - 1.0
        drawn: Floats = self.draw.beta(mean * strength, (1.0 - mean) * strength, size)
        return drawn

    def _past(self, rollouts: int) -> Past:
        """Draw half an hour of stable alone, in blocks of 30 s."""
        blocks = HISTORY_SECONDS // BLOCK_SECONDS
        burst = min(BLOCK_SECONDS, int(self.noise.burst_steps * STEP))
        parts = BLOCK_SECONDS // burst
        requests = self.draw.poisson(self.cell.rate * burst, (rollouts, blocks, parts))
        ratio: Floats | float = self.cell.baseline
        if self.noise.bursts:
            ratio = self._burst(self.cell.baseline, requests.size).reshape(requests.shape)
        failed = self.draw.binomial(requests, ratio).sum(axis=2).astype(np.float64)
        came: Floats = requests.sum(axis=2).astype(np.float64)
        total: Floats = came.sum(axis=1)
        failures: Floats = failed.sum(axis=1)
        expected = came * (failures / total)[:, None]
        squares = (failed - expected) ** 2 / np.maximum(expected, 1e-12)
        dispersion = np.where(failures > 0, squares.sum(axis=1) / (blocks - 1), 1.0)
        return Past(total, failures, dispersion)

    def _event(self, rollouts: int, shortest: float, longest: float) -> Floats:
        begin = self.draw.uniform(0.0, self.cell.nominal, rollouts)
        return np.stack([begin, begin + self.draw.uniform(shortest, longest, rollouts)])

    def _overlap(self, event: Floats) -> Floats:
        """Return which share of the present step lies within each rollout's event."""
        start = self.step * STEP
        inside = np.minimum(event[1], start + STEP) - np.maximum(event[0], start)
        share: Floats = np.maximum(inside, 0.0) / STEP
        return share


@dataclass(frozen=True, slots=True)
class Outcome:
    """How every rollout of a cell ended.

    Attributes:
        rolled_back: Seconds from start to rollback; infinite where there was none.
        promoted: Seconds from start to promotion; infinite where there was none.
        failed: Failed canary requests until the end.
    """

    rolled_back: Floats
    promoted: Floats
    failed: Ints
