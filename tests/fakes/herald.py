"""A herald that keeps every word."""

from __future__ import annotations

from rolloutd.core.actions import Announce, Happening
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record


class FakeHerald:
    """Implements ``ports.Herald``."""

    def __init__(self) -> None:
        self.said: list[Announce] = []

    @property
    def happenings(self) -> list[Happening]:
        """What was said, without the words."""
        return [words.what for words in self.said]

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Keep it."""
        del plan, record
        self.said.append(words)
