"""The far end of ``kubectl port-forward``: SPDY/3.1 within a WebSocket.

Of each connection kubectl opens two streams: first the one for errors, then the one for data.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

PROTOCOL = "SPDY/3.1+portforward.k8s.io"
SYN_STREAM, SYN_REPLY, PING = 1, 2, 6
FIN = 0x01
CONTROL = 0x8003


class Tunnel:
    """Carries streams to one address.

    Attributes:
        opened: How many connections there have been.
        closed: Set when a kubectl has gone.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self.opened = 0
        self.closed = asyncio.Event()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one ``kubectl port-forward`` until it ends."""
        socket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await socket.prepare(request)
        async with asyncio.TaskGroup() as group:
            end = End(socket, self, group)
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    await end.receive(message.data)
            end.close()
        self.closed.set()
        return socket

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection to what is forwarded to."""
        self.opened += 1
        return await asyncio.open_connection(self._target.hostname, self._target.port)


class End:
    """One SPDY session."""

    def __init__(
        self, socket: web.WebSocketResponse, tunnel: Tunnel, group: asyncio.TaskGroup
    ) -> None:
        self._socket = socket
        self._tunnel = tunnel
        self._group = group
        self._bytes = b""
        self._errors: list[int] = []
        self._lines: dict[int, asyncio.StreamWriter] = {}
        # One for all headers of the session; ours are always empty.
        self._squeeze = zlib.compressobj()

    async def receive(self, data: bytes) -> None:
        """Take bytes, which need not be whole frames."""
        self._bytes += data
        while len(self._bytes) >= 8:
            first, rest = struct.unpack("!II", self._bytes[:8])
            size = 8 + (rest & 0xFFFFFF)
            if len(self._bytes) < size:
                return
            body, self._bytes = self._bytes[8:size], self._bytes[size:]
            if first >> 16 == CONTROL:
                await self._control(first & 0xFFFF, body)
            else:
                self._data(first, body, is_last=bool(rest >> 24 & FIN))

    def close(self) -> None:
        """Drop all connections."""
        for line in self._lines.values():
            line.transport.abort()

    async def _control(self, kind: int, body: bytes) -> None:
        if kind == PING:
            await self._send(struct.pack("!HHI", CONTROL, PING, len(body)) + body)
        elif kind == SYN_STREAM:
            stream = int.from_bytes(body[:4], "big")
            empty = self._squeeze.compress(bytes(4)) + self._squeeze.flush(zlib.Z_SYNC_FLUSH)
            reply = struct.pack("!I", stream) + empty
            await self._send(struct.pack("!HHI", CONTROL, SYN_REPLY, len(reply)) + reply)
            if len(self._errors) == len(self._lines):
                self._errors.append(stream)
            else:
                reader, self._lines[stream] = await self._tunnel.connect()
                back = self._back(stream, self._errors[-1], reader)
                self._group.create_task(back, name=f"stream {stream}")

    def _data(self, stream: int, body: bytes, *, is_last: bool) -> None:
        line = self._lines.get(stream)
        if line is not None and not line.is_closing():
            line.write(body)
            if is_last:
                line.write_eof()

    async def _back(self, stream: int, errors: int, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(4096):
            await self._send(struct.pack("!II", stream, len(data)) + data)
        for ended in (stream, errors):
            await self._send(struct.pack("!II", ended, FIN << 24))

    async def _send(self, frame: bytes) -> None:
        if not self._socket.closed:
            await self._socket.send_bytes(frame)
