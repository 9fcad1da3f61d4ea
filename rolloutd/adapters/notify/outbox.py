"""Messages that wait for delivery: bounded, each occasion once, rollbacks safe."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from rolloutd.adapters.notify.messages import Message, Occasion

CAPACITY = 200
"""Messages that wait at most. At one a second they are three minutes' delivery."""

MEMORY = 1000
"""Occasions remembered, so that what is told again is sent once."""


class Outbox:
    """A queue that gives up its oldest ordinary message for a newer one.

    Rollbacks are never given up: where nothing else waits, it grows beyond its bound for them.
    They are few, because a run has one at most.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: deque[Message] = deque()
        self._known: dict[Occasion, None] = {}  # in the order of their coming

    def __len__(self) -> int:
        return len(self._waiting)

    def knows(self, occasion: Occasion) -> bool:
        """Say whether a message of this occasion was put in before."""
        return occasion in self._known

    def put(self, message: Message) -> Message | None:
        """Take a message; return the one that was given up for it, which may be itself."""
        self._remember(message.occasion)
        self._waiting.append(message)
        if len(self._waiting) <= self._capacity:
            return None
        ordinary = next((each for each in self._waiting if not each.is_rollback), None)
        if ordinary is not None:
            self._waiting.remove(ordinary)
        return ordinary

    def take(self) -> Message:
        """Remove and return the oldest.

        Raises:
            IndexError: Nothing waits.
        """
        return self._waiting.popleft()

    def put_back(self, message: Message) -> None:
        """Return what was taken and could not be delivered to its place at the front."""
        self._waiting.appendleft(message)

    def put_first(self, is_urgent: Callable[[Message], bool]) -> None:
        """Move these to the front, in their order."""
        self._waiting = deque(sorted(self._waiting, key=lambda each: not is_urgent(each)))

    def _remember(self, occasion: Occasion) -> None:
        self._known[occasion] = None
        if len(self._known) > MEMORY:
            del self._known[next(iter(self._known))]
