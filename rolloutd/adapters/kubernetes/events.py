"""Tells the cluster: Events on the VirtualService, as ``kubectl describe`` shows them.

Outside the control path, like every other channel: nothing waits for an Event. The same news
again within a while is counted on the Event that is there, as everyone else's controllers do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

import structlog

from rolloutd.adapters.kubernetes.event_text import Report, body, name_of, recount, reports
from rolloutd.adapters.kubernetes.paths import EVENT
from rolloutd.core.actions import Announce
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Instant, Seconds, elapsed
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable
from rolloutd.ports import Clock, KubeApi, KubeCache
from rolloutd.telemetry.metrics import Metrics

log = structlog.get_logger()

SINK = "events"
"""What metrics call this channel."""

FRESH = Seconds(600.0)
"""For how long the same news is counted on one Event, as client-go does it."""

SERIES_KEPT = 500

MOST_WAITING = 500
"""Reports that wait at most; the oldest is given up for a newer one."""

PATIENCE = Seconds(300.0)
"""For how long one is tried. An Event lives for an hour; late ones mislead."""

FIRST_PAUSE = Seconds(1.0)
LONGEST_PAUSE = Seconds(30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """An Event that is there.

    Attributes:
        last: When it was last counted.
    """

    name: str
    count: int
    last: Instant


class EventHerald:
    """Implements ``ports.Herald``; ``run`` has to run for anything to be written."""

    def __init__(
        self,
        api: KubeApi,
        cache: KubeCache,
        clock: Clock,
        metrics: Metrics,
        capacity: int = MOST_WAITING,
    ) -> None:
        self._api = api
        self._cache = cache
        self._clock = clock
        self._metrics = metrics
        self._capacity = capacity
        self._waiting: deque[Report] = deque()
        self._series: dict[tuple[str, str, str], _Series] = {}
        self._something = asyncio.Event()
        metrics.admit_sink(SINK)

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Take news for the cluster and return at once; never raises."""
        for report in reports(plan, record, words, self._clock.wall()):
            self._waiting.append(report)
            if len(self._waiting) > self._capacity:
                self._give_up(self._waiting.popleft(), "overflow", "too many wait")
        self._something.set()
        self._show()

    async def run(self) -> None:
        """Write what comes until cancelled, one at a time."""
        while True:
            while not self._waiting:
                self._something.clear()
                await self._something.wait()
            pause = FIRST_PAUSE
            while self._waiting and not await self._settled(self._waiting[0]):
                await self._clock.sleep(pause)
                pause = min(LONGEST_PAUSE, Seconds(pause * 2))

    async def drain(self, patience: Seconds) -> None:
        """Write what still waits, each once; give up after ``patience`` and say so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                for report in tuple(self._waiting):
                    await self._settled(report)
        while self._waiting:
            self._give_up(self._waiting.popleft(), "unsent", "the daemon stops")
        self._show()

    async def _settled(self, report: Report) -> bool:
        """Try to write one; say whether it need not be tried again."""
        try:
            outcome = await self._write(report)
        except (Unavailable, Conflict) as failure:
            if elapsed(report.at, self._clock.wall()) <= PATIENCE:
                return False
            self._forget(report)
            self._give_up(report, "expired", failure)
        except Refused as refusal:
            self._forget(report)
            self._give_up(report, "refused", refusal)
        else:
            self._forget(report)
            self._count(outcome)
        self._show()
        return True

    async def _write(self, report: Report) -> str:
        """Write or count one; return the outcome as metrics call it."""
        known = None if report.again else self._series.get(report.kind_of_news)
        if known is not None and elapsed(known.last, report.at) <= FRESH:
            with contextlib.suppress(Refused):  # it has expired, or somebody deleted it
                return await self._repeat(report, known)
        try:
            about = self._cache.get("VirtualService", report.namespace, report.virtual_service)
            await self._api.create(EVENT.collection(report.namespace), body(report, about))
        except Conflict:
            # Its name says what it is about: this process or another has told it already.
            return "duplicate"
        self._remember(report, _Series(name=name_of(report), count=1, last=report.at))
        return "sent"

    async def _repeat(self, report: Report, known: _Series) -> str:
        count = known.count + 1
        path = EVENT.item(report.namespace, known.name)
        await self._api.merge(path, recount(count, report.at))
        self._remember(report, _Series(name=known.name, count=count, last=report.at))
        return "sent"

    def _remember(self, report: Report, series: _Series) -> None:
        self._series.pop(report.kind_of_news, None)
        self._series[report.kind_of_news] = series
        if len(self._series) > SERIES_KEPT:
            del self._series[next(iter(self._series))]

    def _forget(self, report: Report) -> None:
        # While it was written it may have been given up for a newer one.
        with contextlib.suppress(ValueError):
            self._waiting.remove(report)

    def _give_up(self, report: Report, outcome: str, why: RolloutdError | str) -> None:
        self._count(outcome)
        log.warning(
            "event_lost",
            virtual_service=f"{report.namespace}/{report.virtual_service}",
            reason=report.reason,
            outcome=outcome,
            error=str(why),
        )

    def _count(self, outcome: str) -> None:
        self._metrics.notifications.labels(SINK, outcome).inc()

    def _show(self) -> None:
        self._metrics.notification_queue.labels(SINK).set(len(self._waiting))
