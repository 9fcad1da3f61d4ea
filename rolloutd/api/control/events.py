"""Server-Sent Events: what changes, as it changes."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.problems import HEADERS, Handler, problem


def events(broadcast: Broadcast) -> Handler:
    """Serve a broadcast.

    Events are ``rollout`` (a ``Summary``), ``gone`` (a ``Gone``), ``word`` (a ``Word``),
    ``hello``, and ``reset``: some were missed that are not kept any more, so read the list
    again. ``Last-Event-ID`` gives what came after it.
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
        try:
            await stream.prepare(request)
            while (event := await listener.next()) is not None:
                await stream.write(event.frame)
        except ConnectionError:
            # Gone, or cut off for not reading: he comes back with the last id.
            return stream
        finally:
            broadcast.leave(listener)
        return stream

    return answer
