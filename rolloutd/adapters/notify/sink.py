"""A channel that people can be told by."""

from __future__ import annotations

from typing import Protocol

from rolloutd.adapters.notify.messages import Message
from rolloutd.adapters.notify.post import Receipt
from rolloutd.core.units import Instant


class Sink(Protocol):
    """A channel that can be written to."""

    @property
    def name(self) -> str:
        """What plans call it, and the label of its metrics."""
        ...

    @property
    def tells_every_step(self) -> bool:
        """Whether steps can be told without flooding anyone."""
        ...

    async def send(self, message: Message, at: Instant) -> Receipt:
        """Try once to tell it.

        Args:
            message: What to say.
            at: Wall time of this attempt, for signatures.

        Raises:
            Unavailable: Its address or secret can't be read at present.
        """
        ...
