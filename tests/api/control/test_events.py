"""Server-Sent Events over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from rolloutd.api.control.access import Access
from rolloutd.api.control.broadcast import HANDFUL, KEPT, LISTENERS, PARTY, Broadcast, Listener
from rolloutd.api.control.models import Gone
from rolloutd.api.control.tokens import TokenFile
from rolloutd.core.actions import Outlook
from rolloutd.core.plan import Key
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.ports import Json
from tests.api.control.office import Office, checkout, search
from tests.api.control.test_door import OPERATOR, bearer
from tests.api.control.test_reviewed import Stage
from tests.api.control.test_tokens import owned, swap
from tests.builders import T0, a_plan
from tests.fakes.clock import FakeClock

LARGE = Gone(namespace="n" * 200, name="x" * 800)

EVENTS = "/api/v1/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event, as a browser reads it."""

    kind: str
    ident: str
    data: Json


class Ear:
    """Listens."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def raw(self) -> str:
        """Return the next frame; empty at the end."""
        async with asyncio.timeout(30):
            try:
                return (await self.answer.content.readuntil(b"\n\n")).decode()
            except aiohttp.ClientPayloadError:
                return ""

    async def next(self) -> News:
        """Return the next event, past heartbeats."""
        frame = await self.raw()
        while frame.startswith(":"):
            frame = await self.raw()
        fields = dict(line.split(": ", 1) for line in frame.strip().split("\n"))
        data = json.loads(fields["data"])
        return News(kind=fields["event"], ident=fields["id"], data=data)

    async def until(self, kind: str) -> News:
        """Return the next event of a kind."""
        while (news := await self.next()).kind != kind:
            pass
        return news


@asynccontextmanager
async def listening(office: Office, **headers: str) -> AsyncIterator[Ear]:
    sent: Mapping[str, str] = {name.replace("_", "-"): each for name, each in headers.items()}
    async with office.session.get(office.url + EVENTS, headers=sent) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield Ear(answer)


async def test_a_listener_is_greeted_and_told_of_every_change() -> None:
    """The greeting says from where on; the first event that comes is after it."""
    async with Office().open(checkout()) as office, listening(office) as ear:
        hello = await ear.next()
        await office.order("pause", {"reason": "lunch"})
        word = await ear.until("word")
        await office.settle()
        rollout = await ear.until("rollout")

    assert (hello.kind, hello.data) == ("hello", {})
    assert (word.data["what"], word.data["actor"]) == ("paused", "local")
    assert (rollout.data["name"], rollout.data["phase"]) == ("checkout", "paused")


async def test_a_rollout_that_goes_is_told_of() -> None:
    """Or it would stand on the page for ever."""
    async with Office().open(checkout(), search()) as office, listening(office) as ear:
        await office.order("rollback", path="/api/v1/rollouts/find/search")
        office.source.publish(checkout())
        await office.settle(Seconds(2.0))
        gone = await ear.until("gone")

    assert gone.data == {"namespace": "find", "name": "search"}


async def test_who_comes_back_is_given_what_was_missed() -> None:
    """In order, and nothing twice."""
    async with Office().open(checkout()) as office:
        async with listening(office) as ear:
            last = (await ear.next()).ident
        await office.order("pause")
        await office.order("resume")
        async with listening(office, Last_Event_ID=last) as ear:
            missed = [await ear.next(), await ear.next()]
        async with listening(office, Last_Event_ID=missed[0].ident) as ear:
            again = await ear.next()

    assert [news.data["what"] for news in missed] == ["paused", "resumed"]
    assert again == missed[1]


@pytest.mark.parametrize("last", ["", "another-7", "nonsense", "-", "future", "old"])
async def test_who_missed_too_much_is_told_to_read_the_list_again(last: str) -> None:
    """Another process's number, one not kept any more, or none at all."""
    async with Office().open(checkout()) as office:
        for each in range(KEPT + 2):
            office.broadcast.publish("gone", Gone(namespace="shop", name=str(each)))
        known = {"future": "999999", "old": "1"}
        ident = f"{office.broadcast.epoch}-{known[last]}" if last in known else last
        async with listening(office, Last_Event_ID=ident) as ear:
            first = await ear.next()
            await office.order("pause")
            then = await ear.next()

    assert first.kind == "reset"
    assert then.kind == "word"


async def test_a_quiet_stream_has_a_heartbeat() -> None:
    """So that proxies keep it, and a page sees that it lives."""
    async with Office().open(checkout()) as office, listening(office) as ear:
        await ear.next()
        await office.settle(Seconds(15.0))
        frame = await ear.raw()
        while not frame.startswith(":"):
            frame = await ear.raw()

    assert frame == ": heartbeat\n\n"


