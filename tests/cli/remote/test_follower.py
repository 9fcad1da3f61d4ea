"""Events over lines that break."""

from __future__ import annotations

import asyncio

import pytest

from rolloutd.cli.remote.client import Client
from rolloutd.cli.remote.events import News
from rolloutd.cli.remote.follower import Ended, Follower, Joined, Lost, Tidings
from rolloutd.cli.remote.link import Link, Trust
from rolloutd.cli.remote.options import rest
from rolloutd.cli.remote.place import Address
from rolloutd.core.units import Seconds
from tests.cli.remote.terminal import http, saying

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
EVENT = b'id: a-1\nevent: rollout\ndata: {"name": "x"}\n\n'
STARTING = http(
    b'{"type": "urn:rolloutd:problem:starting", "detail": "The plans are being read."}',
    status="503 Service Unavailable",
    kind="application/problem+json",
)
UNKNOWN = http(
    b'{"type": "urn:rolloutd:problem:unknown-caller", "detail": "A token is needed."}',
    status="401 Unauthorized",
    kind="application/problem+json",
)


async def heard(url: str, number: int) -> list[Tidings]:
    """Return the first things that a follower hears."""

    def listen() -> list[Tidings]:
        found: list[Tidings] = []
        with Follower(Client(Link(Address(url), Trust()), rest)) as follower:
            while len(found) < number:
                tidings = follower.next(Seconds(10.0))
                assert tidings is not None
                found.append(tidings)
            return found

    return await asyncio.to_thread(listen)


async def test_a_stream_that_ends_is_asked_for_again() -> None:
    """Joining is told each time: what was missed has to be looked up."""
    async with saying(HEAD + EVENT, STARTING, HEAD + EVENT) as url:
        found = await heard(url, 6)

    assert [type(each) for each in found] == [Joined, News, Lost, Lost, Joined, News]
    assert found[2] == Lost("The daemon hung up.")
    assert found[3] == Lost("The plans are being read.")


async def test_a_token_that_is_not_known_is_the_end() -> None:
    """Asking again would only be counted as an attack."""
    async with saying(UNKNOWN) as url:
        (found,) = await heard(url, 1)

    assert isinstance(found, Ended)
    assert found.reason.startswith("A token is needed. Give one by --token-file")


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<html>", kind="text/html"),
        http(b"{}"),
        HEAD + b"data: {broken\n\n",
    ],
)
async def test_what_is_no_stream_is_trouble_that_may_pass(answer: bytes) -> None:
    """A proxy may show its own page while the daemon restarts."""
    async with saying(answer) as url:
        found = await heard(url, 2)

    assert isinstance(found[-1], Lost)


async def test_without_news_there_is_none() -> None:
    """Nobody waits longer than they said."""
    follower = Follower(Client(Link(Address("http://127.0.0.1:1"), Trust()), rest))

    assert follower.next(Seconds(-1.0)) is None
