"""Cuts a stream of bytes into whole lines."""

from __future__ import annotations

from rolloutd.errors import Unavailable


class Lines:
    """Yields only lines that ended; what a broken connection left behind is never seen.

    Args:
        limit: Longest line in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._length = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes, return the non-empty lines that they complete.

        Raises:
            Unavailable: A line grew beyond the limit.
        """
        head, newline, rest = chunk.partition(b"\n")
        self._keep(head)
        if not newline:
            return []
        # Joined only here: joining at every chunk would copy a long line again and again.
        lines = [b"".join(self._parts)]
        self._parts, self._length = [], 0
        *whole, tail = rest.split(b"\n")
        self._keep(tail)
        return [line for line in (*lines, *whole) if line.strip()]

    def _keep(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > self._limit:
            raise Unavailable(f"a line of the watch is longer than {self._limit} bytes")
        self._parts.append(part)
