"""What is remembered of a rollout, and who is told."""

from __future__ import annotations

import asyncio
import dataclasses
from itertools import pairwise

from rolloutd.core.actions import Accepted, Decision, Declined, Outlook
from rolloutd.core.deeds import TakenOver
from rolloutd.core.observation import CommandKind, MeshSeen, Ruling
from rolloutd.core.record_text import to_text
from rolloutd.core.state import Phase, State
from rolloutd.core.units import Instant, Seconds
from rolloutd.engine.bookkeeping import Written
from rolloutd.errors import Unavailable
from tests.builders import T0, a_mesh, a_plan, a_record, asked, at
from tests.engine.test_rollout import Stage
from tests.fakes.mesh import FakeMesh, Lost


def stage_with(record_age: float, phase: Phase) -> Stage:
    """Return a stage whose cluster holds the record of a run that another process ended."""
    plan, mesh = a_plan(), FakeMesh()
    record = a_record(plan, phase=phase, since=Instant(T0 - record_age), reason="Over.")
    mesh.holds = a_mesh(100, record=to_text(record))
    return Stage(plan, mesh)


async def order(stage: Stage, kind: CommandKind) -> object:
    """Give an order, take the turn that obeys it, return the reply."""
    async with asyncio.TaskGroup() as group:
        reply = group.create_task(
            stage.rollout.order(asked(kind, ident=kind.value)), name="order"
        )
        await stage.pass_time(5)
    return reply.result()


async def test_a_run_is_told_from_its_first_weight_to_its_last() -> None:
    """The history is the only place where tomorrow's question is answered."""
    stage = Stage()

    await stage.pass_time(300)

    (run,) = stage.scribe.runs
    assert (run.run, run.outcome) == (1, Phase.PROMOTED)
    assert (run.stable, run.canary) == ("v3", "v4")
    assert [line.weight for line in run.timeline] == [10, 50, 75, 100]
    assert (run.series.desired[0], run.series.desired[-1]) == (10, 100)
    assert set(run.series.gates["success-rate"].ruling) >= {Ruling.FINE}
    assert run.course is not None
    assert run.course.requests > 0
    assert run.started < run.ended


async def test_a_point_is_noted_for_each_sample_and_for_the_end() -> None:
    """One more often than the metrics are looked at would tell nothing."""
    stage = Stage()

    await stage.pass_time(60)
    await stage.rollout.turn()
    await stage.rollout.turn()

    moments = stage.rollout.memory.journal.series().at
    gaps = [after - before for before, after in pairwise(moments)]
    assert len(moments) > 8
    assert min(gaps) >= 5


async def test_every_weight_is_told_with_what_was_before_and_what_was_seen() -> None:
    """An audit asks from what, to what, and on what evidence."""
    stage = Stage()
    await stage.pass_time(10)

    await stage.pass_time(30, failing=0.5)

    first, back = stage.scribe.moves
    assert first.before is None or first.before.phase is Phase.WAITING
    assert (back.line.phase, back.line.weight) == (Phase.ROLLED_BACK, 0)
    assert back.before is not None
    assert back.before.weight == 10
    assert back.verdicts[0].ruling is Ruling.BREACH


async def test_a_run_that_ends_badly_is_kept_with_its_last_verdicts() -> None:
    """They are why it ended."""
    stage = Stage()
    await stage.pass_time(10)

    await stage.pass_time(60, failing=0.5)

    (run,) = stage.scribe.runs
    assert run.outcome is Phase.ROLLED_BACK
    assert run.verdicts[0].ruling is Ruling.BREACH
    assert run.series.desired[-1] == 0


async def test_an_order_is_told_with_its_sender_and_its_answer() -> None:
    """The obeyed and the declined: who tried is as much of the story as who did."""
    stage = Stage()
    await stage.pass_time(10)

    paused = await order(stage, CommandKind.PAUSE)
    declined = await order(stage, CommandKind.RETRY)

    obeyed, refused = stage.scribe.orders
    assert (obeyed.command.actor, obeyed.reply) == ("ana", paused)
    assert isinstance(paused, Accepted)
    assert isinstance(declined, Declined)
    assert refused.reply == declined
    assert obeyed.record is not None
    assert obeyed.record.phase is Phase.PAUSED
    last = stage.scribe.moves[-1]
    assert last.command == obeyed.command


async def test_what_the_daemon_decides_is_nobodys_order() -> None:
    """An order that waits, and does not fit, is not the reason of what happens meanwhile."""
    stage = Stage()
    await stage.pass_time(10)

    async with asyncio.TaskGroup() as group:
        group.create_task(stage.rollout.order(asked(CommandKind.RETRY)), name="order")
        await stage.pass_time(30, failing=0.5)

    assert stage.scribe.moves[-1].line.phase is Phase.ROLLED_BACK
    assert stage.scribe.moves[-1].command is None


