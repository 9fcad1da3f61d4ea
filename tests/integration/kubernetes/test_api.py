"""The live client against a server on loopback, well-behaved and not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from rolloutd import __version__
from rolloutd.adapters.kubernetes.api import LiveApi
from rolloutd.adapters.kubernetes.credentials import Access
from rolloutd.adapters.kubernetes.errors import Throttled
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.adapters.kubernetes.transport import Transport
from rolloutd.core.units import Seconds
from rolloutd.errors import Conflict, Refused, Unavailable
from rolloutd.ports import Json, KubeApi
from tests.adapters.kubernetes.objects import SERVICES, SHOP, service, weight
from tests.adapters.kubernetes.paces import fake_pace
from tests.integration.kubernetes.http_kube import Hook, HttpKube, status
from tests.integration.kubernetes.loop_clock import LoopClock

ITEM = f"{SHOP}/a"
QUICK = ClientSettings(
    deadline=Seconds(0.5),
    page_deadline=Seconds(0.5),
    connect=Seconds(0.5),
    page_size=3,
    body_limit=100_000,
)


class Tokens:
    """Implements ``Credentials``: a token, and the next one after it was rejected."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.serial = 1

    async def access(self) -> Access:
        """Return the present token."""
        return Access(host=self._url, authorization=f"Bearer {self.serial}")

    async def renew(self, rejected: Access) -> Access:
        """Return another token."""
        del rejected
        self.serial = 2
        return await self.access()


@asynccontextmanager
async def client(server: HttpKube, settings: ClientSettings = QUICK) -> AsyncIterator[KubeApi]:
    """Return a client of a running server."""
    pace = fake_pace(LoopClock())
    async with server.serving():
        transport = Transport(Tokens(server.url), settings, pace.clock)
        try:
            yield LiveApi(transport, settings, pace)
        finally:
            await transport.close()


def always(response: Callable[[], web.Response]) -> Hook:
    """Return a hook that gives every request the same answer."""

    async def hook(_request: web.Request) -> web.StreamResponse:
        return response()

    return hook


async def test_objects_are_created_read_patched_and_replaced() -> None:
    """The port's verbs reach the server as the server understands them."""
    async with client(HttpKube()) as api:
        created = await api.create(SHOP, service("a", weight=1))
        patched = await api.patch(ITEM, [{"op": "replace", "path": "/spec/weight", "value": 2}])
        merged = await api.merge(ITEM, {"spec": {"weight": 3}})
        replaced = await api.replace(ITEM, {**merged, "spec": {"weight": 4}})

        found = await api.get(ITEM)

    assert [weight(each) for each in (created, patched, merged, replaced)] == [1, 2, 3, 4]
    assert found == replaced


async def test_an_object_that_is_not_there_is_none() -> None:
    """Absence is an answer."""
    async with client(HttpKube()) as api:
        assert await api.get(ITEM) is None


async def test_a_stale_write_is_a_conflict() -> None:
    """The version read travels with the write."""
    server = HttpKube()
    async with client(server) as api:
        stale = await api.create(SHOP, service("a"))
        server.kube.put(ITEM, service("a", weight=9))

        with pytest.raises(Conflict):
            await api.replace(ITEM, stale)


async def test_requests_say_who_writes() -> None:
    """Audit logs and managedFields must show us by name."""
    server = HttpKube()
    async with client(server) as api:
        await api.create(SHOP, service("a"))

    request = server.seen[0]
    assert request.query["fieldManager"] == "rolloutd"
    assert request.headers["User-Agent"] == f"rolloutd/{__version__}"
    assert request.headers["Authorization"] == "Bearer 1"


async def test_a_list_is_read_to_its_end_with_kinds() -> None:
    """Pages are an affair of the wire; lists of built-in kinds name the kind only once."""
    server = HttpKube()
    for number in range(8):
        server.kube.put(f"{SHOP}/{number}", {"metadata": {"name": str(number)}})

    async with client(server) as api:
        found, version = await api.list(SERVICES)

    assert [each["kind"] for each in found] == ["Thing"] * 8
    assert (version, len(server.seen)) == ("8", 3)


async def test_a_server_that_repeats_a_page_is_given_up() -> None:
    """Or the list would never end."""
    server = HttpKube()
    page: Json = {"items": [], "metadata": {"continue": "same", "resourceVersion": "1"}}
    server.hook = always(lambda: web.json_response(page))

    async with client(server) as api:
        with pytest.raises(Unavailable, match="repeats a page"):
            await api.list(SERVICES)


async def test_a_watch_brings_events_and_ends_with_the_server() -> None:
    """From the version given, bookmarks asked for, and with a time limit for the server."""
    server, events = HttpKube(), list[tuple[str, object]]()
    server.kube.put(ITEM, service("a", weight=1))
    server.kube.put(ITEM, service("a", weight=2))

    async with client(server) as api:
        async for change, obj in api.watch(SERVICES, "1"):
            events.append((change, weight(obj)))
            server.kube.cut_watches()

    query = server.seen[0].query
    assert events == [("MODIFIED", 2)]
    assert query["allowWatchBookmarks"] == "true"
    assert 300 <= int(query["timeoutSeconds"]) <= 600


