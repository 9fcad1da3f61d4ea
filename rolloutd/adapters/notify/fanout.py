"""Several heralds as one."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutd.core.actions import Announce
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record
from rolloutd.ports import Herald


class Fanout:
    """Implements ``ports.Herald``: tells all of them, in their order.

    Args:
        heralds: Told of everything as it happens.
        messengers: Told likewise, and reminded of what an earlier process may have kept from
            people; they drop what they have delivered already.
    """

    def __init__(self, heralds: Sequence[Herald], messengers: Sequence[Herald] = ()) -> None:
        self._heralds = tuple(heralds)
        self._messengers = tuple(messengers)

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Tell every one whom it concerns."""
        told = self._messengers if words.again else (*self._heralds, *self._messengers)
        for herald in told:
            herald.tell(plan, record, words)
