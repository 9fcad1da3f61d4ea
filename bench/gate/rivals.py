"""How others judge, rewritten from their sources; each runs whole rollouts of its own.

* Flagger: success ratio of the last minute every interval; below the threshold, or no value, is
  one failed check more, never taken back; five roll back at the start of the next interval.
* Argo Rollouts: the same ratio once a minute; more failures than the limit abort at once.
* Kayenta: Mann-Whitney at 98 % on a point every 15 s, judged after every step.
* The textbook's e-process: conditional on the failures of both arms, without tempering or cap.
* The oracle: Wald's sequential test that knows both failure ratios and the kind of noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

import numpy as np

from bench.gate.twin import Counts, Portfolio, Window
from bench.gate.world import STEP, Bools, Cell, Floats, Outcome, Ratios, World
from rolloutd.core.gate.rules import rules

STEP_SECONDS: Final = 60.0
THRESHOLD: Final = 0.99
ALPHA: Final = 1e-3


class Rival(Protocol):
    """Judges all rollouts of a cell, every 5 s."""

    def look(self, new: Counts, ratios: Ratios, now: float) -> Bools:
        """Say who is rolled back now."""
        ...

    def advancing(self, now: float) -> Floats | float:
        """Return how many seconds of the schedule each has made good."""
        ...

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        ...


Maker: TypeAlias = Callable[[Cell, int], Rival]


def run(maker: Maker, cell: Cell, rollouts: int, seed: int) -> Outcome:
    """Run every rollout of a cell to its end under a rival."""
    world, rival = World(cell, rollouts, seed), maker(cell, rollouts)
    weights = np.array([*cell.weights, 100], dtype=np.float64)
    number, progress = np.arange(rollouts), np.zeros(rollouts)
    rolled_back, promoted = np.full(rollouts, np.inf), np.full(rollouts, np.inf)
    failed, now = np.zeros(rollouts, dtype=np.int64), 0.0
    while number.size:
        at = np.minimum((progress // STEP_SECONDS).astype(np.int64), weights.size - 2)
        ratios = world.ratios()
        drawn = world.counts(weights[at], ratios)
        now += STEP
        failed[number] += drawn[1]
        back = rival.look(Counts(*(each.astype(np.float64) for each in drawn)), ratios, now)
        progress = progress + rival.advancing(now)
        through = ~back & (progress >= cell.nominal)
        rolled_back[number[back]] = now
        promoted[number[through]] = now
        going = ~(back | through)
        if not going.all():
            number, progress = number[going], progress[going]
            world.keep(going)
            rival.keep(going)
    return Outcome(rolled_back, promoted, failed)


class LastMinute:
    """Success ratio of the canary over the last minute."""

    def __init__(self, size: int) -> None:
        scrapes = int(60.0 / STEP)
        self.requests, self.failures = Window(scrapes, size), Window(scrapes, size)

    def add(self, new: Counts) -> Floats:
        """Take a scrape in; return the ratio, NaN without requests."""
        requests = self.requests.add(new.canary_requests)
        failures = self.failures.add(new.canary_failures)
        return np.where(requests > 0, 1.0 - failures / np.maximum(requests, 1), np.nan)

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        for window in (self.requests, self.failures):
            window.rows, window.sum = window.rows[:, mask], window.sum[mask]


class Flagger:
    """Failed checks, counted for ever."""

    def __init__(self, size: int, interval: float, limit: int) -> None:
        self.minute, self.interval, self.limit = LastMinute(size), interval, limit
        self.failed = np.zeros(size)
        self.frozen = np.zeros(size, dtype=np.bool_)

    def look(self, new: Counts, ratios: Ratios, now: float) -> Bools:
        """Say who is rolled back now."""
        del ratios
        value = self.minute.add(new)
        if now % self.interval:
            return np.zeros(value.size, dtype=np.bool_)
        back: Bools = self.failed >= self.limit
        self.frozen = ~(value >= THRESHOLD)
        self.failed = self.failed + self.frozen
        return back

    def advancing(self, now: float) -> Floats | float:
        """A check that passes counts the whole interval before it."""
        passed = 0.0 if now % self.interval else self.interval
        return np.where(self.frozen, 0.0, passed)

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        self.minute.keep(mask)
        self.failed, self.frozen = self.failed[mask], self.frozen[mask]


class Argo:
    """One measurement a minute."""

    def __init__(self, size: int, limit: int, threshold: float) -> None:
        self.minute, self.limit, self.threshold = LastMinute(size), limit, threshold
        self.failed = np.zeros(size)

    def look(self, new: Counts, ratios: Ratios, now: float) -> Bools:
        """Say who is rolled back now."""
        del ratios
        value = self.minute.add(new)
        if now % 60.0:
            return np.zeros(value.size, dtype=np.bool_)
        self.failed = self.failed + ~(value >= self.threshold)
        result: Bools = self.failed > self.limit
        return result

    def advancing(self, now: float) -> Floats | float:
        """Steps are timed."""
        del now
        return STEP

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        self.minute.keep(mask)
        self.failed = self.failed[mask]


class Kayenta:
    """Mann-Whitney on failure ratios, a point every 15 s, at most the last 16 points."""

    POINTS: Final = 16
    Z: Final = 2.326

    def __init__(self, size: int) -> None:
        self.sums = np.zeros((4, size))
        self.points: list[tuple[Floats, Floats]] = []

    def look(self, new: Counts, ratios: Ratios, now: float) -> Bools:
        """Say who is rolled back now."""
        del ratios
        self.sums = self.sums + np.stack(
            [new.canary_requests, new.canary_failures, new.stable_requests, new.stable_failures]
        )
        if now % 15.0 == 0.0:
            canary = self.sums[1] / np.maximum(self.sums[0], 1)
            stable = self.sums[3] / np.maximum(self.sums[2], 1)
            self.points = [*self.points, (canary, stable)][-self.POINTS :]
            self.sums = np.zeros_like(self.sums)
        if now % 60.0:
            return np.zeros(new.canary_requests.size, dtype=np.bool_)
        return self._high()

    def _high(self) -> Bools:
        canary = np.stack([point[0] for point in self.points])
        stable = np.stack([point[1] for point in self.points])
        n = canary.shape[0]
        differences = (canary[:, None] - stable[None]).reshape(n * n, -1)
        differences.sort(axis=0)
        middle = n * n / 2.0
        rank = max(0, math.floor(middle - self.Z * math.sqrt(n * n * (2 * n + 1) / 12.0)))
        lower, estimate = differences[rank], np.median(differences, axis=0)
        mean, usual = canary.mean(axis=0), stable.mean(axis=0)
        result: Bools = (lower > 0.25 * np.abs(estimate)) & (mean > usual)
        return result

    def advancing(self, now: float) -> Floats | float:
        """Steps are timed."""
        del now
        return STEP

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        self.sums = self.sums[:, mask]
        self.points = [(canary[mask], stable[mask]) for canary, stable in self.points]


class Textbook:
    """The plain e-process: which arm did each failure come from?"""

    def __init__(self, cell: Cell, size: int) -> None:
        told = rules(false_rollback=ALPHA, certainty=0.99, regression=0.01)
        self.wealth = Portfolio(told.prior, size)
        self.pace = 1.0 + np.array(told.rises)[:, None] / max(cell.baseline, 2e-4)

    def look(self, new: Counts, ratios: Ratios, now: float) -> Bools:
        """Say who is rolled back now."""
        del ratios, now
        both = new.canary_requests + new.stable_requests
        share = new.canary_requests / np.maximum(both, 1)
        failures = new.canary_failures + new.stable_failures
        gains = new.canary_failures * np.log(self.pace) - failures * np.log(
            1.0 + share * (self.pace - 1.0)
        )
        self.wealth.bet(gains, np.full(both.size, np.inf), failures > 0)
        result: Bools = self.wealth.log >= math.log(1.0 / ALPHA)
        return result

    def advancing(self, now: float) -> Floats | float:
        """Steps are timed."""
        del now
        return STEP

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        self.wealth.log, self.wealth.shares = self.wealth.log[mask], self.wealth.shares[:, mask]
