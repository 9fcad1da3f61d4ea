"""The reflector against a server on loopback that does everything wrong."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from aiohttp import web

from rolloutd.adapters.kubernetes.api import LiveApi
from rolloutd.adapters.kubernetes.reflector import Reflector
from rolloutd.adapters.kubernetes.settings import ClientSettings, WatchSettings
from rolloutd.adapters.kubernetes.store import Store
from rolloutd.adapters.kubernetes.transport import Transport
from rolloutd.adapters.kubernetes.trim import whole_object
from rolloutd.core.units import Seconds
from tests.adapters.kubernetes.objects import SERVICES, SHOP, service
from tests.adapters.kubernetes.paces import fake_pace, seeded
from tests.integration.kubernetes.http_kube import HttpKube, status
from tests.integration.kubernetes.loop_clock import LoopClock
from tests.integration.kubernetes.test_api import Tokens

CLIENT = ClientSettings(deadline=Seconds(0.5), page_deadline=Seconds(0.5), body_limit=100_000)
WATCH = WatchSettings(
    idle=Seconds(0.3),
    list_deadline=Seconds(1.0),
    backoff_first=Seconds(0.02),
    backoff_limit=Seconds(0.2),
    settled=Seconds(0.2),
)
_HALF = b'{"type":"MODIFIED","object":{"metadata":{"na'
_ANSWERS: Mapping[str, Callable[[], web.Response]] = {
    "502": lambda: web.Response(status=502, text="<html>bad gateway</html>\n"),
    "empty": lambda: web.Response(text=""),
    "410": lambda: status(410, "too old resource version"),
    "429": lambda: status(429, "slow down", Retry_After="0"),
    "huge": lambda: web.Response(body=b"x" * 200_000),
}


class Misfortune:
    """A hook that spoils four requests of ten, each in one of the ways seen in the field."""

    def __init__(self, server: HttpKube, seed: int) -> None:
        self._server = server
        self._chance = seeded(seed)
        self.met: Counter[str] = Counter()
        self.active = True

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        """Spoil a request, or leave it to the server."""
        if not self.active or self._chance.random() > 0.4:
            return None
        way = self._chance.choice([*_ANSWERS, "reset", "stall", "half"])
        self.met[way] += 1
        if way in _ANSWERS:
            return _ANSWERS[way]()
        return await self._break_off(request, way)

    async def _break_off(self, request: web.Request, way: str) -> web.StreamResponse:
        response = web.StreamResponse()
        if way != "reset":
            await response.prepare(request)
            await response.write(_HALF if way == "half" else b"")
        if way == "stall":
            await LoopClock().sleep(Seconds(0.6))
        if request.transport is not None:
            request.transport.abort()
        return response


async def _disturb(server: HttpKube, writes: int) -> None:
    """Change objects, and cut all watches now and then."""
    chance = seeded(7)
    for turn in range(writes):
        path = f"{SHOP}/v{chance.randrange(30)}"
        if path in server.kube.objects and chance.random() < 0.2:
            server.kube.remove(path)
        else:
            server.kube.put(path, service(path.rsplit("/", 1)[1], weight=turn))
        if turn % 15 == 0:
            server.kube.cut_watches()
        await LoopClock().sleep(Seconds(0.005))


async def _endure(server: HttpKube, misfortune: Misfortune, clock: LoopClock) -> float:
    """Return how long it lasted until 25 requests were spoilt and all was well again."""
    started = clock.now()
    await _disturb(server, writes=400)
    while misfortune.met.total() < 25:
        server.kube.cut_watches()
        await clock.sleep(Seconds(0.05))
    misfortune.active = False
    await clock.sleep(Seconds(1.5))
    return clock.now() - started


async def test_it_converges_exactly_while_everything_fails() -> None:
    """The cache is all that decisions see: one lost event is a wrong decision for hours."""
    server, clock = HttpKube(), LoopClock()
    server.hook = misfortune = Misfortune(server, seed=3)
    pace = fake_pace(clock, seed=5)
    store = Store(whole_object, lambda _change, _obj: None)
    async with server.serving():
        transport = Transport(Tokens(server.url), CLIENT, clock)
        reflector = Reflector(LiveApi(transport, CLIENT, pace), SERVICES, store, pace, WATCH)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(reflector.run(), name="reflector")
            lasted = await _endure(server, misfortune, clock)
            task.cancel()
        await transport.close()

    truth = sorted(str(obj["metadata"]) for obj in server.kube.objects.values())
    assert sorted(str(obj["metadata"]) for obj in store.list("shop")) == truth
    assert len(server.seen) / lasted < 40, "a hot loop"
    assert len(misfortune.met) >= 6
