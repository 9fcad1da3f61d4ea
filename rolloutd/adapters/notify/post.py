"""Sends a letter once and says what that came to.

Nothing here quotes an exception, a URL or a whole answer: aiohttp names addresses in its
errors, and proxies repeat them in theirs. With Slack, the address is the secret.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TypeAlias

import aiohttp

from rolloutd.adapters.notify.letter import Letter
from rolloutd.core.units import Seconds

LONGEST_RETRY_AFTER = Seconds(900.0)
"""An answer can't silence us for longer than this."""

_FAULT_OF_THE_MESSAGE = frozenset({400, 413, 422})
"""Sent again it would be refused again. Every other failure is the address', or the server's:
that may be put right while we wait."""

_SLACK_WORD = re.compile(r"[a-z_]{2,40}")
"""``invalid_payload``, ``no_service``: nothing of this form can be a secret."""

_REASON_BYTES = 64

_ANSWER_BYTES = 256 << 10
"""Slack repeats the message in its answer, which is then ten times as long as we sent it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived.

    Attributes:
        answer: What came back, where that was asked for.
    """

    answer: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """It never will."""

    reason: str


@dataclass(frozen=True, slots=True)
class Delayed:
    """It may, later.

    Attributes:
        wait: How long the server asked us to wait, if it did.
    """

    reason: str
    wait: Seconds | None = None


Receipt: TypeAlias = Delivered | Rejected | Delayed


class Post:
    """Sends letters.

    Args:
        session: Not closed here.
        patience: For one attempt as a whole.
    """

    def __init__(
        self, session: aiohttp.ClientSession, patience: Seconds = Seconds(10.0)
    ) -> None:
        self._session = session
        self._patience = patience

    async def send(self, letter: Letter, *, reads: bool = False) -> Receipt:
        """Post once; trouble is a receipt, never raised.

        Args:
            letter: What to post.
            reads: The answer matters.
        """
        try:
            async with asyncio.timeout(self._patience):
                return await self._send(letter, reads=reads)
        except TimeoutError:
            return Delayed(f"no answer within {self._patience:g}s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: a secret with a line break in it makes no header and no URL.
            return Delayed(type(error).__name__)

    async def _send(self, letter: Letter, *, reads: bool) -> Receipt:
        async with self._session.post(
            letter.url,
            data=letter.body,
            headers=letter.headers,
            # A redirect would carry the message to someone whom nobody configured.
            allow_redirects=False,
        ) as response:
            if 200 <= response.status < 300:
                return Delivered(await _beginning(response) if reads else b"")
            word = (await response.content.read(_REASON_BYTES)).decode(errors="replace").strip()
            said = slack_word(word)
            reason = f"HTTP {response.status}{': ' if said else ''}{said}"
            if response.status in _FAULT_OF_THE_MESSAGE:
                return Rejected(reason)
            return Delayed(reason, _retry_after(response.headers.get("Retry-After", "")))


def slack_word(text: str) -> str:
    """Return an error's name if it is one; empty for anything that may hold a secret."""
    return text if _SLACK_WORD.fullmatch(text) else ""


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer up to a bound; what is cut off there is no JSON any more."""
    kept = bytearray()
    async for chunk in response.content.iter_any():
        kept += chunk
        if len(kept) >= _ANSWER_BYTES:
            break
    return bytes(kept[:_ANSWER_BYTES])


def _retry_after(header: str) -> Seconds | None:
    """Read the seconds; a date is left to our own backoff."""
    if not re.fullmatch(r"[0-9]{1,9}", header.strip()):
        return None
    return min(Seconds(float(header)), LONGEST_RETRY_AFTER)
