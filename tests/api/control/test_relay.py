"""Two replicas: whichever is asked, the one that leads answers, or the records do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from rolloutd.api.control.access import Access, Local
from rolloutd.api.control.lead import Standby
from rolloutd.api.control.relay import LARGEST_ANSWER, RELAYED, Relay
from rolloutd.api.control.tokens import TokenFile
from rolloutd.api.control.understudy import Understudy
from rolloutd.core.observation import MeshBlind
from rolloutd.core.plan import Key, StartManual
from rolloutd.core.record_text import to_text
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from tests.api.control.office import CHECKOUT, SHOP, Office, checkout, search
from tests.api.control.test_door import OPERATOR, TOKENS, VIEWER, bearer
from tests.builders import a_mesh, a_plan, a_record
from tests.engine.test_supervisor import FakeSource
from tests.fakes.endpoint import FakeEndpoint, served

NOBODY = "http://127.0.0.1:9"
"""An address at which nobody listens."""


class Address:
    """Where the standby takes the leader to be."""

    def __init__(self, url: str | None) -> None:
        self.url = url


@dataclass(frozen=True, slots=True, kw_only=True)
class Haste:
    """How long a standby waits: long, but where a test is about that."""

    patience: Seconds = Seconds(30.0)
    body_deadline: Seconds = Seconds(30.0)


@asynccontextmanager
async def standing_by(
    at: Address,
    beside: Office | None = None,
    access: Access | None = None,
    *,
    has_read: bool = True,
    haste: Haste | None = None,
) -> AsyncIterator[Office]:
    """Open an office that does not lead, in the cluster of another."""
    haste = haste or Haste()
    office = Office(
        is_leader=False, access=access or Local(), body_deadline=haste.body_deadline
    )
    if beside is not None:
        office.meshes = beside.meshes
    understudy = Understudy(office.meshes, office.clock)
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        asyncio.TaskGroup() as group,
    ):
        relay = Relay(session, lambda: at.url, lambda: True, haste.patience)
        archive = None if beside is None else beside.archive
        office.relay = relay
        office.standby = Standby(understudy=understudy, archive=archive)
        plans = FakeSource()
        if has_read:
            plans.publish(checkout(), search())
        following = group.create_task(understudy.run(plans))
        async with office.open():
            yield office
        following.cancel()


@asynccontextmanager
async def replicas(access: Access | None = None) -> AsyncIterator[tuple[Office, Office]]:
    """Open (the leader, a standby that knows where it is)."""
    async with (
        Office(access=access or Local()).open(checkout(), search()) as leader,
        standing_by(Address(leader.url), leader, access) as standby,
    ):
        yield leader, standby


@pytest.fixture
def tokens(tmp_path: Path) -> Access:
    file = tmp_path / "tokens.yaml"
    file.write_text(TOKENS)
    return TokenFile(file)


async def test_a_standby_tells_what_the_leader_knows() -> None:
    """Byte for byte."""
    async with replicas() as (leader, standby):
        for path in ("/api/v1/rollouts", SHOP, "/api/v1/rollouts?phase=running"):
            there, here = await leader.get(path), await standby.get(path)

            assert (here.status, here.text) == (there.status, there.text)


async def test_an_order_at_a_standby_is_carried_out_once() -> None:
    """With its key, its body and its answer."""
    async with replicas() as (leader, standby):
        first = await standby.order("skip", {"expectedStep": 0}, Idempotency_Key="k")
        second = await leader.order("skip", {"expectedStep": 0}, Idempotency_Key="k")
        stale = await standby.order("pause", {"expectedStep": 0})

    assert (first.status, second.status) == (200, 200)
    assert leader.record().step == 1
    assert (stale.status, stale.kind) == (409, "stale-step")


async def test_callers_are_known_to_the_leader_by_their_own_token(tokens: Access) -> None:
    """The standby lends nobody its own rights."""
    async with replicas(tokens) as (leader, standby):
        viewer = await standby.order("pause", Authorization=bearer(VIEWER))
        operator = await standby.order("pause", Authorization=bearer(OPERATOR))

    assert viewer.status == 403
    assert operator.status == 200
    assert leader.record().transitions[-1].actor == "ana"


async def test_a_session_holds_at_every_replica(tokens: Access) -> None:
    """Logged in at one, ordering at the other, through a Service that picks either."""
    async with replicas(tokens) as (leader, standby):
        await standby.ask("POST", "/api/v1/session", {"token": OPERATOR})
        headers = {"X-Rolloutd": "1", "Origin": standby.url}
        answer = await standby.ask("POST", f"{SHOP}/pause", headers=headers)

    assert answer.status == 200
    assert leader.record().phase is Phase.PAUSED


async def test_events_come_through_a_standby() -> None:
    """From the leader's own numbering, so that coming back works at either."""
    async with replicas() as (leader, standby), asyncio.timeout(30):
        stream = await standby.session.get(f"{standby.url}/api/v1/events")
        hello = await stream.content.readuntil(b"\n\n")
        await leader.order("pause")
        news = await stream.content.readuntil(b"\n\n")
        stream.close()

    assert f"id: {leader.broadcast.epoch}-".encode() in hello
    assert b"event: word" in news