async def test_a_version_too_old_to_watch_is_a_conflict() -> None:
    """410 Gone means: list again."""
    server = HttpKube()
    server.kube.forget_history()

    async with client(server) as api:
        with pytest.raises(Conflict):
            await anext(api.watch(SERVICES, "0"))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"<html>bad gateway</html>\n", Unavailable, id="a web page as 200"),
        pytest.param(b'"text"\n', Unavailable, id="no event"),
        pytest.param(b'{"type":"ERROR","object":{"code":410}}\n', Conflict, id="ERROR 410"),
        pytest.param(b'{"type":"ERROR","object":{"code":500}}\n', Unavailable, id="ERROR 500"),
        pytest.param(
            b'{"type":"ERROR","object":null}\n', Unavailable, id="ERROR without words"
        ),
        pytest.param(b"x" * 200_000, Unavailable, id="an endless line"),
        pytest.param(b'{"type":"MODIFIED","object":{"me', StopAsyncIteration, id="half a line"),
        pytest.param(b"", StopAsyncIteration, id="empty"),
        pytest.param(b'{"type":"MODIFIED","object":7}\n', StopAsyncIteration, id="no object"),
    ],
)
async def test_a_watch_yields_whole_events_or_nothing(
    body: bytes, error: type[Exception]
) -> None:
    """Nonsense must never reach the cache as an object."""
    server = HttpKube()
    server.hook = always(lambda: web.Response(body=body))

    async with client(server) as api:
        with pytest.raises(error):
            await anext(api.watch(SERVICES, "1"))


async def test_retry_after_is_obeyed_within_the_deadline() -> None:
    """A throttled write shall succeed a moment later, not fail."""
    server, left = HttpKube(), [2]

    async def hook(_request: web.Request) -> web.StreamResponse | None:
        left[0] -= 1
        return status(429, "slow down", Retry_After="0") if left[0] >= 0 else None

    server.hook = hook
    async with client(server) as api:
        assert await api.get(ITEM) is None
    assert len(server.seen) == 3


async def test_a_longer_retry_after_is_left_to_the_caller() -> None:
    """A call never takes longer than its deadline, whatever the server wishes."""
    server = HttpKube()
    server.hook = always(lambda: status(503, "away", Retry_After="30"))

    async with client(server) as api:
        with pytest.raises(Throttled) as caught:
            await api.get(ITEM)

    assert caught.value.pause == 30.0
    assert len(server.seen) == 1


async def test_a_server_that_always_says_retry_is_given_up() -> None:
    """Retry-After: 0 for ever must not become a hot loop."""
    server = HttpKube()
    server.hook = always(lambda: status(429, "slow down", Retry_After="0"))

    async with client(server) as api:
        with pytest.raises(Unavailable):
            await api.get(ITEM)

    assert len(server.seen) == QUICK.attempts


async def test_a_rejected_token_is_renewed_once() -> None:
    """Tokens are rotated under a running daemon."""
    server = HttpKube()

    async def hook(request: web.Request) -> web.StreamResponse | None:
        is_old = request.headers["Authorization"] == "Bearer 1"
        return status(401, "Unauthorized") if is_old else None

    server.hook = hook
    async with client(server) as api:
        assert await api.get(ITEM) is None
    assert len(server.seen) == 2


async def test_a_stream_with_a_rejected_token_renews_it_for_the_next() -> None:
    """The reflector opens the next watch anyway."""
    server = HttpKube()
    server.hook = always(lambda: status(401, "Unauthorized"))

    async with client(server) as api:
        with pytest.raises(Refused):
            await anext(api.watch(SERVICES, "1"))
        with pytest.raises(Refused):
            await anext(api.watch(SERVICES, "1"))

    tokens = [request.headers["Authorization"] for request in server.seen]
    assert tokens == ["Bearer 1", "Bearer 2"]


async def _reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _stall(_request: web.Request) -> web.StreamResponse:
    await LoopClock().sleep(Seconds(5.0))
    return web.Response()


@pytest.mark.parametrize(
    "hook",
    [
        pytest.param(
            always(lambda: web.Response(status=502, text="<html>bad</html>")), id="502 page"
        ),
        pytest.param(always(lambda: web.Response(text="")), id="empty 200"),
        pytest.param(always(lambda: web.Response(text='{"kind":')), id="truncated"),
        pytest.param(always(lambda: web.Response(body=b"x" * 200_000)), id="huge"),
        pytest.param(
            always(lambda: web.Response(status=302, headers={"Location": "/"})), id="redirect"
        ),
        pytest.param(_reset, id="reset"),
        pytest.param(_stall, id="stall"),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda api: api.get(ITEM), id="get"),
        pytest.param(lambda api: api.list(SHOP), id="list"),
        pytest.param(lambda api: api.patch(ITEM, []), id="patch"),
    ],
)
async def test_no_usable_answer_is_unavailable(
    hook: Hook, ask: Callable[[KubeApi], Awaitable[object]]
) -> None:
    """Within the deadline, and with nothing left behind."""
    server, clock = HttpKube(), LoopClock()
    server.hook = hook

    async with client(server) as api:
        started = clock.now()
        with pytest.raises(Unavailable):
            await ask(api)
        assert clock.now() - started < 1.0


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    """Connection refused."""
    server = HttpKube()
    async with client(server, replace(QUICK, trust_env=True)):
        pass

    pace = fake_pace(LoopClock())
    transport = Transport(Tokens(server.url), QUICK, pace.clock)
    with pytest.raises(Unavailable):
        await LiveApi(transport, QUICK, pace).get(ITEM)
    await transport.close()
