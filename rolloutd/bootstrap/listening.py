"""Listeners."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from rolloutd.core.units import Seconds

GRACE = Seconds(1.0)
"""How long requests under way have when the daemon stops."""


@asynccontextmanager
async def listen(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve until the block is left; yield the base URL. Port 0 takes a free one."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound, number = runner.addresses[0][:2]
        shown = f"[{bound}]" if ":" in bound else bound
        yield f"http://{shown}:{number}"
    finally:
        await runner.cleanup()
