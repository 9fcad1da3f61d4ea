"""FakeKube behind HTTP on loopback, with a hook for answers that no API server gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import orjson
from aiohttp import web

from rolloutd.errors import Conflict, RolloutdError
from rolloutd.ports import Json
from tests.fakes.kube import FakeKube

Hook: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Answers a request itself, or returns ``None`` to let the server do it."""

_COLLECTIONS = ("virtualservices", "deployments", "pods", "leases")


class HttpKube:
    """An API server on an ephemeral port of 127.0.0.1.

    Attributes:
        kube: What it serves.
        hook: Asked first, at every request.
        seen: Every request that came.
    """

    def __init__(self) -> None:
        self.kube = FakeKube()
        self.hook: Hook = _no_hook
        self.seen: list[web.Request] = []
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve meanwhile."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield
        finally:
            self.kube.cut_watches()
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        hooked = await self.hook(request)
        if hooked is not None:
            return hooked
        try:
            return await self._serve(request)
        except Conflict as error:
            return status(410 if request.method == "GET" else 409, str(error))
        except RolloutdError as error:
            return status(404, str(error))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        is_collection = request.path.rsplit("/", 1)[1] in _COLLECTIONS
        if request.method == "GET" and not is_collection:
            found = await self.kube.get(request.path)
            return status(404, "not found") if found is None else _json(found)
        if request.method == "GET" and "watch" in request.query:
            return await self._stream(request)
        if request.method == "GET":
            return await self._list(request)
        return _json(await self._write(request))

    async def _write(self, request: web.Request) -> Json:
        body = orjson.loads(await request.read())
        match request.method, request.content_type:
            case "POST", _:
                return await self.kube.create(request.path, body)
            case "PUT", _:
                return await self.kube.replace(request.path, body)
            case _, "application/json-patch+json":
                return await self.kube.patch(request.path, body)
            case _:
                return await self.kube.merge(request.path, body)

    async def _list(self, request: web.Request) -> web.Response:
        """Answer in pages; the continue token is the next index."""
        objects, version = await self.kube.list(request.path)
        start = int(request.query.get("continue", "0"))
        end = start + int(request.query.get("limit", "500"))
        metadata: Json = {"resourceVersion": version}
        if end < len(objects):
            metadata["continue"] = str(end)
        page = objects[start:end]
        return _json({"kind": "ThingList", "metadata": metadata, "items": page or None})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        started = False
        async for change, obj in self.kube.watch(
            request.path, request.query["resourceVersion"]
        ):
            if not started:
                await response.prepare(request)
                started = True
            await response.write(orjson.dumps({"type": change, "object": obj}) + b"\n")
        if not started:
            await response.prepare(request)
        return response


def status(code: int, message: str, **headers: str) -> web.Response:
    """Return a Status, as API servers send it for failures."""
    body = {"kind": "Status", "code": code, "message": message, "status": "Failure"}
    return web.json_response(
        body, status=code, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def _json(body: object) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


async def _no_hook(_request: web.Request) -> web.StreamResponse | None:
    return None