async def test_a_stalled_browser_is_cut_off_and_costs_the_others_nothing() -> None:
    """It reads nothing while thousands of events come; others hear all of them at once."""
    async with Office().open(checkout()) as office, listening(office) as ear:
        await ear.next()
        host, port = office.url.removeprefix("http://").split(":")
        stalled = socket.create_connection((host, int(port)))
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.sendall(f"GET {EVENTS} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        while office.broadcast.listening < 2:
            await office.settle(Seconds(0.0))

        heard = sent = 0
        while office.broadcast.listening == 2:
            for _ in range(KEPT // 4):
                office.broadcast.publish("gone", LARGE)
            sent += KEPT // 4
            while heard < sent:
                await ear.next()
                heard += 1
        stalled.close()

    assert office.broadcast.listening == 0
    assert heard > KEPT


async def test_what_changed_in_one_second_reaches_a_listener_in_one_write() -> None:
    """A write for each of 500 rollouts and 200 listeners took half of a core."""
    clock = FakeClock(jumps=False)
    broadcast, outlook = Broadcast(clock), Outlook(why="New.", what_next="Nothing.")
    plans = [a_plan(key=Key("shop", str(number))) for number in range(HANDFUL + 40)]
    views = [View(plan=plan, record=None, at=T0, outlook=outlook) for plan in plans]
    listener = joined(broadcast)
    await listener.next()

    async with asyncio.TaskGroup() as group:
        following = group.create_task(broadcast.run(lambda: views))
        await clock.advance(Seconds(1.0))
        news = await listener.next()
        following.cancel()

    assert len(news) == len(views)


async def test_news_that_was_heard_is_not_heard_again() -> None:
    """Also when it had not been told of yet: whoever writes takes all there is along."""
    clock = FakeClock(jumps=False)
    broadcast, outlook = Broadcast(clock), Outlook(why="New.", what_next="Nothing.")
    views = [View(plan=a_plan(), record=None, at=T0, outlook=outlook)]
    listener = joined(broadcast)
    await listener.next()

    async with asyncio.TaskGroup() as group:
        following = group.create_task(broadcast.run(lambda: views))
        await clock.advance(Seconds(1.0))
        first = await listener.next()
        broadcast.publish("gone", Gone(namespace="shop", name="checkout"))
        second = await listener.next()
        following.cancel()

    assert [event.number for event in (*first, *second)] == [1, 2]


def joined(broadcast: Broadcast) -> Listener:
    listener = broadcast.join(None, lambda: None)
    assert listener is not None
    return listener


async def test_every_one_of_many_listeners_hears_of_what_happens() -> None:
    """They are told few at a time."""
    clock = FakeClock(jumps=False)
    broadcast = Broadcast(clock)
    listeners = [joined(broadcast) for _ in range(3 * PARTY + 1)]
    for listener in listeners:
        await listener.next()

    async with asyncio.TaskGroup() as group:
        following = group.create_task(broadcast.run(list))
        broadcast.publish("gone", Gone(namespace="shop", name="checkout"))
        hearing = [group.create_task(listener.next()) for listener in listeners]
        await clock.advance(Seconds(0.0))
        heard = [task.result() for task in hearing]
        following.cancel()

    assert [[event.number for event in news] for news in heard] == [[1]] * len(listeners)


async def test_listeners_are_bounded_in_number() -> None:
    """One more than can be served is told so, and orders still go through."""
    async with Office().open(checkout()) as office:
        for _ in range(LISTENERS):
            office.broadcast.join(None, lambda: None)
        answer = await office.get(EVENTS)
        order = await office.order("pause")

    assert (answer.status, answer.kind) == (503, "too-many-listeners")
    assert order.status == 200


async def test_a_stream_ends_with_the_leadership() -> None:
    """Another replica has the news from now on; the rollouts are not gone."""
    async with Office().open(checkout()) as office, listening(office) as ear:
        await ear.next()
        office.lose_the_lead()
        await office.settle()
        rest = [frame async for frame in _rest(ear)]

    assert not any("event: gone" in frame for frame in rest)


async def _rest(ear: Ear) -> AsyncIterator[str]:
    while frame := await ear.raw():
        yield frame


@pytest.fixture
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Access:
    file = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    file.write_text(owned(OPERATOR))
    return TokenFile(file)


async def test_a_listener_whose_token_ends_is_hung_up_on(tokens: TokenFile) -> None:
    """At the next heartbeat: a stream must not outlive the right to it."""
    async with (
        Office(access=tokens).open(checkout()) as office,
        listening(office, Authorization=bearer(OPERATOR)) as ear,
    ):
        await ear.next()
        swap(tokens._path, "{}")
        await office.settle(Seconds(16.0))
        rest = [frame async for frame in _rest(ear)]

    assert not any(frame.startswith(":") for frame in rest)


async def test_listeners_hear_of_their_own_namespaces() -> None:
    """The list would not have shown the others either."""
    stage = Stage()
    async with (
        Office(access=stage.access).open(checkout(), search()) as office,
        listening(office, Authorization=bearer("vics")) as ear,
    ):
        await ear.next()
        office.broadcast.publish("gone", Gone(namespace="shop", name="checkout"))
        office.broadcast.publish("gone", Gone(namespace="find", name="search"))
        heard = await ear.next()

    assert heard.data["namespace"] == "find"


async def test_while_nobody_can_say_what_may_be_heard_a_listener_keeps_the_line() -> None:
    """The API server is away for a minute; the page must not go blank for that."""
    stage = Stage()
    async with (
        Office(access=stage.access).open(checkout(), search()) as office,
        listening(office, Authorization=bearer("anas")) as ear,
    ):
        await ear.next()
        await stage.clock.advance(Seconds(11.0))
        stage.reviewer.is_away = True
        office.broadcast.publish("gone", Gone(namespace="new", name="unheard"))
        await office.settle(Seconds(16.0))
        frame = await ear.raw()
        while not frame.startswith(":"):
            assert "unheard" not in frame
            frame = await ear.raw()

    assert frame == ": heartbeat\n\n"


async def test_a_daemon_that_stops_says_goodbye() -> None:
    """A connection that just hangs would keep a page from asking elsewhere."""
    broadcast = Broadcast(FakeClock(jumps=False))
    listener = joined(broadcast)
    await listener.next()
    broadcast.close()
    broadcast.publish("gone", Gone(namespace="shop", name="checkout"))

    assert await listener.next() == []
