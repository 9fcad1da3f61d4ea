"""Promotion windows: a pure predicate, asked at every decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from rolloutd.core.plan import Window
from rolloutd.core.units import Instant


def is_open(windows: Sequence[Window], wall: Instant) -> bool:
    """Say whether weights may rise at this moment; no windows means always."""
    return not windows or any(_holds(window, wall) for window in windows)


def opens_at(windows: Sequence[Window], wall: Instant) -> Instant | None:
    """Return when the next window opens; ``None`` if one is open or none opens in 8 days."""
    if is_open(windows, wall):
        return None
    starts = (start for window in windows for start in _starts(window, wall) if start > wall)
    return min(starts, default=None)


def _starts(window: Window, wall: Instant) -> Iterator[Instant]:
    zone = ZoneInfo(window.timezone)
    today = datetime.fromtimestamp(wall, zone).date()
    hour, minute = divmod(window.start, 60)
    for days in range(9):
        day = today + timedelta(days=days)
        if day.isoweekday() in window.days:
            yield Instant(datetime.combine(day, time(hour, minute), zone).timestamp())


def _holds(window: Window, wall: Instant) -> bool:
    local = datetime.fromtimestamp(wall, ZoneInfo(window.timezone))
    minute = local.hour * 60 + local.minute
    today, yesterday = local.isoweekday(), (local - timedelta(days=1)).isoweekday()
    if window.start < window.end:
        return today in window.days and window.start <= minute < window.end
    # Past midnight the window belongs to the day it began on.
    evening = today in window.days and minute >= window.start
    return evening or (yesterday in window.days and minute < window.end)
