"""An HTTP endpoint on the loopback that answers as a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FakeEndpoint:
    """Serves ``body``, or whatever ``handler`` does, at any path.

    Attributes:
        url: Where it listens, without a trailing slash.
        requests: Every request so far, as method, path with query, and text of the body.
    """

    url: str = ""
    body: bytes = b""
    content_type: str = "text/plain"
    status: int = 200
    handler: Handler | None = None
    requests: list[tuple[str, str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.requests.append((request.method, str(request.rel_url), await request.text()))
        if self.handler is not None:
            return await self.handler(request)
        return web.Response(
            body=self.body, status=self.status, headers={"Content-Type": self.content_type}
        )


@asynccontextmanager
async def served(endpoint: FakeEndpoint) -> AsyncIterator[FakeEndpoint]:
    """Serve an endpoint on a port of the system's choice."""
    app = web.Application(client_max_size=16 << 20)
    app.router.add_route("*", "/{path:.*}", endpoint.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        endpoint.url = f"http://{host}:{port}"
        yield endpoint
    finally:
        await runner.cleanup()
