"""Looking back."""

from __future__ import annotations

import dataclasses
import math

import pytest

from rolloutd.core.deeds import Run
from rolloutd.core.observation import Closest, Course, Ruling
from rolloutd.core.plan import Key
from rolloutd.core.series import GateSeries, Series
from rolloutd.core.state import Phase, Transition
from rolloutd.core.units import Instant, Percent, Ratio, Seconds
from rolloutd.errors import Refused, RolloutdError, Unavailable
from tests.api.control.office import CHECKOUT, SHOP, Office, checkout, search
from tests.builders import T0, a_plan, at, says
from tests.fakes.archive import FakeArchive

RUN = Run(
    run=3,
    outcome=Phase.ROLLED_BACK,
    started=T0,
    ended=at(60),
    stable="v3",
    canary="v4",
    reason="Rolled back: it is worse.",
    timeline=(
        Transition(
            at=T0, phase=Phase.PROGRESSING, step=0, weight=Percent(10), reason="Started."
        ),
    ),
    verdicts=(says(Ruling.BREACH),),
    course=Course(
        since=T0,
        requests=1000,
        failures=50,
        looks=12,
        fine=10,
        closest=Closest(gate="success-rate", room=-2.0, weight=Percent(10)),
    ),
    series=Series(
        at=(Instant(T0 + 0.12345),),
        desired=(Percent(10),),
        observed=(Ratio(0.1),),
        gates={
            "p99": GateSeries(
                unit="ms",
                canary=(123.456789,),
                stable=(None,),
                limit=(math.inf,),
                ruling=(Ruling.BREACH,),
            )
        },
    ),
)


def an_archive(*runs: Run) -> FakeArchive:
    archive = FakeArchive()
    archive.kept[CHECKOUT] = runs
    return archive


async def test_the_series_of_a_run_grows_as_it_is_watched() -> None:
    """A browser that opens in mid-run draws what was before it came."""
    async with Office().open(checkout()) as office:
        await office.settle(Seconds(30.0))
        answer = await office.get(f"{SHOP}/series")

    series = answer.json
    assert answer.status == 200
    assert isinstance(series["at"], list)
    assert len(series["at"]) >= 5
    assert series["desiredPercent"] == [10] * len(series["at"])
    gates = series["gates"]
    assert isinstance(gates, dict)
    assert set(gates["success-rate"]) == {"unit", "canary", "stable", "limit", "ruling"}
    assert {len(gates["success-rate"][column]) for column in ("canary", "ruling")} == {
        len(series["at"])
    }


async def test_the_runs_that_are_over_are_listed() -> None:
    """With what a line of a list shows, and no more."""
    office = Office(archive=an_archive(RUN, dataclasses.replace(RUN, run=2)))
    async with office.open(checkout()):
        answer = await office.get(f"{SHOP}/runs")

    items = answer.json["items"]
    assert isinstance(items, list)
    assert [item["run"] for item in items] == [3, 2]
    assert items[0] == {
        "run": 3,
        "outcome": "rolledBack",
        "started": "2023-11-14T22:13:20Z",
        "ended": "2023-11-14T22:14:20Z",
        "stableVersion": "v3",
        "canaryVersion": "v4",
        "reason": "Rolled back: it is worse.",
        "actor": "",
    }


async def test_a_run_is_told_in_full() -> None:
    """The page of a run of last week shows what the page of that day showed."""
    async with Office(archive=an_archive(RUN)).open(checkout()) as office:
        answer = await office.get(f"{SHOP}/runs/3")

    run = answer.json
    assert (run["namespace"], run["name"], run["run"]) == ("shop", "checkout", 3)
    assert run["timeline"] == [
        {
            "at": "2023-11-14T22:13:20Z",
            "phase": "progressing",
            "step": 0,
            "weightPercent": 10,
            "actor": "",
            "reason": "Started.",
        }
    ]
    assert isinstance(run["gates"], list)
    assert run["gates"][0]["ruling"] == "rollback"
    assert isinstance(run["course"], dict)
    assert run["course"]["closest"] == {
        "gate": "success-rate",
        "room": -2.0,
        "weightPercent": 10,
    }
    assert run["series"] == {
        "at": [round(T0 + 0.123, 3)],
        "desiredPercent": [10],
        "observedRatio": [0.1],
        "gates": {
            "p99": {
                "unit": "ms",
                "canary": [123.456789],
                "stable": [None],
                "limit": [None],
                "ruling": ["rollback"],
            }
        },
    }


