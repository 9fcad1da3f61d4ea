"""One rollout, driven through fakes in no time at all."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rolloutd.core.actions import Accepted, Declined, Happening
from rolloutd.core.observation import (
    CommandKind,
    Counts,
    MeshBlind,
    Reading,
    Ruling,
    Unread,
)
from rolloutd.core.plan import Arm, Plan
from rolloutd.core.record_text import from_text, to_text
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Percent, Seconds
from rolloutd.engine.rollout import Rollout
from rolloutd.engine.world import World
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_mesh, a_plan, a_record, a_workload, asked
from tests.fakes.clock import FakeClock
from tests.fakes.herald import FakeHerald
from tests.fakes.mesh import FakeMesh, Lost
from tests.fakes.scribe import FakeScribe
from tests.fakes.workloads import FakeWorkloads


class Stage:
    """A rollout among fakes, with traffic that a test can spoil."""

    def __init__(self, plan: Plan | None = None, mesh: FakeMesh | None = None) -> None:
        self.clock, self.mesh = FakeClock(T0), mesh or FakeMesh()
        self.workloads, self.herald = FakeWorkloads(), FakeHerald()
        self.metrics, self.scribe = Metrics(), FakeScribe()
        world = World(
            clock=self.clock,
            mesh=self.mesh,
            workloads=self.workloads,
            herald=self.herald,
            metrics=self.metrics,
            scribes=(self.scribe,),
        )
        self.plan = plan or a_plan()
        self.rollout = Rollout(self.plan, world)
        self._totals = {"stable": Counts(requests=0, failures=0)}
        self._totals["canary"] = self._totals["stable"]

    async def pass_time(
        self, seconds: float, *, failing: float = 0.0, astray: float = 0.0
    ) -> None:
        """Let time go by in intervals of 5 s, each with 2000 requests and a turn.

        Args:
            seconds: How long.
            failing: Share of the canary's requests that fail.
            astray: Share of stable's requests that go to the canary instead.
        """
        for _ in range(round(seconds / 5)):
            await self.clock.sleep(Seconds(5.0))
            holds = self.mesh.holds
            share = 0 if isinstance(holds, MeshBlind) else holds.canary or 0
            share += round(astray * (100 - share))
            self._serve("stable", 20 * (100 - share), 0.0)
            self._serve("canary", 20 * share, failing)
            if self.rollout.target() is not None:
                self.rollout.hear(
                    Reading(
                        at=self.clock.now(),
                        stable=self._totals["stable"],
                        canary=self._totals["canary"],
                        values={},
                    )
                )
            await self.rollout.turn()

    def _serve(self, arm: str, requests: int, failing: float) -> None:
        before = self._totals[arm]
        self._totals[arm] = Counts(
            requests=before.requests + requests,
            failures=before.failures + round(requests * failing),
        )

    @property
    def record(self) -> Record:
        """The record that the mesh holds."""
        assert not isinstance(self.mesh.holds, MeshBlind)
        assert self.mesh.holds.record is not None
        return from_text(self.mesh.holds.record)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the rollout's own task for the length of a block."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.rollout.run(), name="rollout")
            yield
            task.cancel()


async def test_a_healthy_canary_costs_one_write_per_weight() -> None:
    """Four weights, four writes, nothing else."""
    stage = Stage()

    await stage.pass_time(300)

    assert stage.mesh.writes == [10, 50, 75, 100]
    assert stage.record.phase is Phase.PROMOTED


async def test_an_ended_rollout_is_left_alone() -> None:
    """No write, and no metrics asked for."""
    stage = Stage()
    await stage.pass_time(300)

    await stage.pass_time(600)

    assert len(stage.mesh.writes) == 4
    assert stage.rollout.target() is None


async def test_a_failing_canary_is_rolled_back() -> None:
    """Half of its answers are errors."""
    stage = Stage()
    await stage.pass_time(10)

    await stage.pass_time(30, failing=0.5)

    assert stage.mesh.writes == [10, 0]
    assert stage.record.phase is Phase.ROLLED_BACK
    assert Happening.ROLLED_BACK in stage.herald.happenings


@pytest.mark.parametrize("failure", [Unavailable("away"), Conflict("409"), Refused("no")])
async def test_a_rollback_is_tried_until_it_is_written(failure: RolloutdError) -> None:
    """Evidence seen once is enough, even if the canary looks fine by the time of the retry."""
    stage = Stage()
    await stage.pass_time(10)
    for _ in range(3):
        stage.mesh.fail_next(failure)
    await stage.pass_time(15, failing=0.5)

    await stage.pass_time(30)

    assert stage.mesh.writes == [10, 0]


async def test_a_write_whose_answer_was_lost_is_not_written_again() -> None:
    """It is recognised when it turns up, and told of once."""
    stage = Stage()
    stage.mesh.fail_next(Unavailable("connection reset"), Lost.AFTER)

    await stage.pass_time(30)

    assert stage.mesh.writes == [10]
    assert stage.herald.happenings == [Happening.STARTED]


async def test_a_failed_write_changes_nothing_that_is_believed() -> None:
    """What is recorded is true; what is not, is not."""
    stage = Stage()
    stage.mesh.fail_next(Unavailable("away"))

    await stage.rollout.turn()

    assert stage.rollout.view.record is None
    assert stage.rollout.view.trouble == "away"


async def test_a_restart_resumes_at_the_same_step_with_the_same_hold_left() -> None:
    """Thirty of sixty seconds are over when the process dies."""
    stage = Stage()
    await stage.pass_time(30)
    heir = Stage(mesh=stage.mesh)
    await heir.clock.sleep(Seconds(30.0))

    await heir.pass_time(25)
    before = list(heir.mesh.writes)
    await heir.pass_time(10)

    assert before == [10]
    assert heir.mesh.writes == [10, 50]


async def test_a_command_is_answered_when_its_record_is_written() -> None:
    """A 200 means that a kill right after it loses nothing."""
    stage = Stage()
    async with stage.running():
        await stage.clock.sleep(Seconds(1.0))
        reply = await stage.rollout.order(asked(CommandKind.PAUSE))

        assert reply == Accepted()
        assert stage.record.phase is Phase.PAUSED
        assert stage.record.commands == ("c1",)


async def test_a_command_outlives_a_failed_write() -> None:
    """It is obeyed when the API server is back, not refused."""
    stage = Stage()
    async with stage.running():
        await stage.clock.sleep(Seconds(1.0))
        stage.mesh.fail_next(Unavailable("away"))
        stage.mesh.fail_next(Unavailable("answer lost"), Lost.AFTER)
        reply = await stage.rollout.order(asked(CommandKind.ROLLBACK))

        assert reply == Accepted()
        assert stage.record.phase is Phase.ABORTED


async def test_a_command_that_does_not_fit_is_declined() -> None:
    """And nothing is written."""
    stage = Stage()
    async with stage.running():
        await stage.clock.sleep(Seconds(1.0))
        reply = await stage.rollout.order(asked(CommandKind.RETRY))

        assert isinstance(reply, Declined)
        assert stage.mesh.writes == [10]


async def test_an_unreadable_record_is_left_alone_until_somebody_says_retry() -> None:
    """Somebody edited it by hand; guessing could move everybody's traffic."""
    stage = Stage()
    stage.mesh.holds = a_mesh(40, record='{"v": "what?"')
    await stage.pass_time(10)
    assert stage.mesh.writes == []
    assert "retry" in stage.rollout.view.outlook.why

    async with stage.running():
        await stage.rollout.order(asked(CommandKind.RETRY))
        await stage.clock.sleep(Seconds(1.0))

        assert stage.mesh.writes == [10]


