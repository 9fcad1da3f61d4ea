"""Listeners against clients that mean no good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from rolloutd.bootstrap.listening import listen, reserve, serve, url_of
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def app() -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="here")

    served = web.Application()
    served.router.add_get("/", answer)
    return served


@asynccontextmanager
async def talking(
    idle: Seconds,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a listener that has so much patience."""
    with reserve("127.0.0.1", 0) as held:
        async with serve(app(), held, idle=idle):
            host, port = held.getsockname()[:2]
            reader, writer = await asyncio.open_connection(host, port)
            yield reader, writer
            writer.close()


@pytest.mark.parametrize("head", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nX-Slow: "])
async def test_a_request_that_never_comes_whole_is_hung_up_on(head: bytes) -> None:
    """Slowloris: connections are no place to live in."""
    async with talking(Seconds(0.2)) as (reader, writer), asyncio.timeout(30):
        writer.write(head)
        rest = await reader.read()

    assert rest == b""


async def test_a_trickle_does_not_buy_time() -> None:
    """A byte now and then keeps the head as unfinished as before."""
    async with talking(Seconds(0.3)) as (reader, writer), asyncio.timeout(30):
        writer.write(b"GET / HTTP/1.1\r\n")
        async with asyncio.TaskGroup() as group:
            dripping = group.create_task(drip(writer))
            rest = await reader.read()
            dripping.cancel()

    assert rest == b""


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"X-Drop: 1\r\n")
        await asyncio.sleep(0.05)  # noqa: TID251 - real time, on a real socket


async def test_a_second_request_has_no_more_time_than_the_first() -> None:
    """Who was served once must not stay for it."""
    async with talking(Seconds(0.2)) as (reader, writer), asyncio.timeout(30):
        writer.write(REQUEST)
        answer = await reader.readuntil(b"here")
        writer.write(b"GET / HT")
        rest = await reader.read()

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert rest == b""


async def test_an_endless_header_is_refused() -> None:
    """Eight KiB are enough for a token and a name."""
    async with talking(Seconds(5.0)) as (reader, writer), asyncio.timeout(30):
        writer.write(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n")
        answer = await reader.readline()

    assert answer.endswith(b" 400 Bad Request\r\n")


async def test_a_free_port_is_taken_and_told() -> None:
    """For tests, and for several daemons on one machine."""
    async with listen(app(), "127.0.0.1", 0) as url:
        assert url.startswith("http://127.0.0.1:")
        assert not url.endswith(":0")


def test_addresses_are_written_as_in_urls() -> None:
    """IPv6 has colons of its own."""
    with reserve("::1", 0) as held:
        assert url_of(held, tls=True).startswith("https://[::1]:")


def test_an_address_that_is_taken_is_refused_with_its_name() -> None:
    """One sentence instead of a trace."""
    with reserve("127.0.0.1", 0) as held:
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(Refused, match=f"port {port}: Address already in use"):
            reserve("127.0.0.1", port).__enter__()


def test_a_name_that_is_no_address_is_refused() -> None:
    """So is one of another machine."""
    with pytest.raises(Refused, match=r"can't listen on nowhere\.invalid"):
        reserve("nowhere.invalid", 0).__enter__()
    with pytest.raises(Refused, match=r"can't listen on 192\.0\.2\.1"):
        reserve("192.0.2.1", 0).__enter__()