async def test_a_stream_ends_with_its_leader() -> None:
    """The browser comes back, and is sent to whoever leads by then."""
    async with standing_by(address := Address(None)) as standby, asyncio.timeout(30):
        async with Office().open(checkout()) as leader:
            address.url = leader.url
            stream = await standby.session.get(f"{standby.url}/api/v1/events")
            await stream.content.readuntil(b"\n\n")
        rest = await stream.content.read()
        stream.close()

    assert rest == b""


@pytest.mark.parametrize("url", [None, NOBODY])
async def test_without_a_leader_the_records_are_shown(url: str | None) -> None:
    """What the cluster holds is true, if not new; that it is no more is said everywhere."""
    async with Office().open(checkout(), search()) as leader:
        await leader.order("pause")
        async with standing_by(Address(url), leader) as standby:
            listed = await standby.get("/api/v1/rollouts?namespace=shop")
            full = await standby.get(SHOP)
            nothing = await standby.get("/api/v1/rollouts/shop/nothing")

    items = listed.json["items"]
    assert isinstance(items, list)
    assert [(item["name"], item["phase"]) for item in items] == [("checkout", "paused")]
    assert "does not lead" in str(listed.json["trouble"])
    assert (full.status, full.json["phase"], full.json["trouble"]) == (
        200,
        "paused",
        str(listed.json["trouble"]).replace(
            "These are the records in", "This is the record in"
        ),
    )
    assert nothing.status == 404


async def test_without_a_leader_orders_are_not_taken() -> None:
    """Rather than kept for a leader who may never come."""
    async with standing_by(Address(NOBODY)) as standby:
        order = await standby.order("rollback")
        events = await standby.get("/api/v1/events")
        session = await standby.get("/api/v1/session")

    assert (order.status, order.kind) == (503, "not-leading")
    assert order.headers["Retry-After"] == "2"
    assert events.status == 503
    assert session.status == 200


async def test_records_that_can_not_be_read_are_said_to_be() -> None:
    """No VirtualService, no record, or one edited by hand."""
    async with standing_by(Address(None)) as standby:
        fresh = await standby.get(SHOP)
        standby.meshes.of(CHECKOUT).holds = MeshBlind(reason="There is no route.")
        blind = await standby.get(SHOP)
        standby.meshes.of(CHECKOUT).holds = a_mesh(10, record="scribbled")
        scribbled = await standby.get(SHOP)
        text = to_text(a_record(checkout(), phase=Phase.ABORTED))
        standby.meshes.of(CHECKOUT).holds = MeshBlind(reason="No arm.", record=text)
        ended = await standby.get(SHOP)

    assert (fresh.json["phase"], fresh.json["why"]) == (None, "No record says.")
    assert "There is no route." in str(blind.json["trouble"])
    assert ended.json["phase"] == "aborted"
    assert "No arm." in str(ended.json["trouble"])
    assert scribbled.json["phase"] is None
    assert "record" in str(scribbled.json["trouble"])


async def test_two_standbys_do_not_send_people_in_circles() -> None:
    """Each takes the other for the leader: an old Lease, twice."""
    first_at, second_at = Address(None), Address(None)
    async with standing_by(first_at) as first, standing_by(second_at) as second:
        first_at.url, second_at.url = second.url, first.url
        order = await first.order("pause")
        looked = await first.get(SHOP)

    assert (order.status, order.kind) == (503, "not-leading")
    assert looked.status == 200
    assert "does not lead any more" in str(looked.json["trouble"])