async def test_a_record_removed_under_a_running_rollout_is_restored() -> None:
    """A GitOps tool that prunes annotations does not end a run."""
    stage = Stage()
    await stage.pass_time(10)
    stage.mesh.holds = a_mesh(10)

    await stage.pass_time(5)

    assert stage.record.phase is Phase.PROGRESSING


async def test_foreign_weights_without_a_record_are_drift() -> None:
    """The VirtualService was applied anew from Git."""
    stage = Stage()
    await stage.pass_time(10)
    stage.mesh.holds = a_mesh(0)

    await stage.pass_time(5)

    assert stage.mesh.writes == [10, 10]
    assert Happening.DRIFT in stage.herald.happenings


async def test_an_edit_that_names_another_canary_rolls_back_first() -> None:
    """Both through the plan under which each runs."""
    stage = Stage()
    await stage.pass_time(10)
    fifth = Arm(host=None, subset="v5", deployment="data-product-v5.0")

    stage.rollout.follow(dataclasses.replace(stage.plan, canary=fifth, digest="d2"))
    await stage.pass_time(10)

    assert stage.mesh.writes == [10, 0, 10]
    assert stage.record.arms.canary_subset == "v5"


async def test_a_run_left_behind_by_an_earlier_process_is_ended_by_its_own_arms() -> None:
    """The plan was edited while the daemon was down."""
    mesh, old = FakeMesh(), a_plan()
    record = a_record(old, step=1, weight=Percent(50))
    mesh.holds = a_mesh(50, record=to_text(record))
    fifth = Arm(host=None, subset="v5", deployment="data-product-v5.0")

    stage = Stage(dataclasses.replace(old, canary=fifth, digest="d2"), mesh)
    await stage.rollout.turn()

    assert mesh.writes == [0]
    assert stage.record.arms.canary_subset == "v4"


