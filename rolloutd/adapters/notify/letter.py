"""A request that is ready to be sent, and the secrets that go into it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rolloutd.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A POST. Its ``repr`` leaves out address and headers: with Slack, knowing is owning."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes


class SecretFile:
    """A secret in a mounted file, read whenever it is needed.

    Letters leave once a second at most, so reading anew is the simplest way to notice that a
    Secret was rotated, and nothing holds the old value.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> str:
        """Return the content without surrounding white space.

        Raises:
            Unavailable: It can't be read, or is empty; the message names the file alone.
        """
        try:
            # On a thread: a mounted volume may hang, the event loop may not.
            content = await asyncio.to_thread(self._path.read_text, encoding="utf-8")
        except (OSError, UnicodeError) as error:
            reason = type(error).__name__  # a UnicodeError's own text quotes what it read
            raise Unavailable(f"{self._path} can't be read: {reason}") from None
        if not content.strip():
            raise Unavailable(f"{self._path} is empty")
        return content.strip()
