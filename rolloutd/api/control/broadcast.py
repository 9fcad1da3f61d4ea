"""News for everyone who listens: numbered, kept for a while, and never waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from rolloutd.api.control.mixer import ids
from rolloutd.api.control.models import Gone, Word
from rolloutd.api.control.sheets import Sheets
from rolloutd.core.actions import Announce
from rolloutd.core.plan import Key, Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.engine.waiting import AT_ONCE
from rolloutd.ports import Clock

KEPT = 4096
"""Events that a listener who comes back can still be given; one who is further behind than that
is cut off. More than there are rollouts: all of them may have news in one second."""

LISTENERS = 500
"""Most at once. Each costs a socket; what waits for him is kept once for all."""

PARTY = 8
"""Listeners who are written to before others have their turn: some 100 us each."""

HANDFUL = 256
"""Changed views that are told of together: one write a listener; far fewer than are kept."""

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


class Log:
    """The newest events, numbered without a gap.

    Attributes:
        last: Number of the newest.
        beats: How many heartbeats there were.
    """

    def __init__(self) -> None:
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self.last = 0
        self.beats = 0

    def add(self, event: Event) -> None:
        """Add the next one."""
        self._kept.append(event)
        self.last = event.number

    def has_all_after(self, number: int) -> bool:
        """Say whether everything after an event is kept; false for one that never was."""
        return 0 <= self.last - number <= len(self._kept)

    def after(self, number: int) -> list[Event]:
        """Return what came after an event."""
        return [self._kept[place] for place in range(number - self.last, 0)]


class Listener:
    """One who listens. A listener who does not keep up is cut off.

    Args:
        log: Where news is kept.
        reached: Number of the event after which news begins.
        greeting: Comes before it.
        cut: Called once when he is too far behind; it must end the connection without waiting.
    """

    def __init__(
        self, log: Log, reached: int, greeting: Sequence[Event], cut: Callable[[], None]
    ) -> None:
        self._log = log
        self._reached = reached
        self._greeting = greeting
        self._beats = log.beats
        self._rung = asyncio.Event()
        self._cut = cut
        self._ended = False

    async def next(self) -> Sequence[Event]:
        """Wait for news and return all there is: many at once cost one write, not many.

        A heartbeat comes last. Empty when there will be no more.
        """
        while not (news := self._take()) and not self._ended:
            self._rung.clear()
            await self._rung.wait()
        return news

    def ring(self) -> None:
        """Let him look for news, unless some of it is lost to him."""
        if not self._ended and not self._log.has_all_after(self._reached):
            self._ended = True
            self._cut()
        self._rung.set()

    def end(self) -> None:
        """Tell him that this is the end."""
        if not self._ended:
            self._greeting, self._ended = self._take(), True
        self._rung.set()

    def _take(self) -> Sequence[Event]:
        news, self._greeting = [*self._greeting], ()
        if self._ended or not self._log.has_all_after(self._reached):
            return news
        news += self._log.after(self._reached)
        self._reached = self._log.last
        if self._beats != self._log.beats:
            self._beats = self._log.beats
            news.append(HEARTBEAT)
        return news


class Broadcast:
    """Implements ``ports.Herald``, and follows the views.

    Args:
        clock: For the rhythm, and for when this process began.
        tag: Hexadecimal digits that tell it from others that began at the same moment.

    Attributes:
        epoch: Tells this process's numbers from those of the one before.
        sheets: What each view comes to; the list shows the same.
    """

    def __init__(self, clock: Clock, tag: str = "") -> None:
        self._clock = clock
        self.epoch = f"{int(clock.wall() * 1000):x}{tag}"
        self.sheets = Sheets()
        self._log = Log()
        self._news = asyncio.Event()
        self._listeners: set[Listener] = set()
        self._shown: dict[Key, bytes] = {}

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
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ring(), name="ring")
            while True:
                for _ in range(BEATS):
                    await self._clock.sleep(GLANCE)
                    await self._glance(views())
                self._log.beats += 1
                self._news.set()

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

    def publish(self, kind: str, form: Word | Gone) -> None:
        """Number an event, keep it, and let every listener know."""
        data = form.model_dump_json(by_alias=True).encode()
        self._keep(kind, form.namespace, data)
        self._news.set()

    def join(self, last_id: str | None, cut: Callable[[], None]) -> Listener | None:
        """Let someone listen, from after ``last_id`` on; ``None`` when there are too many."""
        if len(self._listeners) >= LISTENERS:
            return None
        reached, greeting = self._reached(last_id), list[Event]()
        if reached is None:
            greeting.append(self._mark("hello" if last_id is None else "reset"))
            reached = self._log.last
        listener = Listener(self._log, reached, greeting, cut)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """Tell all listeners that this is the end."""
        for listener in self._listeners:
            listener.end()

    async def _ring(self) -> None:
        """Let listeners know of news, few at a time: breaches and orders go in between.

        What comes meanwhile goes out with the next round, so that no storm of events becomes
        a storm of writes.
        """
        while True:
            await self._news.wait()
            self._news.clear()
            for place, listener in enumerate(tuple(self._listeners)):
                if place and place % PARTY == 0:
                    await self._clock.sleep(AT_ONCE)
                listener.ring()

    def _keep(self, kind: str, namespace: str, data: bytes) -> None:
        number = self._log.last + 1
        head = f"id: {self.epoch}-{number}\nevent: {kind}\ndata: ".encode()
        self._log.add(Event(number=number, frame=head + data + b"\n\n", namespace=namespace))

    def _reached(self, last_id: str | None) -> int | None:
        """Return the number of an event after which everything is kept, otherwise ``None``."""
        digits = ids(last_id or "").get(self.epoch, "")
        if not (digits.isascii() and digits.isdigit()):
            return None
        last = int(digits[:20])
        return last if self._log.has_all_after(last) else None

    def _mark(self, kind: str) -> Event:
        """Say from where on news is given: ``hello``, or ``reset`` where some was missed."""
        last = self._log.last
        frame = f"retry: 2000\nid: {self.epoch}-{last}\nevent: {kind}\ndata: {{}}\n\n"
        return Event(number=last, frame=frame.encode())

    async def _glance(self, views: Collection[View] | None) -> None:
        if views is None:
            self._shown.clear()
            self.sheets.keep(())
            self.close()
            return
        now = {view.plan.key: view for view in views}
        for key in self._shown.keys() - now.keys():
            del self._shown[key]
            self.publish("gone", Gone(namespace=key.namespace, name=key.name))
        self.sheets.keep(now)
        before = self._log.last
        for key, view in now.items():
            if self._shown.get(key) == (sheet := self.sheets.of(view)):
                continue
            self._shown[key] = sheet
            self._keep("rollout", key.namespace, sheet)
            if (self._log.last - before) % HANDFUL == 0:
                self._news.set()
            # Hundreds may have news: breaches and orders go in between.
            await self._clock.sleep(AT_ONCE)
        if self._log.last > before:
            self._news.set()