async def test_a_run_left_behind_is_ended_though_the_edited_plan_can_not_read_its_weights() -> (
    None
):
    """Somebody gave the old canary all, so neither arm of the edited plan has any traffic."""
    mesh, old = FakeMesh(), a_plan()
    left = to_text(a_record(old, step=1, weight=Percent(50)))
    mesh.holds = MeshBlind(reason="neither arm has any weight", record=left)
    fifth = Arm(host=None, subset="v5", deployment="data-product-v5.0")

    stage = Stage(dataclasses.replace(old, canary=fifth, digest="d2"), mesh)
    await stage.rollout.turn()

    assert mesh.writes == [0]
    assert stage.record.arms.canary_subset == "v4"
    assert stage.record.phase is Phase.ROLLED_BACK


async def test_a_run_that_another_process_began_by_the_edited_plan_goes_on() -> None:
    """A standby hears of the edit, too; it must not take the run for the one before it."""
    mesh, old = FakeMesh(), a_plan()
    fifth = Arm(host=None, subset="v5", deployment="data-product-v5.0")
    edited = dataclasses.replace(old, canary=fifth, digest="d2")
    mesh.holds = a_mesh(10, record=to_text(a_record(edited, run=2)))

    stage = Stage(old, mesh)
    stage.rollout.follow(edited)
    await stage.rollout.turn()

    assert mesh.writes == []
    assert stage.record.phase is Phase.PROGRESSING
    assert stage.rollout.plan == edited


async def test_a_removed_plan_is_let_go_once_its_run_has_ended() -> None:
    """Its task ends by itself."""
    stage = Stage()
    await stage.pass_time(300)

    stage.rollout.follow(None)

    await asyncio.wait_for(stage.rollout.run(), 1)


async def test_blind_meters_hold_the_weight() -> None:
    """A provider that is down rolls nothing back and promotes nothing."""
    stage = Stage()
    await stage.pass_time(10)
    for _ in range(30):
        await stage.clock.sleep(Seconds(5.0))
        stage.rollout.hear(Unread(reason="connection refused"))
        await stage.rollout.turn()

    assert stage.mesh.writes == [10]
    assert "connection refused" in stage.rollout.view.outlook.why


async def test_stable_is_scaled_down_before_the_record_says_so() -> None:
    """Dying in between repeats the scaling, which is harmless; the reverse would lose it."""
    stage = Stage(a_plan(scale_down_after=Seconds(60.0)))
    await stage.pass_time(200)
    stage.mesh.fail_next(Unavailable("away"))

    await stage.pass_time(120)

    assert stage.workloads.scaled == ["data-product", "data-product"]
    assert stage.record.scaled_down


async def test_a_new_image_is_judged_on_its_own_evidence() -> None:
    """The first image's errors are not held against the second."""
    stage = Stage()
    await stage.pass_time(10)
    await stage.pass_time(15, failing=0.5)
    stage.workloads.seen["data-product-v4.0"] = a_workload(revision="r2")

    await stage.pass_time(300)

    assert stage.mesh.writes == [10, 0, 10, 50, 75, 100]


