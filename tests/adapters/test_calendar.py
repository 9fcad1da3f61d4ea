"""Scheduled starts."""

from __future__ import annotations

from datetime import UTC, datetime

from rolloutd.adapters.calendar import CronCalendar
from rolloutd.core.plan import Key, StartCron

KEY = Key("default", "a")


async def test_what_is_scheduled_fires_at_its_time() -> None:
    """Monday is Monday: the library's own numbering is never used."""
    async with CronCalendar() as calendar:
        calendar.schedule(KEY, StartCron(cron="0 9 * * mon", timezone="UTC"), lambda: None)

        when = calendar.next_firing(KEY)
    assert when is not None
    moment = datetime.fromtimestamp(when, UTC)
    assert (moment.isoweekday(), moment.hour, moment.minute) == (1, 9, 0)


async def test_a_plan_that_goes_takes_its_start_with_it() -> None:
    """And cancelling what was never set is no error."""
    async with CronCalendar() as calendar:
        calendar.schedule(KEY, StartCron(cron="0 9 * * mon", timezone="UTC"), lambda: None)
        calendar.cancel(KEY)
        calendar.cancel(KEY)

        assert calendar.next_firing(KEY) is None


async def test_scheduling_again_replaces() -> None:
    """An edited plan has one start."""
    async with CronCalendar() as calendar:
        calendar.schedule(KEY, StartCron(cron="0 9 * * mon", timezone="UTC"), lambda: None)
        calendar.schedule(KEY, StartCron(cron="30 7 * * tue", timezone="UTC"), lambda: None)

        when = calendar.next_firing(KEY)
    assert when is not None
    assert datetime.fromtimestamp(when, UTC).isoweekday() == 2
