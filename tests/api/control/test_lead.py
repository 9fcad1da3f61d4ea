"""What a standby without a leader tells of the past."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.errors import Unavailable
from tests.api.control.office import SHOP, Office, checkout, search
from tests.api.control.test_relay import Address, standing_by
from tests.api.control.test_runs import RUN, an_archive
from tests.fakes.archive import FakeArchive


async def test_without_a_leader_the_runs_that_are_kept_are_told() -> None:
    """Whoever looks in that minute wants to know how it ended last time."""
    async with (
        Office(archive=an_archive(RUN)).open(checkout(), search()) as leader,
        standing_by(Address(None), leader) as standby,
    ):
        listed = await standby.get(f"{SHOP}/runs")
        one = await standby.get(f"{SHOP}/runs/3")
        there = await leader.get(f"{SHOP}/runs/3")
        other = await standby.get(f"{SHOP}/runs/4")
        none = await standby.get("/api/v1/rollouts/find/search/runs")
        nothing = await standby.get("/api/v1/rollouts/shop/nothing/runs")

    items = listed.json["items"]
    assert isinstance(items, list)
    assert [item["run"] for item in items] == [3]
    assert "does not lead" in str(listed.json["trouble"])
    assert "newest may be missing" in str(listed.json["trouble"])
    assert (one.status, one.text) == (200, there.text)
    assert (other.status, other.kind) == (404, "no-such-run")
    assert (none.status, none.json["items"]) == (200, [])
    assert (nothing.status, nothing.kind) == (404, "no-such-rollout")


async def test_the_curves_of_a_run_that_is_over_are_told_from_what_is_kept() -> None:
    """It is the one that the record names, and no other."""
    kept = dataclasses.replace(RUN, run=1)
    async with Office(archive=an_archive(RUN, kept)).open(checkout()) as leader:
        await leader.order("rollback")
        async with standing_by(Address(None), leader) as standby:
            series = await standby.get(f"{SHOP}/series")

    assert series.status == 200
    assert series.json["desiredPercent"] == [10]
    assert "This is run 1 as it was kept." in str(series.json["trouble"])


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ([], "How run 1 goes only the leader knows: it is kept when it is over."),
        (["rollback"], "Run 1 is not kept."),
    ],
)
async def test_curves_that_only_the_leader_has_are_said_to_be_missing(
    orders: list[str], words: str
) -> None:
    """An empty chart without a word would say that nothing was measured."""
    async with Office(archive=FakeArchive()).open(checkout()) as leader:
        for verb in orders:
            await leader.order(verb)
        async with standing_by(Address(None), leader) as standby:
            series = await standby.get(f"{SHOP}/series")

    assert (series.status, series.json["at"]) == (200, [])
    assert str(series.json["trouble"]).endswith(words)
    assert "does not lead" in str(series.json["trouble"])


async def test_curves_without_a_record_are_those_of_no_run() -> None:
    """And those of a rollout without a plan are not there."""
    async with standing_by(Address(None)) as standby:
        fresh = await standby.get(f"{SHOP}/series")
        nothing = await standby.get("/api/v1/rollouts/shop/nothing/series")

    assert "No record says" in str(fresh.json["trouble"])
    assert (nothing.status, nothing.kind) == (404, "no-such-rollout")


@pytest.mark.parametrize("what", ["runs", "runs/3", "series"])
async def test_before_the_plans_are_read_no_past_is_denied(what: str) -> None:
    """404 would say that there was never such a rollout."""
    async with standing_by(Address(None), has_read=False) as standby:
        answer = await standby.get(f"{SHOP}/{what}")

    assert (answer.status, answer.kind) == (503, "not-leading")


@pytest.mark.parametrize("what", ["runs", "runs/3", "series"])
async def test_a_past_that_can_not_be_read_is_said_to_be_unreadable(what: str) -> None:
    """The API server is away, too: an empty answer would be a lie."""
    archive = an_archive(RUN)
    async with Office(archive=archive).open(checkout()) as leader:
        await leader.order("rollback")
        archive.failure = Unavailable("no answer")
        async with standing_by(Address(None), leader) as standby:
            answer = await standby.get(f"{SHOP}/{what}")

    assert answer.status == 503
    assert "The history can't be read" in str(answer.json["detail"])
