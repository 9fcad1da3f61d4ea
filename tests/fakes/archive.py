"""An archive that has what a test put in."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutd.core.deeds import Run
from rolloutd.core.plan import Key
from rolloutd.errors import RolloutdError


class FakeArchive:
    """Implements ``ports.Archive``.

    Attributes:
        kept: Runs by plan, newest first.
        failure: What comes instead of an answer.
    """

    def __init__(self) -> None:
        self.kept: dict[Key, Sequence[Run]] = {}
        self.failure: RolloutdError | None = None

    async def runs(self, key: Key) -> Sequence[Run]:
        """Return those of one plan."""
        if self.failure is not None:
            raise self.failure
        return self.kept.get(key, ())
