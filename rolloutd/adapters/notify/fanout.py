"""Several heralds as one."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutd.core.actions import Announce
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record
from rolloutd.ports import Herald


class Fanout:
    """Implements ``ports.Herald``: tells all of them, in their order."""

    def __init__(self, heralds: Sequence[Herald]) -> None:
        self._heralds = tuple(heralds)

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Tell every one."""
        for herald in self._heralds:
            herald.tell(plan, record, words)
