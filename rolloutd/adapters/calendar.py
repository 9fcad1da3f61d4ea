"""Scheduled starts, on APScheduler.

Only wake-ups come from here. Whether a rollout may move is decided each time anew, so a firing
that comes twice, late or never does no harm beyond its own delay.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from rolloutd.core.plan import Key, StartCron
from rolloutd.core.units import Instant


class CronCalendar:
    """Implements ``ports.Calendar``; runs between ``async with``'s enter and exit."""

    def __init__(self) -> None:
        # Defaults drop a job that is a second late; ours are never too late to be of use.
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    async def __aenter__(self) -> Self:
        """Start."""
        self._scheduler.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; nothing fires afterwards."""
        self._scheduler.shutdown(wait=False)

    def schedule(self, key: Key, start: StartCron, fire: Callable[[], None]) -> None:
        """Call ``fire`` at every firing from now on, in place of what was set for ``key``."""
        trigger = CronTrigger.from_crontab(start.cron, timezone=ZoneInfo(start.timezone))
        self._scheduler.add_job(fire, trigger, id=str(key), replace_existing=True)

    def cancel(self, key: Key) -> None:
        """Fire no more for ``key``."""
        if self._scheduler.get_job(str(key)) is not None:
            self._scheduler.remove_job(str(key))

    def next_firing(self, key: Key) -> Instant | None:
        """Return when ``key`` fires next; ``None`` when nothing is set."""
        job = self._scheduler.get_job(str(key))
        return None if job is None else Instant(job.next_run_time.timestamp())
