"""Whole rollouts under our gate: steps, holds, suspicion and the certificate, as decided."""

from __future__ import annotations

import numpy as np

from bench.gate.twin import Counts, Twin
from bench.gate.world import STEP, Bools, Cell, Floats, Ints, Outcome, World
from rolloutd.core.advance import LAST_SMALL_STEP
from rolloutd.core.gate.rules import rules
from rolloutd.core.machine import SUSPECT_CAP

HOLD = 60.0
"""Seconds of every step."""

LONGEST = 1200.0
"""Seconds of extra hold after which a person is asked."""


class Field:
    """Every rollout's place in the schedule.

    Args:
        cell: The setting.
        size: How many rollouts.
    """

    def __init__(self, cell: Cell, size: int) -> None:
        # Past the last weight there is only promotion.
        self.weights = np.array([*cell.weights, 100], dtype=np.float64)
        self.at = np.zeros(size, dtype=np.int64)
        self.since = np.zeros(size)
        self.suspect = np.zeros(size, dtype=np.bool_)
        self.number = np.arange(size)

    @property
    def weight(self) -> Floats:
        """Return the share ordered of each."""
        weight = self.weights[self.at]
        capped = np.minimum(weight, float(SUSPECT_CAP))
        result: Floats = np.where(self.suspect, capped, weight)
        return result

    def keep(self, mask: Bools) -> None:
        """Go on with some of the rollouts only."""
        self.at, self.since = self.at[mask], self.since[mask]
        self.suspect, self.number = self.suspect[mask], self.number[mask]

    def decide(self, twin: Twin, now: float) -> tuple[Bools, Bools, Bools]:
        """Order new weights; say who is rolled back, promoted, and asked about."""
        convicted, suspected = twin.accused()
        fine, certified = twin.cleared()
        blind = twin.canary_minute[0].sum == 0
        fine, certified = fine & ~suspected & ~blind, certified & ~blind
        newly = suspected & ~self.suspect & (self.weights[self.at] > SUSPECT_CAP)
        over = self.suspect & ~suspected & ~blind
        self.suspect = (self.suspect | newly) & ~over
        self.since = np.where(over, now, self.since)
        due = (now >= self.since + HOLD) & ~self.suspect & ~newly & ~over
        leaving = (self.weights[self.at] <= LAST_SMALL_STEP) & (
            self.weights[self.at + 1] > LAST_SMALL_STEP
        )
        free = fine & (certified | ~leaving)
        moving = due & free & ~convicted
        promoted = moving & (self.at == self.weights.size - 2)
        moving &= ~promoted
        self.at = np.where(moving, self.at + 1, self.at)
        self.since = np.where(moving, now, self.since)
        waited = now >= self.since + HOLD + LONGEST
        asked = due & ~free & ~blind & ~convicted & waited
        return convicted, promoted, asked


def ours(cell: Cell, rollouts: int, seed: int, false_rollback: float = 1e-3) -> Outcome:
    """Run every rollout of a cell to its end."""
    world = World(cell, rollouts, seed)
    told = rules(false_rollback=false_rollback, certainty=0.99, regression=0.01)
    twin, field = Twin(told, world.past, float(cell.interval)), Field(cell, rollouts)
    rolled_back, promoted = np.full(rollouts, np.inf), np.full(rollouts, np.inf)
    failed = np.zeros(rollouts, dtype=np.int64)
    now = 0.0
    while field.number.size:
        counts = _scrape(world, field.weight, cell.interval)
        now += cell.interval
        failed[field.number] += counts.canary_failures.astype(np.int64)
        twin.advance(counts)
        back, through, asked = field.decide(twin, now)
        rolled_back[field.number[back]] = now
        promoted[field.number[through]] = now
        going = ~(back | through | asked)
        if not going.all():
            for part in (world, twin, field):
                part.keep(going)
    return Outcome(rolled_back, promoted, failed)


def _scrape(world: World, weight: Floats, interval: int) -> Counts:
    """Draw the counts of one scrape."""
    total: list[Ints] = []
    for _ in range(round(interval / STEP)):
        drawn = world.counts(weight, world.ratios())
        total = [a + b for a, b in zip(total, drawn, strict=True)] if total else list(drawn)
    return Counts(*(column.astype(np.float64) for column in total))
