"""An endpoint may do to us what it likes: it costs bounded time and memory."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from rolloutd.adapters.envoy.fetch import Fetcher, Limits
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from tests.fakes.clock import FakeClock
from tests.fakes.endpoint import FakeEndpoint, served

LIMITS = Limits(deadline=Seconds(0.3), body=1 << 20, memory=2 << 20)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    async with served(FakeEndpoint()) as started:
        yield started


@pytest.fixture
def fetcher(session: aiohttp.ClientSession) -> Fetcher:
    return Fetcher(session, FakeClock(), LIMITS)


async def test_an_answer_comes_with_its_format_and_time(
    fetcher: Fetcher, endpoint: FakeEndpoint
) -> None:
    """The reader is chosen by what was sent, not by what was asked for."""
    endpoint.body = b"text"

    answer = await fetcher.fetch(URL(endpoint.url))

    assert b"".join(answer.chunks) == b"text"
    assert not answer.is_protobuf
    assert answer.at == FakeClock().now()


async def test_the_protobuf_format_is_asked_for_and_known(
    fetcher: Fetcher, endpoint: FakeEndpoint
) -> None:
    """It is a fifth of the bytes."""
    endpoint.content_type = (
        "application/vnd.google.protobuf; "
        "proto=io.prometheus.client.MetricFamily; encoding=delimited"
    )

    answer = await fetcher.fetch(URL(endpoint.url))

    assert answer.is_protobuf


@pytest.mark.parametrize(
    ("status", "content_type", "reason"),
    [
        (503, "text/plain", "answered HTTP 503"),
        (302, "text/plain", "answered HTTP 302"),
        (200, "text/html", "answered with text/html, not with metrics"),
    ],
)
async def test_what_is_not_metrics_is_refused_with_its_reason(
    fetcher: Fetcher, endpoint: FakeEndpoint, status: int, content_type: str, reason: str
) -> None:
    """A login page is no metrics, and a person must be told so."""
    endpoint.status, endpoint.content_type = status, content_type

    with pytest.raises(Unavailable, match=reason):
        await fetcher.fetch(URL(endpoint.url))


async def endless(request: web.Request, *, pause: bool, chunk: bytes) -> web.StreamResponse:
    """Send for ever, or until the other side hangs up."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    try:
        while True:
            await response.write(chunk)
            if pause:
                await FakeClock().sleep(Seconds(0.0))
    except ConnectionError:
        return response


async def test_an_answer_without_end_is_cut_at_the_limit(
    fetcher: Fetcher, endpoint: FakeEndpoint
) -> None:
    """One pod that sends a gigabyte must not take the daemon down."""
    endpoint.handler = lambda request: endless(request, pause=False, chunk=b"x" * 65536)

    with pytest.raises(Unavailable, match="sent more than 1 MiB"):
        await fetcher.fetch(URL(endpoint.url))


async def test_a_compressed_bomb_is_cut_at_the_limit(
    fetcher: Fetcher, endpoint: FakeEndpoint
) -> None:
    """The limit is on what lands in memory, not on what crosses the wire."""
    bomb = gzip.compress(b"\0" * (64 << 20))

    async def send(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
        return web.Response(body=bomb, headers=headers)

    endpoint.handler = send

    with pytest.raises(Unavailable, match="sent more than 1 MiB"):
        await fetcher.fetch(URL(endpoint.url))


async def test_an_answer_that_drips_ends_at_the_deadline(
    fetcher: Fetcher, endpoint: FakeEndpoint
) -> None:
    """A meter answers within its own deadline, whatever its endpoints do."""
    endpoint.handler = lambda request: endless(request, pause=True, chunk=b"")

    with pytest.raises(Unavailable, match=r"did not finish an answer within 0\.3 s"):
        await fetcher.fetch(URL(endpoint.url))


async def test_what_was_given_back_may_be_used_again(
    fetcher: Fetcher, endpoint: FakeEndpoint
) -> None:
    """The memory shared by all fetches must not leak away with failed ones."""
    endpoint.handler = lambda request: endless(request, pause=False, chunk=b"x" * 65536)
    for _ in range(4):
        with pytest.raises(Unavailable, match="sent more than"):
            await fetcher.fetch(URL(endpoint.url))
    endpoint.handler, endpoint.body = None, b"x" * 1000

    answer = await fetcher.fetch(URL(endpoint.url))

    assert len(answer.chunks[0]) == 1000


async def test_all_answers_together_are_bounded_too(
    session: aiohttp.ClientSession, endpoint: FakeEndpoint
) -> None:
    """A hundred pods that each stay below the limit could still exhaust memory together."""
    fetcher = Fetcher(session, FakeClock(), Limits(body=1 << 30, memory=1 << 20))
    endpoint.body = b"x" * (2 << 20)

    with pytest.raises(Unavailable, match="was cut off"):
        await fetcher.fetch(URL(endpoint.url))


async def test_an_answer_that_waits_to_be_read_takes_room(
    session: aiohttp.ClientSession, endpoint: FakeEndpoint
) -> None:
    """A hundred answers that wait for a thread fill memory as well as any that come in."""
    fetcher = Fetcher(session, FakeClock(), Limits(body=1 << 30, memory=3 << 19))
    endpoint.body = b"x" * (1 << 20)
    first = await fetcher.fetch(URL(endpoint.url))
    with pytest.raises(Unavailable, match="was cut off"):
        await fetcher.fetch(URL(endpoint.url))
    fetcher.release(first)

    assert (await fetcher.fetch(URL(endpoint.url))).size == 1 << 20


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://", "ftp://127.0.0.1/x"])
async def test_an_endpoint_that_is_not_there_is_unavailable(fetcher: Fetcher, url: str) -> None:
    """A wrong URL in a plan is reported, not raised through the sampler."""
    with pytest.raises(Unavailable, match="could not be asked"):
        await fetcher.fetch(URL(url))
