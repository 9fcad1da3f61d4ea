"""Sends watches: one JSON line for every event, until the time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson
from aiohttp import web

from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.history import Feed
from rolloutd.sandbox.kubernetes.queries import ListQuery
from rolloutd.sandbox.kubernetes.store import Store
from rolloutd.sandbox.kubernetes.watching import Watch, changes_for

BOOKMARK_EVERY = Seconds(5.0)
"""A real server takes a minute; who waits at a terminal for a sign of life need not."""

_LONGEST = Seconds(1800.0)
"""How long a watch lasts when the client does not say."""

_STATE_SENT: Json = {"k8s.io/initial-events-end": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A watch on its way to a client.

    Attributes:
        shape: Puts an object into the form that the client asked for.
    """

    store: Store
    watch: Watch
    query: ListQuery
    shape: Callable[[Json], Json]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Send everything that the client asked for; return when the time is over."""
        response = web.StreamResponse(
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
        )
        await response.prepare(request)
        try:
            with self.store.history.following() as feed:
                await self._send(request, response, feed)
            await response.write_eof()
        except ConnectionResetError:
            pass  # the client has gone, as clients do
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, feed: Feed
    ) -> None:
        try:
            opening = self._opening()
        except ApiFailure as failure:
            await response.write(_line("ERROR", failure.status()))
            return
        for line in opening:
            await response.write(line)
        await self._follow(request, response, feed)

    def _opening(self) -> list[bytes]:
        """Return what is sent at once: the state, or what was missed.

        Raises:
            ApiFailure: 410: what was missed is forgotten.
        """
        version = self.query.version
        if not version or self.query.starts_with_state:
            return list(self._state())
        missed = changes_for(self.watch, self.store.history.since(int(version)))
        return [self._line(event.type, event.obj) for event in missed]

    def _state(self) -> Iterator[bytes]:
        at = self.watch.at
        for obj in self.store.list(at.resource, at.namespace, self.watch.sees):
            yield self._line("ADDED", at.served(obj))
        if self.query.starts_with_state and self.query.wants_bookmarks:
            yield self._bookmark(annotations=_STATE_SENT)

    async def _follow(
        self, request: web.Request, response: web.StreamResponse, feed: Feed
    ) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + (self.query.timeout or _LONGEST)
        while (left := end - loop.time()) > 0 and _is_connected(request):
            try:
                async with asyncio.timeout(min(left, BOOKMARK_EVERY)):
                    change = await feed.get()
            except TimeoutError:
                if self.query.wants_bookmarks:
                    await response.write(self._bookmark())
                continue
            if change is None:
                return
            for event in changes_for(self.watch, [change]):
                await response.write(self._line(event.type, event.obj))

    def _bookmark(self, **metadata: object) -> bytes:
        endpoint = self.watch.at.endpoint
        version = str(self.store.version)
        obj: Json = {
            "kind": endpoint.resource.kind,
            "apiVersion": endpoint.served.api_version,
            "metadata": {"resourceVersion": version, "creationTimestamp": None, **metadata},
        }
        return self._line("BOOKMARK", obj)

    def _line(self, kind: str, obj: Json) -> bytes:
        return _line(kind, self.shape(obj))


def _line(kind: str, obj: Json) -> bytes:
    return orjson.dumps({"type": kind, "object": obj}) + b"\n"


def _is_connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
