"""Sends a letter once and says what that came to.

Nothing here quotes an exception, a URL or a whole answer: aiohttp names addresses in its
errors, and proxies repeat them in theirs. With Slack, the address is the secret.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
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

_ANSWER_BYTES = 64


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived."""


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

    async def send(self, letter: Letter) -> Receipt:
        """Post once; trouble is a receipt, never raised."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._send(letter)
        except TimeoutError:
            return Delayed(f"no answer within {self._patience:g}s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: a secret with a line break in it makes no header and no URL.
            return Delayed(type(error).__name__)

    async def _send(self, letter: Letter) -> Receipt:
        async with self._session.post(
            letter.url,
            data=letter.body,
            headers=letter.headers,
            # A redirect would carry the message to someone whom nobody configured.
            allow_redirects=False,
        ) as response:
            if 200 <= response.status < 300:
                return Delivered()
            word = (await response.content.read(_ANSWER_BYTES)).decode(errors="replace").strip()
            said = f": {word}" if _SLACK_WORD.fullmatch(word) else ""
            reason = f"HTTP {response.status}{said}"
            if response.status in _FAULT_OF_THE_MESSAGE:
                return Rejected(reason)
            return Delayed(reason, _retry_after(response.headers.get("Retry-After", "")))


def _retry_after(header: str) -> Seconds | None:
    """Read the seconds; a date is left to our own backoff."""
    if not re.fullmatch(r"[0-9]{1,9}", header.strip()):
        return None
    return min(Seconds(float(header)), LONGEST_RETRY_AFTER)