async def test_an_order_that_is_given_up_is_told_without_an_answer() -> None:
    """It may or may not be carried out by whoever leads next."""
    stage = Stage()
    await stage.pass_time(10)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(stage.rollout.order(asked(CommandKind.PAUSE)), name="order")
        gone = group.create_task(stage.rollout.order(asked(CommandKind.PAUSE)), name="gone")
        await stage.clock.sleep(stage.plan.samples.interval)
        gone.cancel()
        await stage.clock.sleep(stage.plan.samples.interval)

        stage.rollout.give_up()

    assert waiting.cancelled()
    (given_up,) = stage.scribe.orders
    assert given_up.reply is None


async def test_a_write_whose_answer_was_lost_is_told_once() -> None:
    """Twice in an audit would be two weights."""
    stage = Stage()
    stage.mesh.fail_next(Unavailable("connection reset"), Lost.AFTER)

    await stage.pass_time(30)

    assert [move.line.weight for move in stage.scribe.moves] == [10]


async def test_a_run_that_ended_in_another_process_is_told_once_more() -> None:
    """That process may have died before the run was kept; the archive knows whether it is."""
    stage = stage_with(60, Phase.PROMOTED)

    await stage.pass_time(30)

    (run,) = stage.scribe.runs
    assert run.outcome is Phase.PROMOTED
    assert run.series.at == ()
    assert isinstance(stage.scribe.deeds[0], TakenOver)


async def test_a_run_of_long_ago_is_not_told_again() -> None:
    """A thousand finished plans would ask for a thousand archives at every start."""
    stage = stage_with(90_000, Phase.PROMOTED)

    await stage.pass_time(30)

    assert stage.scribe.runs == []


async def test_a_promoted_run_that_is_taken_back_is_told_again() -> None:
    """It ended otherwise, after all."""
    stage = Stage()
    await stage.pass_time(300)

    await order(stage, CommandKind.ROLLBACK)

    assert [run.outcome for run in stage.scribe.runs] == [Phase.PROMOTED, Phase.ABORTED]
    assert stage.scribe.runs[-1].actor == "ana"
    assert stage.rollout.memory.journal.series().desired[-1] == 0


async def test_a_run_begins_with_an_empty_journal() -> None:
    """Numbers of the run before would pass for its own."""
    stage = Stage()
    await stage.pass_time(300)
    first = stage.rollout.memory.journal
    await order(stage, CommandKind.ROLLBACK)

    await order(stage, CommandKind.RETRY)
    await stage.pass_time(30)

    journal = stage.rollout.memory.journal
    assert journal is not first
    assert min(journal.series().at) > max(first.series().at)


async def test_a_run_has_no_lines_of_the_run_before() -> None:
    """The record carries them on; the history of a run does not."""
    stage = Stage()
    await stage.pass_time(10)
    await stage.pass_time(30, failing=0.5)
    await order(stage, CommandKind.RETRY)

    await stage.pass_time(30, failing=0.5)

    first, second = stage.scribe.runs
    assert [line.phase for line in first.timeline] == [Phase.PROGRESSING, Phase.ROLLED_BACK]
    assert [line.phase for line in second.timeline] == [
        Phase.WAITING,
        Phase.PROGRESSING,
        Phase.ROLLED_BACK,
    ]


async def test_a_line_that_was_read_back_from_the_cluster_is_the_same_line() -> None:
    """A record is rounded to milliseconds when it is written."""
    stage = Stage()
    await stage.clock.sleep(Seconds(0.7142))
    await stage.pass_time(10)
    assert isinstance(stage.mesh.holds, MeshSeen)
    text = to_text(dataclasses.replace(stage.record, commands=("c0",)))
    stage.mesh.holds = dataclasses.replace(stage.mesh.holds, record=text)

    await stage.pass_time(40, failing=0.5)

    (run,) = stage.scribe.runs
    assert [line.weight for line in run.timeline] == [10, 0]


async def test_a_run_that_was_called_off_before_it_began_has_a_beginning() -> None:
    """Its record still holds when the run before began."""
    stage = Stage()
    await stage.pass_time(10)
    await stage.pass_time(30, failing=0.5)
    stage.workloads.seen["data-product-v4.0"] = None
    await order(stage, CommandKind.RETRY)

    await order(stage, CommandKind.ROLLBACK)

    run = stage.scribe.runs[-1]
    assert (run.run, run.outcome) == (2, Phase.ABORTED)
    assert run.started > at(30)


async def test_a_write_without_a_record_tells_nothing() -> None:
    """There is no story in it."""
    stage = Stage()
    nothing = Decision(state=State(), actions=(), outlook=Outlook(why="so.", what_next="that."))

    written = Written(before=None, decision=nothing, wanted=T0)
    stage.rollout.memory.moved(stage.plan, written, None)

    assert stage.scribe.deeds == []
