"""Runs that lie about, as a test says."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rolloutd.core.plan import Plan
from rolloutd.core.stray import Stray


class FakeEstate:
    """Implements ``ports.Estate``: whatever is put in is a stray, whoever asks."""

    def __init__(self, *strays: Stray) -> None:
        self.held = list(strays)

    def strays(self, plans: Collection[Plan]) -> Sequence[Stray]:
        """Return what is held."""
        del plans
        return tuple(self.held)