async def test_what_happened_is_counted() -> None:
    """The daemon's own metrics tell the story, too."""
    stage = Stage()
    await stage.pass_time(300)

    labels = {"rollout_namespace": "default", "rollout": "data-product"}
    value = stage.metrics.registry.get_sample_value
    promote = {**labels, "direction": "promote"}
    assert value("rolloutd_step_transitions_total", promote) == 1
    assert value("rolloutd_writes_total", {**labels, "outcome": "accepted"}) == 4
    assert value("rolloutd_rollout_phase", {**labels, "phase": "promoted"}) == 1
    fine = {**labels, "gate": "success-rate", "result": "pass"}
    evaluations = value("rolloutd_gate_evaluations_total", fine)
    assert evaluations is not None
    assert evaluations > 20


def figure(stage: Stage, name: str, **labels: str) -> float | None:
    return stage.metrics.registry.get_sample_value(name, labels)


ROLLOUT = {"rollout_namespace": "default", "rollout": "data-product"}


async def test_a_rollback_is_timed_from_its_first_attempt() -> None:
    """An API server that refuses for a minute is a minute of bad answers."""
    stage = Stage()
    await stage.pass_time(10)
    for _ in range(3):
        stage.mesh.fail_next(Unavailable("away"))

    await stage.pass_time(40, failing=0.5)

    assert figure(stage, "rolloutd_rollback_duration_seconds_sum") == 15.0
    (said,) = [w for w in stage.herald.said if w.what is Happening.ROLLED_BACK]
    assert said.took == 15.0


async def test_a_write_whose_answer_was_lost_is_counted() -> None:
    """The alert on rollbacks must not miss those that the network made hard."""
    stage = Stage()
    await stage.pass_time(10)
    stage.mesh.fail_next(Unavailable("connection reset"), Lost.AFTER)

    await stage.pass_time(30, failing=0.5)

    labels = {**ROLLOUT, "result": "rolled_back", "trigger": "auto"}
    assert stage.mesh.writes == [10, 0]
    assert figure(stage, "rolloutd_rollouts_total", **labels) == 1


async def test_people_are_told_what_the_gates_saw_and_what_it_cost() -> None:
    """A rollback without numbers is a rumour."""
    stage = Stage()
    await stage.pass_time(10)
    await stage.pass_time(30, failing=0.5)

    (said,) = [w for w in stage.herald.said if w.what is Happening.ROLLED_BACK]
    assert said.verdicts[0].ruling is Ruling.BREACH
    assert said.course is not None
    assert said.course.failures > 50
    assert said.course.requests > said.course.failures


async def test_a_rollback_by_a_process_that_died_is_told_by_the_next() -> None:
    """It may have died before its last word."""
    stage = Stage()
    record = a_record(stage.plan, phase=Phase.ROLLED_BACK, reason="Rolled back: 5xx.")
    stage.mesh.holds = a_mesh(0, record=to_text(record))

    await stage.pass_time(10)

    assert [(w.what, w.again) for w in stage.herald.said] == [(Happening.ROLLED_BACK, True)]


async def test_a_rollback_is_tried_even_while_the_mesh_is_not_understood() -> None:
    """The write tells better than the look whether it works."""
    stage = Stage()
    await stage.pass_time(10)
    await stage.clock.sleep(Seconds(5.0))
    stage.mesh.holds = MeshBlind(reason="subset v4 is missing")
    answer: list[object] = []

    async with stage.running():
        answer.append(await stage.rollout.order(asked(CommandKind.ROLLBACK)))

    assert answer == [Accepted()]
    assert stage.mesh.writes == [10, 0]
    assert stage.rollout.target() is None


async def test_nothing_but_a_rollback_is_written_while_the_mesh_is_not_understood() -> None:
    """And nobody can say whose requests to count."""
    stage = Stage()
    await stage.pass_time(10)
    stage.mesh.holds = MeshBlind(reason="route grpc not found")

    await stage.rollout.turn()

    assert stage.rollout.target() is None
    assert "route grpc not found" in stage.rollout.view.outlook.why


async def test_a_half_written_rollback_over_two_virtual_services_is_finished() -> None:
    """The primary holds the truth; the other one missed it."""
    stage = Stage()
    await stage.pass_time(10)
    stage.mesh.fail_next(Unavailable("the second one hung"), Lost.HALFWAY)

    await stage.pass_time(30, failing=0.5)

    assert stage.mesh.writes == [10, 0, 0]


