"""Takes deeds to the audit file, outside the control path: a full disk changes no rollout."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

import rolloutd
from rolloutd.adapters.audit.chain import Head
from rolloutd.adapters.audit.entries import entry, moment
from rolloutd.adapters.audit.file import ChainFile
from rolloutd.core.deeds import Deed
from rolloutd.core.plan import Key, Plan
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock, Json
from rolloutd.telemetry.metrics import Metrics

log = structlog.get_logger()

CAPACITY = 10_000
"""Entries that wait at most for a disk: some 20 MB, and a day of a busy fleet."""

FIRST_PAUSE = Seconds(1.0)
LONGEST_PAUSE = Seconds(30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """A time in which nothing could be written.

    Attributes:
        lost: Entries for which there was no room meanwhile.
    """

    since: Instant
    reason: str
    attempts: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """A write under way.

    Attributes:
        count: Entries of it that wait until it is done.
        gap: The gap that it tells of.
    """

    future: asyncio.Future[Head]
    count: int
    gap: _Gap | None


class AuditTrail:
    """Implements ``ports.Scribe``; ``run`` has to run for anything to be written.

    Args:
        file: Where to.
        clock: For when.
        metrics: Where failures are counted.
        epoch: Gives the number of our leadership of a rollout, if there is a competition.
    """

    def __init__(
        self,
        file: ChainFile,
        clock: Clock,
        metrics: Metrics,
        epoch: Callable[[Key], int | None],
    ) -> None:
        self._file = file
        self._clock = clock
        self._metrics = metrics
        self._epoch = epoch
        self._waiting: deque[Json] = deque()
        self._something = asyncio.Event()
        self._under_way: _Writing | None = None
        self._gap: _Gap | None = None
        self._add({"kind": "started", "at": self._now(), "version": rolloutd.__version__})

    def note(self, plan: Plan, deed: Deed) -> None:
        """Take a deed to write down and return at once; never raises."""
        said = entry(plan, deed, self._epoch(plan.key))
        if said is not None:
            self._add(said)

    async def run(self) -> None:
        """Write what comes until cancelled."""
        while True:
            await self._something.wait()
            pause = FIRST_PAUSE
            while not await self._flushed():
                await self._clock.sleep(pause)
                pause = min(LONGEST_PAUSE, Seconds(pause * 2))

    async def drain(self, patience: Seconds) -> None:
        """Write what is left, once; give up after ``patience`` and say so."""
        self._add({"kind": "stopped", "at": self._now()})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                # What was under way when we were stopped comes first.
                while self._has_more() and await self._flushed():
                    pass
        if self._waiting:
            log.error("audit_lost", entries=len(self._waiting))
        if self._under_way is None:
            self._file.close()

    def _add(self, said: Json) -> None:
        if len(self._waiting) >= CAPACITY:
            gap = self._gap or self._begun("more came than could be written")
            self._gap = dataclasses.replace(gap, lost=gap.lost + 1)
            return
        self._waiting.append(said)
        self._something.set()

    async def _flushed(self) -> bool:
        """Write all that waits; say whether that went well."""
        if self._under_way is None:
            entries = [*self._waiting, *([] if self._gap is None else [self._said(self._gap)])]
            loop = asyncio.get_running_loop()
            self._under_way = _Writing(
                future=loop.run_in_executor(None, self._file.append, entries),
                count=len(self._waiting),
                gap=self._gap,
            )
        writing = self._under_way
        try:
            # A thread can't be stopped: whoever is cancelled here leaves it for ``drain``.
            head = await asyncio.shield(writing.future)
        except Unavailable as failure:
            self._under_way = None
            self._failed(failure)
            return False
        self._under_way = None
        for _ in range(writing.count):
            self._waiting.popleft()
        self._gap = self._rest_of(writing.gap)
        if not self._has_more():
            self._something.clear()
        # Kept elsewhere, this is what shows that the file's end was cut off.
        log.info("audit_written", entries=writing.count, seq=head.seq, hash=head.hash)
        return True

    def _failed(self, failure: Unavailable) -> None:
        self._metrics.audit_failures.inc()
        gap = self._gap or self._begun(str(failure))
        self._gap = gap = dataclasses.replace(gap, attempts=gap.attempts + 1)
        log.error("audit_failed", error=str(failure), waiting=len(self._waiting), lost=gap.lost)

    def _rest_of(self, told: _Gap | None) -> _Gap | None:
        """Return the gap that is still to be told: entries may have got lost meanwhile."""
        if self._gap is None or self._gap == told:
            return None
        known = 0 if told is None else told.lost
        return dataclasses.replace(self._gap, lost=self._gap.lost - known)

    def _has_more(self) -> bool:
        return bool(self._waiting) or self._gap is not None

    def _begun(self, why: str) -> _Gap:
        return _Gap(since=self._clock.now(), reason=why)

    def _said(self, gap: _Gap) -> Json:
        return {
            "kind": "gap",
            "at": self._now(),
            "since": moment(gap.since),
            "attempts": gap.attempts,
            "lost": gap.lost,
            "why": gap.reason,
        }

    def _now(self) -> str:
        return moment(self._clock.now())
