"""Wall clocks and calendars: when weights may rise, and whose cron has fired."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from rolloutd.core.plan import Key, Plan, StartCron
from rolloutd.core.state import Record
from rolloutd.core.units import Instant, Percent
from rolloutd.core.windows import is_open
from tests.simulation.timeline import VirtualClock
from tests.simulation.weather import Weather

PERIOD = 15.0
"""Seconds of a wall clock between two firings, whatever the plan's cron says."""

_SLACK = 0.002
"""Records are rounded to milliseconds."""


class Almanac:
    """Knows what each process's clock and calendar allow."""

    def __init__(self) -> None:
        self._clocks: dict[str, VirtualClock] = {}
        self._fired: set[str] = set()
        self._reached: dict[Instant, Percent] = {}

    def enter(self, who: str, clock: VirtualClock) -> None:
        """Take in a process that begins."""
        self._clocks[who] = clock

    def fired(self, who: str) -> None:
        """Note that a process's calendar woke it."""
        self._fired.add(who)

    def objection(self, who: str, plan: Plan, record: Record) -> str:
        """Say why a process may not have entered the record's step; empty if it may.

        A wall clock that was set meanwhile is believed in each of its settings. What raises no
        weight needs no window: who writes a record again, for its object was replaced, or a
        pause that the plan asks for, which keeps the moment of the last order.
        """
        run, reached = record.started, self._reached.get(record.started)
        self._reached[run] = max(record.weight, reached or Percent(0))
        is_rise = record.weight > (reached or Percent(0))
        if is_rise and not self._may_rise(who, plan, record.step_since):
            return f"{who} took step {record.step} outside the plan's windows"
        is_start = reached is None and run == record.step_since
        if is_start and isinstance(plan.start, StartCron) and who not in self._fired:
            return f"{who} began run {record.run} before its calendar had fired"
        return ""

    def _may_rise(self, who: str, plan: Plan, at: Instant) -> bool:
        clock = self._clocks.get(who)
        walls = [] if clock is None else [at + setting for setting in clock.settings]
        moments = [Instant(wall - slack) for wall in walls for slack in (0.0, _SLACK)]
        return not walls or any(is_open(plan.windows, moment) for moment in moments)


class SimulatedCalendar:
    """Implements ``ports.Calendar``: fires by the wall clock, now and then twice or not at all.

    Args:
        clock: Of the process, whose wall clock may be set.
        weather: Whether firings are lost.
        fired: Told of every firing.
    """

    def __init__(
        self, clock: VirtualClock, weather: Weather, fired: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._weather = weather
        self._fired = fired
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def schedule(self, key: Key, start: StartCron, fire: Callable[[], None]) -> None:
        """Fire at every quarter of a minute from now on."""
        del start
        self.cancel(key)
        self._set(key, fire)

    def cancel(self, key: Key) -> None:
        """Fire no more."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _set(self, key: Key, fire: Callable[[], None]) -> None:
        left = PERIOD - math.fmod(self._clock.wall(), PERIOD)
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(left, self._strike, key, fire)

    def _strike(self, key: Key, fire: Callable[[], None]) -> None:
        self._set(key, fire)
        times = 1 if self._weather.is_calm else self._weather.chance.choice((0, 1, 1, 2))
        for _ in range(times):
            self._fired()
            fire()
