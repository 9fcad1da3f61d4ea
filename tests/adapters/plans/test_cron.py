"""Cron expressions: those that every library reads alike, and no others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from apscheduler.triggers.cron import CronTrigger
from pydantic_core import PydanticCustomError

from rolloutd.adapters.plans.cron import parse_cron, restricts_both_days


def said(value: object) -> str:
    with pytest.raises(PydanticCustomError) as refused:
        parse_cron(value)
    context = refused.value.context or {}
    return f"{context['code']}: {context['message']}; {context['remedy']}"


@pytest.mark.parametrize(
    "written",
    [
        "0 9 * * mon-fri",
        "*/15 8-18 * * *",
        "30 4 1,15 * *",
        "0 0 1 jan-jun *",
        "5,35 * * 2 sat,sun",
    ],
)
def test_what_is_allowed_is_what_the_scheduler_takes(written: str) -> None:
    """A plan that passes here must not fail in the daemon."""
    trigger = CronTrigger.from_crontab(parse_cron(written), timezone=UTC)

    assert trigger.get_next_fire_time(None, datetime(2026, 11, 22, tzinfo=UTC)) is not None


def test_a_named_weekday_fires_on_that_day() -> None:
    """By number it would not: the scheduler counts Monday as 0, cron counts it as 1."""
    trigger = CronTrigger.from_crontab(parse_cron("0 9 * * mon"), timezone=UTC)

    fired = trigger.get_next_fire_time(None, datetime(2026, 11, 22, tzinfo=UTC))

    assert fired is not None
    assert fired.strftime("%A") == "Monday"


@pytest.mark.parametrize("weekday", ["1", "0", "7", "1-5", "mon-5", "mon#1"])
def test_numbers_in_the_weekday_are_refused(weekday: str) -> None:
    """Libraries number weekdays three ways."""
    assert said(f"0 9 * * {weekday}").startswith("RD126: ")
    assert "by name" in said(f"0 9 * * {weekday}")


@pytest.mark.parametrize(
    "written",
    [
        "60 9 * * *",
        "0 24 * * *",
        "0 9 0 * *",
        "0 9 32 * *",
        "0 9 * 13 *",
        "0 9 * janu *",
        "0 9 * * fri-mon",
        "0 9 * * Mon",
        "0 18-9 * * *",
        "0 9 * jan-6 *",
        "*/0 9 * * *",
        "*/60 9 * * *",
        "1-10/2 9 * * *",
        "0 9 L * *",
        "0 9 ? * mon",
        "0,, 9 * * *",
    ],
)
def test_what_some_library_reads_otherwise_is_refused(written: str) -> None:
    """Out of range, wrapped, or in a dialect."""
    assert said(written).startswith("RD125: ")


@pytest.mark.parametrize("written", ["", "0 9 * *", "0 0 9 * * mon", "@daily", None, 5])
def test_five_fields_are_needed(written: object) -> None:
    """Six would mean seconds to some."""
    assert "is not a cron expression; write minute, hour," in said(written)


def test_blanks_between_fields_mean_nothing() -> None:
    """A column of plans may be aligned."""
    assert parse_cron(" 0  9 * *   mon ") == "0 9 * * mon"


@pytest.mark.parametrize(
    ("cron", "both"),
    [("0 9 1 * mon", True), ("0 9 * * mon", False), ("0 9 1 * *", False), ("0 9 * 6 *", False)],
)
def test_a_day_given_twice_is_noticed(cron: str, both: bool) -> None:  # noqa: FBT001 - a column
    """Cron fires when either matches, the scheduler when both do."""
    assert restricts_both_days(cron) is both
