"""The network between one replica and the API server, to be cut in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

CHUNK = 65536


class Link:
    """Forwards TCP connections.

    Attributes:
        url: Where the API server seems to be.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 0)
        self._flows = asyncio.Event()
        self._flows.set()
        self._refuses = False
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""

    def go_silent(self) -> None:
        """Swallow all bytes: nobody is told that the other side is away."""
        self._flows.clear()

    def restart(self) -> None:
        """Break all connections and refuse new ones, as a server does that is restarted."""
        self._refuses = True
        for writer in self._open:
            writer.transport.abort()

    def heal(self) -> None:
        """Work again. What was swallowed stays lost with its connection."""
        silent = not self._flows.is_set()
        self._refuses = False
        self._flows.set()
        if silent:
            for writer in self._open:
                writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        if self._refuses:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(*self._target)
        self._open |= {writer, back}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, back), name="link to the server")
                group.create_task(self._carry(there, writer), name="link to the client")
        finally:
            self._open -= {writer, back}
            writer.close()
            back.close()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK):
                await self._flows.wait()
                sink.write(chunk)
                await sink.drain()
            sink.close()
        except ConnectionError:
            # Whichever side is gone, the other is to notice.
            sink.transport.abort()


@asynccontextmanager
async def link_to(target: str) -> AsyncIterator[Link]:
    """Forward connections to a base URL until the block is left."""
    link = Link(target)
    server = await asyncio.start_server(link.serve, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    link.url = f"http://127.0.0.1:{port}"
    try:
        yield link
    finally:
        server.close()
        link.restart()
