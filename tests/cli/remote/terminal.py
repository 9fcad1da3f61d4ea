"""The command line, called as people call it, and servers for it to call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from click.testing import CliRunner, Result

from rolloutd.cli import main

PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

HERE = ("ROLLOUTD_SERVER", "ROLLOUTD_TOKEN_FILE", "ROLLOUTD_NAMESPACE", *PROXIES)
"""Variables of the environment: nothing of the person's who runs the tests."""


async def run(
    url: str, *arguments: str, typed: str | None = None, **environment: str
) -> Result:
    """Run a command against a server, beside the event loop that serves it."""
    env = dict.fromkeys(HERE) | {"ROLLOUTD_SERVER": url, **environment}

    def invoke() -> Result:
        return CliRunner().invoke(main, arguments, env=env, input=typed, prog_name="rolloutd")

    return await asyncio.to_thread(invoke)


@asynccontextmanager
async def saying(*answers: bytes, keys: list[str] | None = None) -> AsyncIterator[str]:
    """Serve these bytes, one connection each, the last again and again; yield the URL.

    The ``Idempotency-Key`` of each request is kept in ``keys``.
    """
    waiting = list(answers)
    kept = [] if keys is None else keys

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        kept.extend(
            line.partition(" ")[2]
            for line in head.splitlines()
            if line.startswith("Idempotency-Key")
        )
        writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"


def http(body: bytes, *, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return an answer with its head."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
