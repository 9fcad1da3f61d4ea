"""Gets one answer from a stats endpoint, whatever that endpoint may do to us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from rolloutd.adapters.envoy.protobuf import ACCEPT, MEDIA_TYPE
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock

_HEADERS = {"Accept": f"{ACCEPT}, text/plain;version=0.0.4;q=0.5"}
_TEXT_TYPES = frozenset({"text/plain", "application/openmetrics-text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an endpoint may cost.

    Attributes:
        deadline: For the whole answer, connecting included; below any sampling interval.
        body: Most bytes of one answer. The full text of an Envoy with 2,000 clusters is 43 MB.
        memory: Most bytes of all answers that are held at one time: received or being so, and
            not released yet. What waits to be read takes room like what comes in.
    """

    deadline: Seconds = Seconds(2.0)
    body: int = 64 << 20
    memory: int = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an endpoint sent.

    Attributes:
        chunks: The body, as it came; joined where that may take a while, off the event loop.
        at: When the answer began: an Envoy takes its numbers then.
    """

    chunks: tuple[bytes, ...]
    is_protobuf: bool
    at: Instant

    @property
    def size(self) -> int:
        """Its bytes."""
        return sum(map(len, self.chunks))


class Fetcher:
    """Fetches within limits that all its fetches share."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, limits: Limits) -> None:
        self._session = session
        self._clock = clock
        self._limits = limits
        self._held = 0

    async def fetch(self, url: URL) -> Answer:
        """Return a whole answer, whose memory counts until it is released.

        Raises:
            Unavailable: None came in time, or it is no answer of a stats endpoint, or too big.
        """
        with _translated(self._limits.deadline):
            async with (
                asyncio.timeout(self._limits.deadline),
                self._session.get(url, headers=_HEADERS, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise Unavailable(f"answered HTTP {response.status}")
                at = self._clock.now()
                is_protobuf = _is_protobuf(response.content_type)
                chunks = await self._received(response.content)
        return Answer(chunks=chunks, is_protobuf=is_protobuf, at=at)

    def release(self, answer: Answer) -> None:
        """Take note that an answer is held no more."""
        self._held -= answer.size

    async def _received(self, content: aiohttp.StreamReader) -> tuple[bytes, ...]:
        chunks: list[bytes] = []
        size, is_whole = 0, False
        try:
            async for chunk in content.iter_any():
                chunks.append(chunk)
                size += len(chunk)
                self._held += len(chunk)
                if size > self._limits.body:
                    raise Unavailable(f"sent more than {self._limits.body >> 20} MiB")
                if self._held > self._limits.memory:
                    raise Unavailable(
                        f"was cut off: answers of over {self._limits.memory >> 20} MiB at once"
                    )
            is_whole = True
        finally:
            if not is_whole:
                self._held -= size
        return tuple(chunks)


def _is_protobuf(content_type: str) -> bool:
    if content_type == MEDIA_TYPE:
        return True
    if content_type in _TEXT_TYPES:
        return False
    raise Unavailable(f"answered with {content_type}, not with metrics")


@contextmanager
def _translated(deadline: Seconds) -> Iterator[None]:
    """Let no foreign exception past this line."""
    try:
        yield
    except TimeoutError as exc:
        raise Unavailable(f"did not finish an answer within {deadline:g} s") from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise Unavailable(f"could not be asked: {str(exc) or type(exc).__name__}") from exc