async def test_a_drift_pause_leaves_the_weights_as_found() -> None:
    """Only the record is written."""
    stage = Stage()
    await stage.pass_time(10)
    for _ in range(4):
        assert not isinstance(stage.mesh.holds, MeshBlind)
        stage.mesh.holds = dataclasses.replace(
            stage.mesh.holds, canary=Percent(80), primary_in_step=False
        )
        await stage.clock.sleep(Seconds(1.0))
        await stage.rollout.turn()

    assert stage.mesh.writes == [10, 10, 10, 10, None]
    assert stage.record.phase is Phase.PAUSED


async def test_commands_for_a_plan_that_goes_are_not_left_hanging() -> None:
    """Whoever waits for an answer gets one."""
    stage = Stage()
    stage.workloads.seen["data-product-v4.0"] = None
    stage.rollout.follow(None)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(stage.rollout.order(asked(CommandKind.START)), name="ask")
        await stage.clock.sleep(Seconds(0.1))
        await stage.rollout.run()

    assert asking.cancelled()


async def test_an_answer_that_nobody_waits_for_any_more_is_dropped() -> None:
    """The client hung up; the order stands."""
    stage = Stage()
    await stage.pass_time(10)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(stage.rollout.order(asked(CommandKind.PAUSE)), name="ask")
        await stage.clock.sleep(Seconds(0.1))
        asking.cancel()
    await stage.rollout.turn()

    assert stage.record.phase is Phase.PAUSED


async def test_orders_are_obeyed_in_turn_without_rest_between_them() -> None:
    """Two operators at once: both are answered."""
    stage = Stage()
    async with stage.running():
        await stage.clock.sleep(Seconds(1.0))
        async with asyncio.TaskGroup() as group:
            first = group.create_task(stage.rollout.order(asked(CommandKind.PAUSE)), name="1")
            again = asked(CommandKind.RESUME, ident="c2")
            second = group.create_task(stage.rollout.order(again), name="2")

        assert (first.result(), second.result()) == (Accepted(), Accepted())
        assert stage.record.phase is Phase.PROGRESSING


async def test_foreign_weights_do_not_spoil_the_observed_split() -> None:
    """They were in force, and requests followed them: that is no fault of the mesh.

    Counted against the weight that we had ordered, they would block the next step for hours.
    """
    stage = Stage()
    await stage.pass_time(10)
    ours = to_text(stage.record)
    stage.mesh.holds = a_mesh(80, record=ours, hold_off="an audit")
    await stage.pass_time(40)
    held = to_text(stage.record)
    stage.mesh.holds = a_mesh(10, record=held)
    await stage.pass_time(20)
    split = stage.rollout.view.split

    assert split is not None
    assert split.in_force


async def test_after_the_end_no_split_is_observed() -> None:
    """Nobody counts requests then; the last share seen would pass for the present one."""
    stage = Stage()
    await stage.pass_time(20)
    under_way = stage.rollout.view.split
    async with asyncio.TaskGroup() as group:
        group.create_task(stage.rollout.order(asked(CommandKind.ROLLBACK)), name="order")
        await stage.pass_time(5)

    assert under_way is not None
    assert stage.rollout.view.split is None


async def test_a_look_at_the_metrics_while_routes_disagree_counts_as_ordered() -> None:
    """No one share is in force then; what we ordered is the best that is known."""
    stage = Stage()
    await stage.pass_time(10)
    stage.mesh.holds = a_mesh(None, record=to_text(stage.record), hold_off="an audit")
    await stage.pass_time(10)
    sample = stage.rollout.view.sample

    assert sample is not None
    assert sample.weight == 10


async def test_a_new_run_does_not_wait_for_the_split_of_the_last_one() -> None:
    """Nobody counts requests between runs: an old deviation would block the start for ever."""
    stage = Stage()
    await stage.pass_time(10)
    stage.mesh.holds = a_mesh(10, record=to_text(stage.record))
    await stage.pass_time(20, astray=0.6)
    assert stage.rollout.view.split is not None
    before = stage.rollout.view.split.in_force
    stage.workloads.seen["data-product-v4.0"] = a_workload(revision="r2")
    await stage.pass_time(15)

    assert before is False
    assert stage.record.run == 2
    assert stage.record.phase is Phase.PROGRESSING
