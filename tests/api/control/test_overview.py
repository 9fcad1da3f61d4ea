"""A fleet that is shared out looks like one to whoever asks any replica."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web

from rolloutd.api.control.relay import LED, RELAYED
from rolloutd.api.control.tokens import TokenFile
from rolloutd.core.plan import Key
from rolloutd.ports import Json
from tests.api.control.branch import HERE, ORDERS, THERE, Branch, branches, orders
from tests.api.control.office import SHOP, Answer, checkout, search
from tests.api.control.test_door import TOKENS, VIEWER, bearer
from tests.api.control.test_relay import NOBODY
from tests.fakes.endpoint import FakeEndpoint, served

LIST = "/api/v1/rollouts"
THEIRS = f"{LIST}/default/orders"
FLEET = (checkout(), search(), orders())


def items(answer: Answer) -> list[Json]:
    found = answer.json["items"]
    assert isinstance(found, list)
    return found


def names(answer: Answer) -> list[tuple[object, object]]:
    return [(item["namespace"], item["name"]) for item in items(answer)]


async def test_every_replica_lists_the_whole_fleet() -> None:
    """In one order, each rollout as its own leader sees it, and nothing to worry about."""
    async with branches(*FLEET) as (one, two):
        here, there = await one.get(LIST), await two.get(LIST)

    assert names(here) == [("default", "orders"), ("find", "search"), ("shop", "checkout")]
    assert items(here) == items(there)
    assert (here.json["trouble"], there.json["trouble"]) == ("", "")
    assert LED not in here.headers


async def test_filters_hold_for_all_of_it() -> None:
    """A namespace is one shard's business, a phase everybody's."""
    async with branches(*FLEET) as (one, _):
        await one.order("pause", path=THEIRS)
        theirs = await one.get(f"{LIST}?namespace=default")
        paused = await one.get(f"{LIST}?phase=paused")
        wrong = await one.get(f"{LIST}?phase=running")

    assert names(theirs) == names(paused) == [("default", "orders")]
    assert (wrong.status, wrong.kind) == (400, "bad-request")


async def test_an_order_goes_to_who_drives_that_rollout() -> None:
    """Whichever replica a person happens to reach."""
    async with branches(*FLEET) as (one, two):
        answers = [
            await each.order("pause", path=path)
            for each, path in ((one, THEIRS), (two, SHOP), (one, SHOP))
        ]
        told = await one.get(THEIRS)
        recorded = one.record(ORDERS)

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert told.json["phase"] == "paused"
    assert recorded.phase.value == "paused"


async def test_callers_see_of_every_shard_what_they_may(tmp_path: Path) -> None:
    """Each replica is asked with the caller's own token."""
    file = tmp_path / "tokens.yaml"
    file.write_text(TOKENS)
    async with branches(*FLEET, access=lambda: TokenFile(file)) as (one, _):
        seen = await one.get(LIST, Authorization=bearer(VIEWER))
        stranger = await one.get(LIST, Authorization=bearer("unknown"))

    assert len(items(seen)) == 3
    assert stranger.status == 401


@pytest.mark.parametrize("url", [None, NOBODY])
async def test_for_a_replica_that_is_gone_the_records_stand(url: str | None) -> None:
    """Its rollouts alone; the others are as fresh as ever, and the list says which is which."""
    async with branches(*FLEET) as (one, two):
        await one.order("pause", path=THEIRS)
        two.lose(THERE)
        one.leaders.pop(THERE)
        if url is not None:
            one.leaders[THERE] = url
        listed = await one.get(LIST)
        one_of_them = await one.get(THEIRS)
        order = await one.order("resume", path=THEIRS)

    by_name = {item["name"]: item for item in items(listed)}
    assert by_name["orders"]["phase"] == "paused"
    assert "r-2-of-2" in str(listed.json["trouble"])
    assert by_name["orders"]["trouble"] == listed.json["trouble"]
    assert by_name["checkout"]["trouble"] == ""
    assert one_of_them.json["trouble"] != ""
    assert (order.status, order.kind) == (503, "not-leading")


async def test_what_has_just_changed_hands_is_not_left_out() -> None:
    """A replica that answers, but no longer for that shard."""
    async with branches(*FLEET) as (one, two):
        two.lose(THERE)
        two.leads.add(HERE)
        listed = await one.get(LIST)

    assert ("default", "orders") in names(listed)
    assert "r-2-of-2" in str(listed.json["trouble"])


async def test_a_replica_that_leads_nothing_asks_all_who_do() -> None:
    """A third one stands by for both."""
    async with branches(*FLEET) as (one, two):
        third = Branch(tag="c", leads=set(), clock=one.clock, meshes=one.meshes)
        third.leaders = {HERE: one.url, THERE: two.url}
        async with third.open(*FLEET):
            listed, there = await third.get(LIST), await one.get(LIST)
            relayed = await third.get(LIST, **{RELAYED: "1"})

    assert items(listed) == items(there)
    assert (relayed.status, relayed.kind) == (503, "not-leading")


async def test_what_is_asked_by_another_replica_is_answered_for_ones_own_shards() -> None:
    """Else they would ask each other in circles."""
    async with branches(*FLEET) as (one, _):
        answer = await one.get(LIST, **{RELAYED: "1"})

    assert names(answer) == [("find", "search"), ("shop", "checkout")]
    assert answer.headers[LED] == "r-1-of-2"


@pytest.mark.parametrize("body", ["[]", "{", '{"items": [{}], "trouble": ""}'])
async def test_a_list_that_is_none_is_no_answer(body: str) -> None:
    """A replica of another version, or no replica at all."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, content_type="application/json")

    endpoint = FakeEndpoint(handler=answer)
    async with branches(*FLEET) as (one, _), served(endpoint):
        one.leaders[THERE] = endpoint.url
        listed = await one.get(LIST)

    assert len(items(listed)) == 3
    assert "can't be read" in str(listed.json["trouble"])


async def test_a_replica_that_refuses_is_said_to() -> None:
    """Its tokens may be older than ours."""

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=HTTPStatus.UNAUTHORIZED)

    endpoint = FakeEndpoint(handler=refuse)
    async with branches(*FLEET) as (one, _), served(endpoint):
        one.leaders[THERE] = endpoint.url
        listed = await one.get(LIST)

    assert "answers 401" in str(listed.json["trouble"])


async def test_without_records_and_without_a_leader_no_rollout_is_denied() -> None:
    """A list that leaves a shard out would say that its plans are gone."""
    async with branches(*FLEET) as (one, _):
        lone = Branch(tag="c", leads={HERE}, clock=one.clock, has_read=False)
        async with lone.open(*FLEET):
            listed = await lone.get(LIST)

    assert (listed.status, listed.kind) == (503, "not-leading")


async def test_complaints_are_told_once() -> None:
    """All replicas read the same files."""
    async with branches(*FLEET) as (one, two):
        for each in (one, two):
            each.source.publish(*FLEET, complaints=("broken.yaml:3 is no plan.",))
        await one.settle()
        listed = await one.get(LIST)

    assert listed.json["complaints"] == ["broken.yaml:3 is no plan."]


def test_the_two_shards_of_these_tests_are_two() -> None:
    """Else they would all pass for nothing."""
    assert [shard.has(Key("shop", "x")) for shard in (HERE, THERE)] == [True, False]
    assert [shard.has(ORDERS) for shard in (HERE, THERE)] == [False, True]
