"""News for everyone who listens: numbered, kept for a while, and never waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from rolloutd.api.control.models import Gone, Summary, Word
from rolloutd.api.control.states import summary
from rolloutd.core.actions import Announce
from rolloutd.core.plan import Key, Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.engine.waiting import AT_ONCE
from rolloutd.ports import Clock

KEPT = 4096
"""Events that a listener who comes back can still be given."""

BUFFER = 4096
"""Events that wait for one listener before he is dropped: he can come back for them. More than
there are rollouts: all of them may have news in one second."""

LISTENERS = 500
"""Most at once. Each costs a socket and at most BUFFER references to shared bytes."""

GLANCE = Seconds(1.0)
"""Time between two looks at the views."""

BEATS = 15
"""Glances between two heartbeats: below the 30 s or 60 s after which proxies hang up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One piece of news, as sent.

    Attributes:
        number: Counted from 1 within the life of this process; a heartbeat has 0.
        namespace: Of the rollout it is about; empty when it is about none.
    """

    number: int
    frame: bytes
    namespace: str = ""


HEARTBEAT = Event(number=0, frame=b": heartbeat\n\n")


class Listener:
    """One who listens. A listener who does not keep up is cut off.

    Args:
        cut: Called once when that happens; it must end the connection without waiting.
    """

    def __init__(self, missed: Sequence[Event], cut: Callable[[], None]) -> None:
        self._waiting = list(missed)
        self._news = asyncio.Event()
        self._cut = cut
        self.ended = False

    async def next(self) -> Sequence[Event]:
        """Wait for news and return all there is: many at once cost one write, not many.

        Empty when there will be no more.
        """
        while not self._waiting and not self.ended:
            self._news.clear()
            await self._news.wait()
        waiting, self._waiting = self._waiting, []
        return waiting

    def offer(self, event: Event | None) -> None:
        """Leave news, or ``None`` for the end."""
        if self.ended:
            return
        if event is None:
            self.ended = True
        else:
            self._waiting.append(event)
        if len(self._waiting) > BUFFER:
            self.ended = True
            self._waiting.clear()
            self._cut()
        self._news.set()


class Broadcast:
    """Implements ``ports.Herald``, and follows the views.

    Attributes:
        epoch: Tells this process's numbers from those of the one before.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.epoch = f"{int(clock.wall() * 1000):x}"
        self._number = 0
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._listeners: set[Listener] = set()
        self._shown: dict[Key, tuple[View, Summary]] = {}

    @property
    def listening(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def run(self, views: Callable[[], Collection[View] | None]) -> None:
        """Compare the views each second and keep connections in use, until cancelled.

        Args:
            views: All there are; ``None`` while another replica has them: whoever listens
                here then hears no more, and has to ask there.
        """
        while True:
            for _ in range(BEATS):
                await self._clock.sleep(GLANCE)
                seen = views()
                if seen is None:
                    self._shown.clear()
                    self.close()
                else:
                    await self._compare(seen)
            self._send(HEARTBEAT)

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Pass on what people are told."""
        del record
        word = Word(
            namespace=plan.key.namespace,
            name=plan.key.name,
            what=words.what.value,
            text=words.text,
            actor=words.actor,
        )
        self.publish("word", word)

    def publish(self, kind: str, form: Summary | Word | Gone) -> None:
        """Number an event, keep it, and leave it with every listener."""
        self._number += 1
        ident = f"{self.epoch}-{self._number}"
        data = form.model_dump_json(by_alias=True)
        frame = f"id: {ident}\nevent: {kind}\ndata: {data}\n\n".encode()
        event = Event(number=self._number, frame=frame, namespace=form.namespace)
        self._kept.append(event)
        self._send(event)

    def join(self, last_id: str | None, cut: Callable[[], None]) -> Listener | None:
        """Let someone listen, from after ``last_id`` on; ``None`` when there are too many."""
        if len(self._listeners) >= LISTENERS:
            return None
        listener = Listener(self._missed(last_id), cut)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """Tell all listeners that this is the end."""
        for listener in self._listeners:
            listener.offer(None)

    def _send(self, event: Event) -> None:
        for listener in self._listeners:
            listener.offer(event)

    def _missed(self, last_id: str | None) -> Sequence[Event]:
        if last_id is None:
            return (self._mark("hello"),)
        epoch, _, digits = last_id.rpartition("-")
        if epoch != self.epoch or not (digits.isascii() and digits.isdigit()):
            return (self._mark("reset"),)
        last = int(digits[:20])
        oldest = self._kept[0].number if self._kept else 1
        if last > self._number or last + 1 < oldest:
            return (self._mark("reset"),)
        return [event for event in self._kept if event.number > last]

    def _mark(self, kind: str) -> Event:
        """Say from where on news is given: ``hello``, or ``reset`` where some was missed."""
        frame = f"retry: 2000\nid: {self.epoch}-{self._number}\nevent: {kind}\ndata: {{}}\n\n"
        return Event(number=self._number, frame=frame.encode())

    async def _compare(self, views: Collection[View]) -> None:
        now = {view.plan.key: view for view in views}
        for key in self._shown.keys() - now.keys():
            del self._shown[key]
            self.publish("gone", Gone(namespace=key.namespace, name=key.name))
        for key, view in now.items():
            before = self._shown.get(key)
            if before is not None and before[0] is view:
                continue
            form = summary(view)
            self._shown[key] = (view, form)
            if before is None or before[1] != form:
                self.publish("rollout", form)
                # Hundreds may have news: breaches and orders go in between.
                await self._clock.sleep(AT_ONCE)
