"""What was found out a moment ago, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from rolloutd.core.units import Instant, Seconds, after
from rolloutd.ports import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Answers that hold for a while; the ones used longest ago make room."""

    def __init__(self, clock: Clock, lifetime: Seconds, size: int) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._size = size
        self._held: OrderedDict[K, tuple[Instant, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return an answer that still holds."""
        held = self._held.get(key)
        if held is None or self._clock.now() >= held[0]:
            return None
        self._held.move_to_end(key)
        return held[1]

    def put(self, key: K, value: V) -> None:
        """Let an answer hold from now on."""
        self._held[key] = (after(self._clock.now(), self._lifetime), value)
        self._held.move_to_end(key)
        while len(self._held) > self._size:
            self._held.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget an answer."""
        self._held.pop(key, None)

    def has_had(self, key: K) -> bool:
        """Say whether there is an answer, though it may hold no longer."""
        return key in self._held
