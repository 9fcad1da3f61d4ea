"""A line to the daemon that can be cut, and put through to another one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Switchboard:
    """Passes connections on.

    Attributes:
        url: Where to call.
        target: Base URL of who is called; ``None`` hangs up at once.
    """

    def __init__(self, target: str) -> None:
        self.url = ""
        self.target: str | None = target
        self._requests: asyncio.Queue[str] = asyncio.Queue()
        self._lines: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Switchboard]:
        """Take calls while the block lasts."""
        server = await asyncio.start_server(self._put_through, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self
            self.cut()

    async def hears(self, path: str) -> str:
        """Wait for the next request for a path and return its head."""
        while True:
            head = await self._requests.get()
            if head.split()[1].startswith(path):
                return head

    def cut(self) -> None:
        """Drop all connections there are."""
        for line in self._lines:
            line.transport.abort()

    async def _put_through(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._lines.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if self.target is not None:
                await self._talk(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # A line that was cut.
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _talk(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        parts = urlsplit(self.target or "")
        there, away = await asyncio.open_connection(parts.hostname, parts.port)
        away.write(head)
        self._requests.put_nowait(head.decode())
        try:
            async with asyncio.TaskGroup() as group:
                back = group.create_task(_copy(there, writer))
                forth = group.create_task(_copy(reader, away))
                back.add_done_callback(lambda _: forth.cancel())
        finally:
            away.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
