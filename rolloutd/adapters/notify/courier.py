"""Takes messages to a sink, outside the control path: a dead sink changes no rollout."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import structlog

from rolloutd.adapters.notify.links import Addresses
from rolloutd.adapters.notify.messages import NOWHERE, Message, is_news, message
from rolloutd.adapters.notify.outbox import Outbox
from rolloutd.adapters.notify.post import Delayed, Delivered, Receipt, Rejected
from rolloutd.adapters.notify.sink import Sink
from rolloutd.core.actions import Announce
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds, elapsed
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock
from rolloutd.telemetry.metrics import Metrics

log = structlog.get_logger()

PACE = Seconds(1.0)
"""Between two letters: Slack allows one a second to a channel."""

SHELF_LIFE = Seconds(900.0)
"""After this long an ordinary message is no news any more. A rollback stays one."""

FIRST_PAUSE = Seconds(1.0)
LONGEST_PAUSE = Seconds(60.0)
"""Between attempts, doubling. Without jitter: one daemon at a time talks to a sink."""

ARRIVAL = Seconds(1.0)
"""How long an attempt under way has when we are stopped: Slack answers in half of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a courier works with.

    Attributes:
        addresses: What messages link to.
    """

    clock: Clock
    metrics: Metrics
    addresses: Addresses = NOWHERE


class Courier:
    """Implements ``ports.Herald`` for one sink; ``run`` has to run for anything to arrive.

    Tells only of plans that name the sink under ``notify``.
    """

    def __init__(self, sink: Sink, desk: Desk, outbox: Outbox | None = None) -> None:
        self._sink = sink
        self._desk = desk
        self._outbox = outbox if outbox is not None else Outbox()
        self._mail = asyncio.Event()
        self._under_way = 0
        desk.metrics.admit_sink(sink.name)

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Take a message for delivery and return at once; never raises."""
        every = self._sink.tells_every_step
        if self._sink.name not in plan.notify or not is_news(
            plan, record, words.what, every_step=every
        ):
            return
        said = message(plan, record, words, self._desk.clock.now(), self._desk.addresses)
        if self._outbox.knows(said.occasion):
            self._count("duplicate")
            return
        if (lost := self._outbox.put(said)) is not None:
            self._count("overflow")
            log.warning("notification_lost", sink=self._sink.name, lost=str(lost.occasion))
        self._mail.set()
        self._show()

    async def run(self) -> None:
        """Deliver until cancelled, one at a time, in the order of telling."""
        while True:
            while not len(self._outbox):
                self._mail.clear()
                await self._mail.wait()
            await self._settle()
            await self._desk.clock.sleep(PACE)

    async def drain(self, patience: Seconds) -> None:
        """Deliver what still waits, rollbacks first; give up after ``patience`` and say so."""
        self._outbox.put_first(lambda said: said.is_rollback)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while len(self._outbox):
                    await self._settle()
        while len(self._outbox):
            self._count("unsent")
            log.error("notification_unsent", **self._about(self._outbox.take()))
        self._show()

    async def _settle(self) -> None:
        """Deliver the first in the queue; cancelled, let what is on its way arrive."""
        said = self._outbox.take()
        self._under_way = 1
        async with asyncio.TaskGroup() as group:
            delivery = group.create_task(self._deliver(said), name="delivery")
            delivery.add_done_callback(partial(self._settled, said))
            try:
                await asyncio.wait({delivery})
            except asyncio.CancelledError:
                await asyncio.wait({delivery}, timeout=ARRIVAL)
                raise

    def _settled(self, said: Message, delivery: asyncio.Task[str]) -> None:
        self._under_way = 0
        if delivery.cancelled():
            # It may have arrived, and may not: told twice is better than never.
            self._outbox.put_back(said)
        elif delivery.exception() is None:
            self._count(delivery.result())
        self._show()

    async def _deliver(self, said: Message) -> str:
        """Try until it is settled; return the outcome as metrics call it."""
        for attempt in itertools.count():
            if self._is_stale(said):
                log.warning("notification_expired", **self._about(said))
                return "expired"
            match await self._attempt(said):
                case Delivered():
                    return "sent"
                case Rejected(reason=reason):
                    log.error("notification_refused", reason=reason, **self._about(said))
                    return "refused"
                case Delayed(reason=reason, wait=asked):
                    wait = asked if asked is not None else _pause(attempt)
                    log.warning(
                        "notification_delayed", reason=reason, wait=wait, **self._about(said)
                    )
                    await self._desk.clock.sleep(wait)
                case never:
                    assert_never(never)
        raise AssertionError("counting has no end")

    async def _attempt(self, said: Message) -> Receipt:
        try:
            return await self._sink.send(said, self._desk.clock.wall())
        except Unavailable as error:
            return Delayed(str(error))

    def _is_stale(self, said: Message) -> bool:
        age = elapsed(said.at, self._desk.clock.now())
        return not said.is_rollback and age > SHELF_LIFE

    def _about(self, said: Message) -> dict[str, str]:
        return {"sink": self._sink.name, "occasion": str(said.occasion)}

    def _count(self, outcome: str) -> None:
        self._desk.metrics.notifications.labels(self._sink.name, outcome).inc()

    def _show(self) -> None:
        waiting = len(self._outbox) + self._under_way
        self._desk.metrics.notification_queue.labels(self._sink.name).set(waiting)


def _pause(attempt: int) -> Seconds:
    """Return how long to wait after a failed attempt, counted from 0."""
    doubled = FIRST_PAUSE * 2.0 ** min(attempt, 10)  # bounded, before it overflows
    return Seconds(min(doubled, LONGEST_PAUSE))
