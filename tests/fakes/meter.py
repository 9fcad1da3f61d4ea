"""A meter that reads from a script."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from rolloutd.core.observation import Reading, Unread
from rolloutd.core.plan import Key
from rolloutd.core.target import Target


class FakeMeter:
    """Implements ``ports.Meter``.

    Args:
        script: One mapping per call of ``read``; the last one answers all later calls. A
            target that the mapping lacks is ``Unread``.

    Attributes:
        asked: The keys of every ``read``, in the order asked.
        forgotten: All keys given to ``forget``.
    """

    def __init__(self, script: Iterable[Mapping[Key, Reading | Unread]] = ()) -> None:
        self._script = list(script)
        self.asked: list[tuple[Key, ...]] = []
        self.forgotten: list[Key] = []

    def then(self, answers: Mapping[Key, Reading | Unread]) -> None:
        """Add one more call's answers to the script."""
        self._script.append(answers)

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Answer as the script says."""
        self.asked.append(tuple(target.key for target in targets))
        turn = min(len(self.asked), len(self._script))
        answers = self._script[turn - 1] if turn else {}
        unread = Unread(reason="The script has no answer for this target.")
        return {target.key: answers.get(target.key, unread) for target in targets}

    def forget(self, keys: Collection[Key]) -> None:
        """Note the request."""
        self.forgotten.extend(keys)