async def answering(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], method: str
) -> tuple[int, str]:
    """Ask a standby whose leader does this; return status and kind or trouble."""
    endpoint = FakeEndpoint(handler=handler)
    haste = Haste(patience=Seconds(0.5))
    async with served(endpoint), standing_by(Address(endpoint.url), haste=haste) as standby:
        if method == "GET":
            answer = await standby.get(SHOP)
            return answer.status, str(answer.json["trouble"])
        answer = await standby.order("pause")
        return answer.status, answer.kind


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize("handler", [hang, hang_up])
async def test_an_order_whose_answer_gets_lost_may_have_been_carried_out(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> None:
    """Saying 503 would make its sender believe that nothing happened."""
    assert await answering(handler, "POST") == (504, "unconfirmed")


async def test_a_look_at_a_leader_that_hangs_up_shows_the_record() -> None:
    """Asking again costs nothing; the record is at hand."""
    status, trouble = await answering(hang_up, "GET")

    assert status == 200
    assert "does not answer" in trouble


@pytest.mark.parametrize(("size", "whole"), [(1_000_000, True), (LARGEST_ANSWER + 1, False)])
async def test_a_long_answer_comes_whole_or_not_at_all(size: int, *, whole: bool) -> None:
    """It arrives in many parts; half of it would look like a bug of whoever reads it."""

    async def long(_: web.Request) -> web.StreamResponse:
        return web.json_response({"trouble": "x" * size})

    status, trouble = await answering(long, "GET")

    assert status == 200
    assert (trouble == "x" * size) is whole


async def test_what_was_relayed_once_is_marked() -> None:
    """And keeps the name that the caller called us by: the leader compares it."""
    seen: dict[str, str] = {}

    async def note(request: web.Request) -> web.StreamResponse:
        seen.update(request.headers)
        return web.json_response({"trouble": ""})

    await answering(note, "GET")

    assert seen[RELAYED] == "1"
    assert seen["Host"].startswith("127.0.0.1:")
    assert "Transfer-Encoding" not in seen


async def test_a_stream_that_breaks_off_is_broken_off() -> None:
    """A browser that saw a clean end would not know that it missed something."""

    async def begin(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"event: hello\n\n")
        assert request.transport is not None
        request.transport.abort()
        return stream

    endpoint = FakeEndpoint(handler=begin)
    async with (
        served(endpoint),
        standing_by(Address(endpoint.url)) as standby,
        asyncio.timeout(30),
    ):
        stream = await standby.session.get(f"{standby.url}/api/v1/events")
        with pytest.raises(aiohttp.ClientError):
            await stream.read()


async def test_a_body_of_another_type_is_answered_by_the_standby_itself() -> None:
    """The leader is not bothered."""
    async with standing_by(Address(NOBODY)) as standby:
        headers = {"Content-Type": "text/plain"}
        answer = await standby.ask("POST", f"{SHOP}/pause", data=b"{}", headers=headers)

    assert (answer.status, answer.kind) == (415, "unsupported-media-type")


async def test_a_standby_that_has_read_no_plans_yet_denies_no_rollout() -> None:
    """404 would say that the plan is gone."""
    async with standing_by(Address(None), has_read=False) as standby:
        answers = [await standby.get(path) for path in ("/api/v1/rollouts", SHOP)]

    assert [(answer.status, answer.kind) for answer in answers] == [(503, "not-leading")] * 2


async def test_a_large_answer_comes_whole() -> None:
    """The list of a large fleet takes a megabyte, in many pieces."""
    fleet = [
        a_plan(key=Key("shop", f"service-{each:04}"), start=StartManual())
        for each in range(600)
    ]
    async with Office().open(*fleet) as leader, standing_by(Address(leader.url)) as standby:
        answer = await standby.get("/api/v1/rollouts")

    items = answer.json["items"]
    assert isinstance(items, list)
    assert len(items) == 600
    assert len(answer.text) > 256 * 1024


@pytest.mark.parametrize("target", [f"http://localhost:9{SHOP}", SHOP])
async def test_a_request_is_passed_on_to_nobody_but_the_leader(target: str) -> None:
    """Whatever host its first line names, as a proxy's would."""
    async with replicas() as (_, standby), asyncio.timeout(30):
        host, port = standby.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"trouble":""' in answer
