"""What happened, a line an event, for people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable


class Trace:
    """Keeps lines, where wanted; sums them all up in a digest, where wanted."""

    def __init__(self, now: Callable[[], float], *, is_kept: bool) -> None:
        self.lines: list[str] = []
        self._now = now
        self._is_kept = is_kept

    def say(self, who: str, what: object) -> None:
        """Note an event; it is put into words only where they are kept."""
        if self._is_kept:
            self.lines.append(f"{self._now():9.3f}  {who:<9} {what}")

    def digest(self) -> str:
        """Return a hash of the whole story: equal seeds must have equal ones."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]
