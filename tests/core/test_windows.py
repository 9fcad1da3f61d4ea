"""When weights may rise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rolloutd.core.plan import Window
from rolloutd.core.units import Instant
from rolloutd.core.windows import is_open, opens_at


def wall(text: str) -> Instant:
    return Instant(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def window(days: str, start: int, end: int, timezone: str = "UTC") -> Window:
    return Window(
        days=frozenset(int(day) for day in days),
        start=start * 60,
        end=end * 60,
        timezone=timezone,
    )


OFFICE = window("12345", 9, 17)
NIGHT = window("5", 22, 2)


def test_no_windows_means_always() -> None:
    """The common case."""
    assert is_open((), wall("2026-11-22T03:00"))


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-23T08:59", False),
        ("2026-11-23T09:00", True),
        ("2026-11-23T16:59", True),
        ("2026-11-23T17:00", False),
        ("2026-11-22T12:00", False),
    ],
    ids=["before", "first minute", "last minute", "after", "sunday"],
)
def test_a_window_has_its_first_minute_and_not_its_last(moment: str, open_: bool) -> None:  # noqa: FBT001 - the expectation
    """09:00 to 17:00 is eight hours."""
    assert is_open((OFFICE,), wall(moment)) is open_


def test_a_window_past_midnight_belongs_to_the_day_it_began_on() -> None:
    """Friday night reaches into Saturday, and not into Friday morning."""
    assert is_open((NIGHT,), wall("2026-11-27T23:00"))
    assert is_open((NIGHT,), wall("2026-11-28T01:59"))
    assert not is_open((NIGHT,), wall("2026-11-27T01:00"))
    assert not is_open((NIGHT,), wall("2026-11-28T02:00"))


def test_a_window_follows_its_own_clock_through_summer_time() -> None:
    """09:00 in Berlin is 08:00 UTC in winter and 07:00 in summer."""
    berlin = window("12345", 9, 17, "Europe/Berlin")

    assert is_open((berlin,), wall("2026-11-23T08:00"))
    assert not is_open((berlin,), wall("2026-11-23T07:30"))
    assert is_open((berlin,), wall("2026-07-06T07:00"))


def test_the_next_opening_is_found() -> None:
    """Saturday noon waits for Monday morning."""
    assert opens_at((OFFICE,), wall("2026-11-21T12:00")) == wall("2026-11-23T09:00")


def test_the_earliest_of_several_openings_counts() -> None:
    """Windows add up."""
    assert opens_at((OFFICE, NIGHT), wall("2026-11-27T18:00")) == wall("2026-11-27T22:00")


def test_an_open_window_opens_no_more() -> None:
    """There is nothing to wait for."""
    assert opens_at((OFFICE,), wall("2026-11-23T10:00")) is None
