"""A memory of stable that a test fills."""

from __future__ import annotations

from collections.abc import Mapping

from rolloutd.core.observation import History
from rolloutd.core.plan import Key
from rolloutd.core.target import Target
from rolloutd.core.units import Instant


class FakeHindsight:
    """Implements ``ports.Hindsight``.

    Attributes:
        asked: For which rollout, and before when, in order.
    """

    def __init__(self, known: Mapping[Key, History]) -> None:
        self._known = known
        self.asked: list[tuple[Key, Instant]] = []

    async def history(self, target: Target, before: Instant) -> History | None:
        """Return what the test knows."""
        self.asked.append((target.key, before))
        return self._known.get(target.key)
