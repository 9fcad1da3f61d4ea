"""A scribe that keeps every deed."""

from __future__ import annotations

from rolloutd.core.deeds import Deed, Ended, Moved, Ordered, Run
from rolloutd.core.plan import Plan


class FakeScribe:
    """Implements ``ports.Scribe``."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    @property
    def moves(self) -> list[Moved]:
        """The accepted transitions."""
        return [deed for deed in self.deeds if isinstance(deed, Moved)]

    @property
    def orders(self) -> list[Ordered]:
        """The answered orders."""
        return [deed for deed in self.deeds if isinstance(deed, Ordered)]

    @property
    def runs(self) -> list[Run]:
        """The runs that ended."""
        return [deed.run for deed in self.deeds if isinstance(deed, Ended)]

    def note(self, plan: Plan, deed: Deed) -> None:
        """Keep it."""
        del plan
        self.deeds.append(deed)
