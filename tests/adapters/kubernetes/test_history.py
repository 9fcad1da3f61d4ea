"""Runs that are over, in a ConfigMap."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rolloutd.adapters.kubernetes.history import KEPT, PATIENCE, RunHistory
from rolloutd.core.deeds import Deed, Ended, Run, TakenOver
from rolloutd.core.plan import Plan
from rolloutd.core.series import Series
from rolloutd.core.state import Phase
from rolloutd.core.units import Percent, Seconds
from rolloutd.errors import Conflict, Refused, Unavailable
from rolloutd.ports import Json
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_plan, a_record, at
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

PATH = "/api/v1/namespaces/default/configmaps/rolloutd-history-data-product"


def a_run(number: int = 1, **changes: object) -> Run:
    run = Run(
        run=number,
        outcome=Phase.PROMOTED,
        started=T0,
        ended=at(60),
        stable="v3",
        canary="v4",
        reason="Promoted.",
        series=Series(at=(T0,), desired=(Percent(10),), observed=(None,), gates={}),
    )
    return dataclasses.replace(run, **changes)  # type: ignore[arg-type] # tests name fields


class Office:
    """A history among fakes."""

    def __init__(self) -> None:
        self.kube, self.clock, self.metrics = FakeKube(), FakeClock(T0), Metrics()
        self.plan: Plan = a_plan()
        self.history = RunHistory(self.kube, self.clock, self.metrics)

    def note(self, run: Run) -> None:
        """Let a run end."""
        self.history.note(self.plan, Ended(at=T0, run=run))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Write for the length of a block, and what is left after it."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.history.run(), name="history")
            yield
            while len(self.history):
                await self.clock.sleep(Seconds(1.0))
            task.cancel()

    async def keep(self, *runs: Run) -> None:
        """Let runs end and be written."""
        async with self.open():
            for run in runs:
                self.note(run)

    async def kept(self) -> list[int]:
        """Return the numbers of the runs that are kept."""
        return [run.run for run in await self.history.runs(self.plan.key)]

    def count(self, outcome: str) -> float:
        """Return how many runs had this outcome."""
        labels = {"outcome": outcome}
        value = self.metrics.registry.get_sample_value("rolloutd_history_writes_total", labels)
        assert value is not None
        return value

    @property
    def data(self) -> Json:
        """The texts in the ConfigMap."""
        data = self.kube.objects[PATH]["data"]
        assert isinstance(data, dict)
        return data


async def test_a_run_comes_back_as_it_was() -> None:
    """The report of next week is made from it."""
    office = Office()

    await office.keep(a_run())

    assert list(await office.history.runs(office.plan.key)) == [a_run()]


async def test_runs_are_kept_newest_first_up_to_a_number() -> None:
    """An object in Kubernetes has 1 MiB at most."""
    office = Office()

    await office.keep(*(a_run(number) for number in range(1, KEPT + 4)))

    assert await office.kept() == list(range(KEPT + 3, 3, -1))
    assert len(office.data) == KEPT


async def test_an_old_run_does_not_push_out_a_newer_one() -> None:
    """A process that comes back late has an old story to tell."""
    office = Office()
    await office.keep(*(a_run(number) for number in range(2, KEPT + 2)))

    await office.keep(a_run(1))

    assert min(await office.kept()) == 2


async def test_a_run_is_written_once_whoever_tells_of_it() -> None:
    """Every restart within a day tells of it again, without its numbers."""
    office = Office()
    await office.keep(a_run())

    await office.keep(a_run(ended=at(60.04), series=Series()))

    assert office.kube.count("create") + office.kube.count("merge") == 1
    assert office.count("known") == 1


@pytest.mark.parametrize(
    "fuller",
    [
        pytest.param(a_run(), id="it comes with its numbers after all"),
        pytest.param(
            a_run(series=Series(), outcome=Phase.ABORTED, ended=at(90)),
            id="it was taken back after it was promoted",
        ),
    ],
)
async def test_a_run_is_written_again_where_more_is_known(fuller: Run) -> None:
    """The later word is the last one."""
    office = Office()
    await office.keep(a_run(series=Series()))

    await office.keep(fuller)

    assert list(await office.history.runs(office.plan.key)) == [fuller]


async def test_an_earlier_end_does_not_undo_a_later_one() -> None:
    """A replica that was frozen at the promotion may wake up after the rollback."""
    office = Office()
    await office.keep(a_run(outcome=Phase.ABORTED, ended=at(90), series=Series()))

    await office.keep(a_run())

    (run,) = await office.history.runs(office.plan.key)
    assert run.outcome is Phase.ABORTED


@pytest.mark.parametrize("failure", [Unavailable("away"), Conflict("409")])
async def test_a_write_that_fails_is_tried_again(failure: Unavailable | Conflict) -> None:
    """Runs end when clusters have a bad day."""
    office = Office()
    office.kube.fail("create", failure, failure, failure)

    await office.keep(a_run())

    assert await office.kept() == [1]
    assert office.count("written") == 1


async def test_a_run_that_can_not_be_written_for_long_is_given_up() -> None:
    """With a word in the log and a number for an alert, and the next one is tried."""
    office = Office()
    office.kube.fail("get", *[Unavailable("away")] * 40)

    async with office.open():
        office.note(a_run(1))
        await office.clock.sleep(Seconds(PATIENCE + 60))
        office.kube.forgive()
        office.note(a_run(2))

    assert await office.kept() == [2]
    assert office.count("lost") == 1


async def test_a_refusal_is_not_tried_again() -> None:
    """A right that is missing does not come by asking."""
    office = Office()
    office.kube.fail("get", Refused("403"))

    await office.keep(a_run())

    assert office.kube.count("get") == 1
    assert office.count("lost") == 1


async def test_what_ended_otherwise_while_it_was_written_is_written_after_it() -> None:
    """A rollback right after a promotion must not get lost behind it."""
    office = Office()
    async with office.open():
        office.note(a_run())
        await asyncio.sleep(0)  # noqa: TID251 - a loop turn: the first request is under way
        office.note(a_run(outcome=Phase.ABORTED, ended=at(90)))

    (run,) = await office.history.runs(office.plan.key)
    assert run.outcome is Phase.ABORTED


async def test_what_waits_is_bounded() -> None:
    """An API server that is away for a day must not fill our memory."""
    office = Office()
    for number in range(1, 1003):
        office.note(a_run(number))

    assert office.count("lost") == 2


async def test_the_last_words_are_written_when_the_daemon_stops() -> None:
    """A pipeline promotes and drains the node."""
    office = Office()
    office.note(a_run())

    await office.history.drain(Seconds(5.0))

    assert await office.kept() == [1]


async def test_a_daemon_that_stops_does_not_wait_for_a_dead_server() -> None:
    """It says what was lost, and goes."""
    office = Office()
    office.kube.fail("get", Unavailable("away"))
    office.note(a_run())

    await office.history.drain(Seconds(5.0))

    assert office.count("lost") == 1


async def test_other_deeds_are_no_business_of_the_history() -> None:
    """Only what is over is history."""
    office = Office()
    other: Deed = TakenOver(at=T0, record=a_record(office.plan))

    office.history.note(office.plan, other)
    await office.history.drain(Seconds(5.0))

    assert office.kube.requests == []


async def test_no_history_is_an_empty_one() -> None:
    """A plan before its first run."""
    assert await Office().kept() == []


async def test_what_can_not_be_read_is_left_out_and_left_alone() -> None:
    """Somebody's note in the ConfigMap, or a text of a later version."""
    office = Office()
    data: Json = {"run-1": "{}", "README": "keep out", "run-x": "?", "run-3": 3}
    office.kube.put(PATH, {"data": data})

    await office.keep(a_run(2))

    assert await office.kept() == [2]
    assert office.data["README"] == "keep out"


async def test_the_requests_are_those_that_the_roles_allow() -> None:
    """get, create and patch on ConfigMaps, in the plan's namespace."""
    office = Office()

    await office.keep(a_run(1), a_run(2))

    verbs = {verb for verb, _ in office.kube.requests}
    assert verbs == {"get", "create", "merge"}
    assert {path.split("/")[5] for _, path in office.kube.requests} == {"configmaps"}
