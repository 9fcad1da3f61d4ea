"""What people see when they look."""

from __future__ import annotations

from rolloutd.api.control.lookup import Here
from rolloutd.core.plan import StartManual
from rolloutd.core.units import Seconds
from rolloutd.engine.conditions import TYPES
from tests.api.control.office import SHOP, Office, checkout, search
from tests.builders import pause, rise


async def test_the_list_has_every_rollout_with_why_and_what_next() -> None:
    """A person sees at a glance."""
    async with Office().open(checkout(), search()) as office:
        answer = await office.get("/api/v1/rollouts")

    assert answer.status == 200
    assert isinstance(answer.json["items"], list)
    assert [item["name"] for item in answer.json["items"]] == ["search", "checkout"]
    first = answer.json["items"][0]
    assert (first["phase"], first["step"], first["stepCount"]) == ("progressing", 0, 4)
    assert first["split"]["desiredPercent"] == 10
    assert first["why"]
    assert first["whatNext"]


async def test_the_list_shows_what_an_order_has_just_done() -> None:
    """Summaries are kept for the next request: it must not be shown the one before."""
    async with Office().open(checkout()) as office:
        before = await office.get("/api/v1/rollouts")
        await office.order("pause", {"reason": "lunch"})
        after = await office.get("/api/v1/rollouts")

    assert [item["phase"] for item in _items(before.json)] == ["progressing"]
    assert [item["phase"] for item in _items(after.json)] == ["paused"]


async def test_filters_leave_out_the_rest() -> None:
    """By namespace and by phase, also both at once."""
    async with Office().open(checkout(), search(start=StartManual())) as office:
        waiting = await office.get("/api/v1/rollouts?phase=waiting")
        shop = await office.get("/api/v1/rollouts?namespace=shop")
        nobody = await office.get("/api/v1/rollouts?namespace=shop&phase=waiting")

    assert [item["name"] for item in _items(waiting.json)] == ["search"]
    assert [item["name"] for item in _items(shop.json)] == ["checkout"]
    assert _items(nobody.json) == []


async def test_an_unknown_phase_is_named_and_the_known_ones_listed() -> None:
    """Silence would look like an empty cluster."""
    async with Office().open(checkout()) as office:
        answer = await office.get("/api/v1/rollouts?phase=running")

    assert (answer.status, answer.kind) == (400, "bad-request")
    assert "progressing" in str(answer.json["detail"])


async def test_conditions_are_those_of_the_plan_object() -> None:
    """Whoever waits for `Stalled` or `Ready` of one finds the same here."""
    async with Office().open(checkout()) as office:
        await office.order("pause", {"reason": "lunch"})
        answer = await office.get("/api/v1/rollouts/shop/checkout")

    assert isinstance(answer.json["conditions"], list)
    told = {each["type"]: each for each in answer.json["conditions"]}
    assert tuple(told) == TYPES
    assert told["Paused"]["status"] == "True"
    assert told["Paused"]["reason"] == "PausedPerson"
    assert "lunch" in told["Paused"]["message"]
    assert (told["Ready"]["status"], told["Stalled"]["status"]) == ("False", "False")


async def test_one_rollout_is_told_in_full() -> None:
    """Steps, gates, timeline, when it was seen."""
    async with Office().open(checkout()) as office:
        answer = await office.get(SHOP)

    assert answer.status == 200
    steps = answer.json["steps"]
    assert isinstance(steps, list)
    assert [step["weightPercent"] for step in steps] == [10, 50, 75, 100]
    timeline = answer.json["timeline"]
    assert isinstance(timeline, list)
    assert timeline[-1]["weightPercent"] == 10
    assert answer.json["seenAt"] == "2023-11-14T22:13:20Z"


async def test_a_gate_says_how_often_in_a_row_it_was_fine() -> None:
    """As long as there are looks: of a run that is over nothing is counted."""
    async with Office().open(checkout()) as office:
        await office.settle(Seconds(30.0))
        during = await office.get(SHOP)
        after = await office.order("rollback")

    for answer, kind in ((during, int), (after, type(None))):
        gates = answer.json["gates"]
        assert isinstance(gates, list)
        assert {type(gate["inARow"]) for gate in gates} == {kind}


async def test_a_pause_of_the_plan_is_a_step_without_a_weight() -> None:
    """For as long as it lasts, or until a person ends it."""
    plan = checkout(steps=(rise(10, 0.0), pause(90.0), pause(), rise(100)))
    async with Office().open(plan) as office:
        answer = await office.get(SHOP)

    assert answer.json["steps"] == [
        {"weightPercent": 10, "seconds": 0.0},
        {"weightPercent": None, "seconds": 90.0},
        {"weightPercent": None, "seconds": None},
        {"weightPercent": 100, "seconds": 60.0},
    ]


async def test_a_rollout_without_a_plan_is_not_found() -> None:
    """With the name, so that a typing error shows."""
    async with Office().open(checkout()) as office:
        answer = await office.get("/api/v1/rollouts/shop/check-out")

    assert (answer.status, answer.kind) == (404, "no-such-rollout")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert "shop/check-out" in str(answer.json["detail"])


async def test_the_list_says_where_it_comes_from() -> None:
    """Which cluster, and which replica."""
    here = Here(cluster="prod-eu1", replica="rolloutd-0")
    async with Office(here=here).open(checkout()) as office:
        answer = await office.get("/api/v1/rollouts")

    assert (answer.json["cluster"], answer.json["replica"]) == ("prod-eu1", "rolloutd-0")


async def test_complaints_come_with_the_list() -> None:
    """A broken file would otherwise only be missed."""
    async with Office().open() as office:
        office.source.publish(checkout(), complaints=("b.yaml:3:1: unknown field",))
        await office.settle()
        answer = await office.get("/api/v1/rollouts")

    assert answer.json["complaints"] == ["b.yaml:3:1: unknown field"]


async def test_before_the_plans_are_read_there_is_no_empty_list() -> None:
    """A daemon that starts knows nothing, which is not the same as nothing being there."""
    async with Office().open() as office:
        answer = await office.get("/api/v1/rollouts")

    assert (answer.status, answer.kind) == (503, "starting")
    assert answer.headers["Retry-After"] == "2"


def _items(form: dict[str, object]) -> list[dict[str, object]]:
    items = form["items"]
    assert isinstance(items, list)
    return items
