"""Server-Sent Events: what changes, as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Protocol, TypeAlias

import aiohttp
import structlog
from aiohttp import web

from rolloutd.api.control.access import Access, Caller, Deed, Knock
from rolloutd.api.control.broadcast import GLANCE, HEARTBEAT, Broadcast, Event, Listener
from rolloutd.api.control.door import CALLER, KNOCK
from rolloutd.api.control.fleet import Chair, Fleet, relays, whereabouts
from rolloutd.api.control.mixer import Mixer
from rolloutd.api.control.problems import HEADERS, Handler, problem, unable
from rolloutd.api.control.relay import RELAYED
from rolloutd.errors import RolloutdError, Unavailable
from rolloutd.ports import Clock

log = structlog.get_logger()

PARCEL = 64 * 1024
"""Bytes that are sent at once, and so all that a listener who is slow keeps for himself."""

STREAMED = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
"""Headers of every stream; no proxy is to keep any of it back."""

Voice: TypeAlias = Callable[[], Awaitable[None]]
"""One of those who speak in a stream; when it ends, the stream does."""


class Sink(Protocol):
    """Where frames go."""

    async def write(self, data: bytes | bytearray, /) -> None:
        """Send some, once there is room."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What streams of events are made with.

    Attributes:
        fleet: Knows who else has some.
        clock: For looking whether that has changed.
    """

    broadcast: Broadcast
    access: Access
    fleet: Fleet
    clock: Clock


def events(studio: Studio) -> Handler:
    """Serve a broadcast, and with it those of all who drive other shards.

    Events are ``rollout`` (a ``Summary``), ``gone`` (a ``Gone``), ``word`` (a ``Word``),
    ``hello``, and ``reset``: some were missed that are not kept any more, so read the list
    again. ``Last-Event-ID`` gives what came after it. A caller whose token ends is hung up
    on at the next heartbeat, everybody when a shard changes hands.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        # Passed on, it was asked of all who lead: each speaks for itself.
        chairs = () if RELAYED in request.headers else studio.fleet.chairs
        where = whereabouts(chairs)
        if None in where:
            return unable("Of some shard nobody knows who leads it.", "not-leading")
        async with AsyncExitStack() as stack:
            try:
                # All of them before anything is sent: nothing may get lost in between.
                others = [
                    await stack.enter_async_context(relay.listen(request))
                    for relay in relays(chairs).values()
                ]
            except Unavailable as error:
                return unable(f"Not all events can be had: {error}.", "not-leading")
            until = partial(_moved, chairs, where, studio.clock)
            return await _served(request, studio, others, until)

    return answer


async def _served(
    request: web.Request,
    studio: Studio,
    others: Sequence[aiohttp.StreamReader],
    until: Voice,
) -> web.StreamResponse:
    """Send our own broadcast and other replicas' streams, until one of them ends."""

    def cut() -> None:
        if request.transport is not None:
            request.transport.abort()

    broadcast, last_id = studio.broadcast, request.headers.get("Last-Event-ID")
    has_own = not others or bool(studio.fleet.led())
    listener = broadcast.join(last_id, cut) if has_own else None
    if has_own and listener is None:
        detail = "There are too many listeners; try again later."
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-listeners", detail)
    stream = web.StreamResponse(headers={**HEADERS, **STREAMED})
    mixer = Mixer(stream, last_id or "")
    voices: list[Voice] = [partial(mixer.carry, each) for each in others]
    if others:
        voices.append(until)
    if listener is not None:
        sight = Sight(studio.access, request[KNOCK], request[CALLER])
        voices.append(partial(_follow, listener, sight, mixer if others else stream))
    try:
        await stream.prepare(request)
        await _until_one_ends(voices, cut)
    except ConnectionError:
        return stream
    finally:
        if listener is not None:
            broadcast.leave(listener)
    return stream


async def _until_one_ends(voices: Sequence[Voice], cut: Callable[[], None]) -> None:
    async def speak(voice: Voice) -> None:
        try:
            await voice()
        except (ConnectionError, TimeoutError, aiohttp.ClientError):
            # Gone, or cut off for not reading; or a replica is gone, and a clean end would
            # not tell that something may be missing. He comes back with the last id.
            cut()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(speak(voice), name="events") for voice in voices]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _moved(chairs: Sequence[Chair], where: Sequence[str | None], clock: Clock) -> None:
    """Return when a shard has changed hands."""
    while whereabouts(chairs) == where:
        await clock.sleep(GLANCE)


async def _follow(listener: Listener, sight: Sight, sink: Sink) -> None:
    while news := await listener.next():
        if news[-1] is HEARTBEAT and not await sight.is_open_still():
            return
        parcel = bytearray()
        for event in await sight.of(news):
            parcel += event.frame
            if len(parcel) >= PARCEL:
                await sink.write(parcel)
                parcel = bytearray()
        if parcel:
            await sink.write(parcel)


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
