"""Which leaderships have written to VirtualServices."""

from __future__ import annotations

from collections.abc import Callable

from rolloutd.adapters.istio import annotations as ours
from rolloutd.ports import Json


class EpochsSeen:
    """Tells of every epoch that is found, so that the present leadership can exceed it.

    Args:
        tell: Called with each epoch.
    """

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell

    def changed(self, change: str, obj: Json) -> None:
        """Take a change of a VirtualService: an ``OnChange``."""
        del change
        epoch = ours.epoch(obj)
        if epoch is not None:
            self._tell(epoch)
