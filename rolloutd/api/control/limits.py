"""How much one caller may ask for: token buckets, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from rolloutd.core.units import Instant, Seconds, elapsed
from rolloutd.ports import Clock

REMEMBERED = 4096
"""Callers whose buckets are kept. Who comes back after so many others has a full one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often something may happen.

    Attributes:
        burst: How often at once.
        per_second: How often for long.
    """

    burst: int
    per_second: float


ORDERS = Rate(burst=30, per_second=1.0)
"""Of one user: far above what a person does, far below what would starve others. Rollbacks
do not count."""

FAILED_LOGINS = Rate(burst=20, per_second=0.2)
"""Of one address. Several people can be behind it, and mistype."""


class Limit:
    """A bucket for each key, full at first."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, Instant]] = OrderedDict()

    def wait(self, key: str) -> Seconds:
        """Return how long it takes until there is something to take; 0 when there is."""
        return Seconds(max(0.0, (1.0 - self._level(key)) / self._rate.per_second))

    def take(self, key: str) -> Seconds:
        """Take one; where there is none, return how long that takes to change, else 0."""
        wait = self.wait(key)
        if wait == 0.0:
            self._levels[key] = (self._level(key) - 1.0, self._clock.now())
            self._levels.move_to_end(key)
            while len(self._levels) > REMEMBERED:
                self._levels.popitem(last=False)
        return wait

    def _level(self, key: str) -> float:
        held = self._levels.get(key)
        if held is None:
            return float(self._rate.burst)
        level, since = held
        gained = elapsed(since, self._clock.now()) * self._rate.per_second
        return min(float(self._rate.burst), level + gained)