async def test_a_run_that_nobody_counted_has_no_course() -> None:
    """It ended in another process."""
    run = dataclasses.replace(RUN, course=None)
    async with Office(archive=an_archive(run)).open(checkout()) as office:
        answer = await office.get(f"{SHOP}/runs/3")

    assert answer.json["course"] is None


async def test_a_run_that_no_gate_came_near_to_a_limit_in_has_no_closest() -> None:
    """A plan without gates has no room to lose."""
    course = Course(since=T0)
    run = dataclasses.replace(RUN, course=course)
    async with Office(archive=an_archive(run)).open(checkout()) as office:
        answer = await office.get(f"{SHOP}/runs/3")

    assert isinstance(answer.json["course"], dict)
    assert answer.json["course"]["closest"] is None


@pytest.mark.parametrize("number", ["4", "x", "03"])
async def test_a_run_that_is_not_kept_is_not_found(number: str) -> None:
    """In words that say why it may not be there."""
    async with Office(archive=an_archive(RUN)).open(checkout()) as office:
        answer = await office.get(f"{SHOP}/runs/{number}")

    assert (answer.status, answer.kind) == (404, "no-such-run")


@pytest.mark.parametrize("path", ["series", "runs"])
async def test_a_rollout_that_nobody_planned_is_not_found(path: str) -> None:
    """Like everywhere else."""
    async with Office(archive=an_archive()).open(search()) as office:
        answer = await office.get(f"{SHOP}/{path}")

    assert (answer.status, answer.kind) == (404, "no-such-rollout")


async def test_the_runs_of_a_plan_that_is_gone_are_still_there() -> None:
    """A plan is often removed once its canary is promoted; questions come later."""
    async with Office(archive=an_archive(RUN)).open(search()) as office:
        answer = await office.get(f"{SHOP}/runs")

    assert answer.status == 200


@pytest.mark.parametrize("failure", [Unavailable("away"), Refused("403")])
@pytest.mark.parametrize("path", ["runs", "runs/3"])
async def test_an_archive_that_is_away_is_told(failure: RolloutdError, path: str) -> None:
    """An empty list would say that there never was a run."""
    archive = an_archive(RUN)
    archive.failure = failure
    async with Office(archive=archive).open(checkout()) as office:
        answer = await office.get(f"{SHOP}/{path}")

    assert (answer.status, answer.kind) == (503, "unavailable")


async def test_where_nothing_is_kept_the_list_is_empty() -> None:
    """A daemon without a history is one that has none to show."""
    async with Office().open(checkout()) as office:
        answer = await office.get(f"{SHOP}/runs")

    assert answer.json["items"] == []


async def test_a_key_is_no_other_keys_archive() -> None:
    """Two plans of one name in two namespaces."""
    archive = an_archive(RUN)
    async with Office(archive=archive).open(a_plan(key=Key("shop2", "checkout"))) as office:
        answer = await office.get("/api/v1/rollouts/shop2/checkout/runs")

    assert answer.json["items"] == []


async def test_an_order_says_from_where_it_came() -> None:
    """An audit asks who, and also from where and with what."""
    async with Office().open(checkout()) as office:
        await office.order("pause", User_Agent="curl/8.5\tevil")

        (order,) = office.scribe.orders
    assert order.command.source == "API: curl/8.5evil at 127.0.0.1"
