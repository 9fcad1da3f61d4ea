"""Listeners."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from rolloutd.core.units import Seconds
from rolloutd.errors import Refused

GRACE = Seconds(1.0)
"""How long requests under way have when the daemon stops."""

IDLE = Seconds(75.0)
"""Longest life of a connection between two requests, and of one whose first request trickles
in. Longer than the 60 s that proxies keep theirs, so that they are the ones to hang up."""


class WithoutWords(logging.Filter):
    """Takes from aiohttp's log what a malformed request said: it may be a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the entry; leave out the trace, which quotes the request."""
        if record.exc_info is not None and isinstance(record.exc_info[1], HttpProcessingError):
            record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
        return True


WITHOUT_WORDS = WithoutWords()


@contextmanager
def reserve(host: str, port: int) -> Iterator[socket.socket]:
    """Hold an address until the block is left; nobody is answered yet. Port 0 takes a free one.

    Raises:
        Refused: It is taken, not ours, or no address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        held = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Refused(f"can't listen on {host}: {error.strerror}") from None
    with contextlib.closing(held):
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind(address)
        except OSError as error:
            raise Refused(f"can't listen on {host} port {port}: {error.strerror}") from None
        yield held


def url_of(held: socket.socket, *, tls: bool = False) -> str:
    """Return the base URL of an address that is held."""
    bound, number = held.getsockname()[:2]
    shown = f"[{bound}]" if ":" in bound else bound
    return f"{'https' if tls else 'http'}://{shown}:{number}"


@asynccontextmanager
async def serve(
    app: web.Application,
    held: socket.socket,
    tls: ssl.SSLContext | None = None,
    idle: Seconds = IDLE,
) -> AsyncIterator[None]:
    """Serve at an address that is held, until the block is left."""
    logger = logging.getLogger("rolloutd.http")
    logger.addFilter(WITHOUT_WORDS)
    runner = web.AppRunner(
        app, access_log=None, logger=logger, shutdown_timeout=GRACE, keepalive_timeout=idle
    )
    await runner.setup()
    try:
        await web.SockSite(runner, held, ssl_context=tls).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listen(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve until the block is left; yield the base URL. Port 0 takes a free one."""
    with reserve(host, port) as held:
        async with serve(app, held):
            yield url_of(held)
