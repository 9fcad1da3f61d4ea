"""Server-Sent Events: what changes, as it changes."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import structlog
from aiohttp import web

from rolloutd.api.control.access import Access, Caller, Deed, Knock
from rolloutd.api.control.broadcast import HEARTBEAT, Broadcast, Event, Listener
from rolloutd.api.control.door import CALLER, KNOCK
from rolloutd.api.control.problems import HEADERS, Handler, problem
from rolloutd.errors import RolloutdError

log = structlog.get_logger()

PARCEL = 64 * 1024
"""Bytes that are sent at once, and so all that a listener who is slow keeps for himself."""


def events(broadcast: Broadcast, access: Access) -> Handler:
    """Serve a broadcast.

    Events are ``rollout`` (a ``Summary``), ``gone`` (a ``Gone``), ``word`` (a ``Word``),
    ``hello``, and ``reset``: some were missed that are not kept any more, so read the list
    again. ``Last-Event-ID`` gives what came after it. A caller whose token ends is hung up
    on at the next heartbeat.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        def cut() -> None:
            if request.transport is not None:
                request.transport.abort()

        listener = broadcast.join(request.headers.get("Last-Event-ID"), cut)
        if listener is None:
            detail = "There are too many listeners; try again later."
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-listeners", detail)
        headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        stream = web.StreamResponse(headers={**HEADERS, **headers})
        sight = Sight(access, request[KNOCK], request[CALLER])
        try:
            await stream.prepare(request)
            await _follow(listener, sight, stream)
        except ConnectionError:
            # Gone, or cut off for not reading: he comes back with the last id.
            return stream
        finally:
            broadcast.leave(listener)
        return stream

    return answer


async def _follow(listener: Listener, sight: Sight, stream: web.StreamResponse) -> None:
    while news := await listener.next():
        if news[-1] is HEARTBEAT and not await sight.is_open_still():
            return
        parcel = bytearray()
        for event in await sight.of(news):
            parcel += event.frame
            if len(parcel) >= PARCEL:
                await stream.write(parcel)
                parcel = bytearray()
        if parcel:
            await stream.write(parcel)


class Sight:
    """What one listener may see, asked anew at every heartbeat."""

    def __init__(self, access: Access, knock: Knock, caller: Caller) -> None:
        self._access = access
        self._knock = knock
        self._caller = caller
        self._known: dict[str, bool] = {}

    async def of(self, news: Sequence[Event]) -> Sequence[Event]:
        """Return what the listener may see; what can't be found out stays unseen."""
        places = {event.namespace for event in news}
        seen = {place for place in places if await self._includes(place)}
        return [event for event in news if event.namespace in seen]

    async def is_open_still(self) -> bool:
        """Say whether the listener is still who he was; while nobody can tell, he is."""
        try:
            caller = await self._access.identify(self._knock)
        except RolloutdError as error:
            log.warning("sight_unknown", user=self._caller.user, error=str(error))
            return True
        self._known.clear()
        return caller is not None and caller.user == self._caller.user

    async def _includes(self, namespace: str) -> bool:
        if not namespace:
            return True
        seen = self._known.get(namespace)
        if seen is None:
            try:
                seen = await self._may_see(namespace)
            except RolloutdError as error:
                log.warning("sight_unknown", user=self._caller.user, error=str(error))
                return False
            self._known[namespace] = seen
        return seen

    async def _may_see(self, namespace: str) -> bool:
        access, caller = self._access, self._caller
        return await access.allows(caller, Deed(want="get")) or await access.allows(
            caller, Deed(want="get", namespace=namespace)
        )
