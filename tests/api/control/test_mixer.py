"""Whoever listens anywhere hears all shards, once each, and can come back to any replica."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp import web

from rolloutd.api.control.mixer import LONGEST_FRAME, ids
from rolloutd.api.control.models import Gone
from rolloutd.core.units import Seconds
from tests.api.control.branch import HERE, THERE, Branch, branches, orders
from tests.api.control.office import checkout
from tests.api.control.test_events import EVENTS, Ear, News, listening
from tests.api.control.test_overview import THEIRS
from tests.api.control.test_relay import NOBODY
from tests.fakes.endpoint import FakeEndpoint, served

FLEET = (checkout(), orders())


async def words(ear: Ear, count: int) -> Sequence[News]:
    return [await ear.until("word") for _ in range(count)]


async def test_events_of_all_shards_come_in_one_stream() -> None:
    """A dashboard opens one connection, to whichever replica the Service picks."""
    async with branches(*FLEET) as (one, two), listening(one) as ear:
        await one.order("pause")
        await two.order("pause", path=THEIRS)
        heard = await words(ear, 2)

    assert {news.data["name"] for news in heard} == {"checkout", "orders"}


async def test_who_comes_back_misses_nothing_of_any_shard() -> None:
    """Nor hears anything twice; at the other replica, too."""
    async with branches(*FLEET) as (one, two):
        async with listening(one) as ear:
            await one.order("pause")
            await two.order("pause", path=THEIRS)
            last = (await words(ear, 2))[-1].ident
        await one.order("resume")
        await two.order("resume", path=THEIRS)
        async with listening(two, Last_Event_ID=last) as ear:
            missed = [await ear.next(), await ear.next()]

    assert {(news.kind, news.data["what"]) for news in missed} == {("word", "resumed")}
    assert {news.data["name"] for news in missed} == {"checkout", "orders"}


async def test_an_id_keeps_the_place_in_streams_that_are_silent() -> None:
    """Else whoever comes back twice would have to read everything again."""
    async with branches(*FLEET) as (one, two):
        async with listening(one) as ear:
            await one.order("pause")
            await two.order("pause", path=THEIRS)
            last = (await words(ear, 2))[-1].ident
        await one.order("resume")
        async with listening(one, Last_Event_ID=last) as ear:
            then = (await ear.next()).ident

    assert ids(then).keys() == ids(last).keys() == {one.broadcast.epoch, two.broadcast.epoch}


async def test_a_source_that_does_not_know_the_place_says_so() -> None:
    """It has been restarted: the list is to be read again."""
    async with branches(*FLEET) as (one, _):
        last = f"{one.broadcast.epoch}-0.abcdef-7"
        async with listening(one, Last_Event_ID=last) as ear:
            first = await ear.until("reset")

    assert first.data == {}


async def test_a_replica_that_leads_nothing_passes_all_streams_on() -> None:
    """With their heartbeats: it has none of its own."""
    async with branches(*FLEET) as (one, two):
        third = Branch(tag="c", leads=set(), clock=one.clock, meshes=one.meshes)
        third.leaders = {HERE: one.url, THERE: two.url}
        async with third.open(*FLEET), listening(third) as ear:
            await one.order("pause")
            await two.order("pause", path=THEIRS)
            heard = await words(ear, 2)
            await one.settle(Seconds(16.0))
            frame = await ear.raw()
            while not frame.startswith(":"):
                frame = await ear.raw()

    assert {news.data["name"] for news in heard} == {"checkout", "orders"}
    assert frame == ": heartbeat\n\n"


async def test_a_shard_that_moves_ends_the_stream() -> None:
    """The browser comes back by itself, and is sent to whoever drives it by then."""
    async with branches(*FLEET) as (one, two), listening(one) as ear:
        await ear.next()
        two.lose(THERE)
        one.leaders.pop(THERE)
        await one.settle(Seconds(3.0))
        frames = []
        while frame := await ear.raw():
            frames.append(frame)

    assert not any("event: gone" in frame for frame in frames)


async def test_a_shard_that_is_lost_is_not_told_to_be_gone() -> None:
    """Its rollouts go on elsewhere; here all listeners have to come back."""
    async with Branch(leads={HERE, THERE}).open(*FLEET) as both, listening(both) as ear:
        await both.order("pause", path=THEIRS)
        await both.settle(Seconds(2.0))
        both.lose(THERE)
        await both.settle(Seconds(2.0))
        frames = []
        while frame := await ear.raw():
            frames.append(frame)

    assert any("orders" in frame for frame in frames)
    assert not any("event: gone" in frame for frame in frames)


@pytest.mark.parametrize("url", [None, NOBODY])
async def test_without_one_of_the_leaders_there_is_no_stream(url: str | None) -> None:
    """A stream of some shards would pass the others off as quiet."""
    async with branches(*FLEET) as (one, _):
        one.leaders.pop(THERE)
        if url is not None:
            one.leaders[THERE] = url
        answer = await one.get(EVENTS)

    assert (answer.status, answer.kind) == (503, "not-leading")


@pytest.mark.parametrize("end", ["abort", "endless frame"])
async def test_a_stream_that_breaks_off_breaks_all_off(end: str) -> None:
    """A clean end would not tell that something may be missing."""

    async def begin(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"id: abc-1\nevent: hello\ndata: {}\n\n")
        if end == "endless frame":
            await stream.write(b"x" * (LONGEST_FRAME + 1))
            await asyncio.get_running_loop().create_future()
        assert request.transport is not None
        request.transport.abort()
        return stream

    endpoint = FakeEndpoint(handler=begin)
    async with branches(*FLEET) as (one, _), served(endpoint), asyncio.timeout(30):
        one.leaders[THERE] = endpoint.url
        stream = await one.session.get(one.url + EVENTS)
        with pytest.raises(aiohttp.ClientError):
            await stream.read()


async def test_a_listener_who_leaves_is_forgotten_everywhere() -> None:
    """Or every reload of a page would cost the other replica a listener for ever."""
    async with branches(*FLEET) as (one, two):
        async with listening(one) as ear:
            await ear.next()
            during = one.broadcast.listening, two.broadcast.listening
        async with asyncio.timeout(30):
            while one.broadcast.listening or two.broadcast.listening:
                one.broadcast.publish("gone", Gone(namespace="shop", name="x"))
                await one.settle()

    assert during == (1, 1)


async def test_too_many_listeners_are_turned_away_by_whoever_has_them() -> None:
    """Each counts where it listens."""

    async def full(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    endpoint = FakeEndpoint(handler=full)
    async with branches(*FLEET) as (one, _), served(endpoint):
        one.leaders[THERE] = endpoint.url
        answer = await one.get(EVENTS)

    assert answer.status == 503
    assert "answers 503" in str(answer.json["detail"])
