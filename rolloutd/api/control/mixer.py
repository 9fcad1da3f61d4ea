"""Several replicas' events as one stream."""

from __future__ import annotations

import asyncio
import re

import aiohttp
from aiohttp import web

from rolloutd.api.control.relay import STALLED

LONGEST_FRAME = 1024 * 1024
"""Bytes of one event of another replica. A rollout's summary takes some thousand."""

MOST_SOURCES = 64
"""Processes whose numbers an id holds: as many as there are shards at most."""

_ID = re.compile(rb"^id: ([0-9a-f]+)-([0-9]+)$", re.MULTILINE)

_BETWEEN = "."
"""Between the ids of several processes, in one."""


def ids(last_id: str) -> dict[str, str]:
    """Return the number of the last event of each process, by the process's epoch."""
    parts = (part.rpartition("-") for part in last_id.split(_BETWEEN)[-MOST_SOURCES:])
    return {epoch: number for epoch, _, number in parts if epoch}


class Mixer:
    """Writes whole frames of several sources, under ids that say how far each of them was.

    Whoever comes back with such an id can go on with every source that is still there, at
    whichever replica.

    Args:
        stream: Where to.
        last_id: How far the listener was before.
    """

    def __init__(self, stream: web.StreamResponse, last_id: str) -> None:
        self._stream = stream
        self._reached = ids(last_id)
        self._turn = asyncio.Lock()

    async def write(self, frames: bytes | bytearray) -> None:
        """Write frames of any sources; each source's in their order.

        Raises:
            TimeoutError: The listener does not take them.
            ConnectionError: The listener is gone.
        """
        async with self._turn:
            said = _ID.sub(self._renumbered, frames)
            async with asyncio.timeout(STALLED):
                await self._stream.write(said)

    async def carry(self, content: aiohttp.StreamReader) -> None:
        """Write what comes from another replica, until it ends.

        Raises:
            aiohttp.ClientError: It broke off, or sends no frames.
            TimeoutError: It, or the listener, does nothing any more.
            ConnectionError: The listener is gone.
        """
        rest = b""
        async for chunk in content.iter_any():
            frames, end, rest = (rest + chunk).rpartition(b"\n\n")
            if end:
                await self.write(frames + end)
            if len(rest) > LONGEST_FRAME:
                raise aiohttp.ClientPayloadError(f"a frame of more than {LONGEST_FRAME} bytes")

    def _renumbered(self, found: re.Match[bytes]) -> bytes:
        epoch, number = found[1].decode(), found[2].decode()
        self._reached[epoch] = number
        return f"id: {_BETWEEN.join(f'{e}-{n}' for e, n in self._reached.items())}".encode()
