"""What is written again when the cluster lost it, and what is not."""

from __future__ import annotations

import dataclasses

from rolloutd.core.observation import MeshSeen, Unread
from rolloutd.core.state import Phase
from rolloutd.core.units import Percent, Seconds
from rolloutd.errors import Unavailable
from tests.builders import a_mesh
from tests.engine.test_rollout import Stage
from tests.fakes.mesh import Lost


async def test_a_record_that_vanished_after_the_end_is_noted_again() -> None:
    """The VirtualService was deleted and created anew: the next process must not begin again.

    Its weights are left as found: whoever replaced it may have meant them.
    """
    stage = Stage()
    await stage.pass_time(300)
    stage.mesh.holds = a_mesh(0)
    await stage.pass_time(5)

    assert stage.record.phase is Phase.PROMOTED
    assert stage.mesh.writes[-1] is None
    assert isinstance(stage.mesh.holds, MeshSeen)
    assert stage.mesh.holds.canary == Percent(0)


async def test_a_run_that_nobody_remembers_is_begun_where_another_left_its_weights() -> None:
    """Its record went with the primary; the other VirtualServices still hold its weights.

    The first write brings all in step. Waiting for it would be waiting for ever.
    """
    stage = Stage()
    stage.mesh.holds = dataclasses.replace(a_mesh(0), secondaries_in_step=False)
    await stage.pass_time(5)

    assert stage.record.phase is Phase.PROGRESSING


async def test_a_new_leader_leaves_its_mark_at_once() -> None:
    """The write of the one before may still be on its way, and nothing else would refuse it."""
    stage = Stage()
    await stage.pass_time(10)
    assert isinstance(stage.mesh.holds, MeshSeen)
    stage.mesh.holds = dataclasses.replace(stage.mesh.holds, is_stamped=False)
    await stage.pass_time(5)

    assert stage.mesh.writes == [10, 10]


async def test_a_run_that_has_ended_is_not_marked() -> None:
    """Nobody has anything to write to it, and a fleet of them would be a storm of writes."""
    stage = Stage()
    await stage.pass_time(300)
    before = list(stage.mesh.writes)
    assert isinstance(stage.mesh.holds, MeshSeen)
    stage.mesh.holds = dataclasses.replace(stage.mesh.holds, is_stamped=False)
    await stage.pass_time(10)

    assert stage.mesh.writes == before


async def test_a_late_write_to_a_secondary_is_undone_after_a_rollback() -> None:
    """Found at 0 %, it was not written when all was rolled back: a step's order still applies.

    Seen in the simulation: carried out by the API server after the client had given up.
    """
    stage = Stage()
    await stage.pass_time(10)
    await stage.pass_time(60, failing=0.5)
    assert stage.record.phase is Phase.ROLLED_BACK
    assert isinstance(stage.mesh.holds, MeshSeen)
    stage.mesh.holds = dataclasses.replace(stage.mesh.holds, secondaries_in_step=False)
    await stage.rollout.turn()

    assert stage.mesh.writes == [10, 0, 0]


async def test_long_after_a_rollback_secondaries_are_whoever_s() -> None:
    """No write of ours is under way any more: what changed is what somebody meant."""
    stage = Stage()
    await stage.pass_time(10)
    await stage.pass_time(120, failing=0.5)
    assert isinstance(stage.mesh.holds, MeshSeen)
    stage.mesh.holds = dataclasses.replace(stage.mesh.holds, secondaries_in_step=False)
    await stage.rollout.turn()

    assert stage.mesh.writes == [10, 0]


async def test_a_promotion_that_lands_late_takes_the_secondaries_along() -> None:
    """The API server carried it out after the client had given up: on the primary alone.

    Meanwhile there was no step to be taken for want of metrics, and all looked as the one
    before left it; the run has ended since.
    """
    stage = Stage()
    while 75 not in stage.mesh.writes:
        await stage.pass_time(5)
    before = stage.mesh.holds
    stage.mesh.fail_next(Unavailable("no answer in time"), Lost.HALFWAY)
    while 100 not in stage.mesh.writes:
        await stage.pass_time(5)
    late, stage.mesh.holds = stage.mesh.holds, before
    await stage.clock.sleep(Seconds(5.0))
    stage.rollout.hear(Unread(reason="away"))
    await stage.rollout.turn()
    stage.mesh.holds = late
    await stage.pass_time(15)

    assert stage.record.phase is Phase.PROMOTED
    assert stage.mesh.writes[-2:] == [100, 100]
    assert isinstance(stage.mesh.holds, MeshSeen)
    assert stage.mesh.holds.secondaries_in_step
