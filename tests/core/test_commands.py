"""What people may ask, and what comes of it."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.actions import Accepted, Declined
from rolloutd.core.commands import FITS
from rolloutd.core.decide import decide
from rolloutd.core.machine import ordered
from rolloutd.core.observation import CommandKind, MeshBlind, Ruling
from rolloutd.core.plan import StartManual
from rolloutd.core.state import Cause, Pause, Phase, State
from rolloutd.core.units import Percent
from tests.builders import a_mesh, a_plan, a_state, a_workload, asked, at, says, seen


def test_a_paused_hold_is_resumed_with_what_was_left_of_it() -> None:
    """Twenty of sixty seconds were over; forty remain, however long the pause."""
    plan = a_plan()
    held = decide(plan, a_state(plan), seen(command=asked(CommandKind.PAUSE)), at(20)).state
    resume = asked(CommandKind.RESUME, ident="c2")
    going = decide(plan, held, seen(command=resume), at(1000)).state

    fine = seen(says(Ruling.FINE, at=1039))
    early = decide(plan, going, fine, at(1039)).state.record
    due = decide(plan, going, fine, at(1040)).state.record
    assert early is not None
    assert ordered(early) == 10
    assert due is not None
    assert ordered(due) == 50


def test_skip_leaves_the_hold_at_once() -> None:
    """A person takes the responsibility for less evidence."""
    plan = a_plan()

    decision = decide(plan, a_state(plan), seen(command=asked(CommandKind.SKIP)), at(1))

    assert decision.reply == Accepted()
    assert decision.state.record is not None
    assert ordered(decision.state.record) == 50


@pytest.mark.parametrize("kind", [CommandKind.SKIP, CommandKind.PROMOTE])
def test_the_reason_for_more_traffic_is_on_record(kind: CommandKind) -> None:
    """Less evidence was enough for somebody: tomorrow they are asked why."""
    plan = a_plan()
    command = dataclasses.replace(asked(kind), reason="seen enough")

    record = decide(plan, a_state(plan), seen(command=command), at(1)).state.record

    assert record is not None
    assert record.transitions[-1].reason.endswith(f"by {command.actor}: seen enough.")


def test_promote_goes_all_the_way() -> None:
    """For the fix that must be out now."""
    plan = a_plan()

    decision = decide(plan, a_state(plan), seen(command=asked(CommandKind.PROMOTE)), at(1))

    assert decision.state.record is not None
    assert decision.state.record.phase is Phase.PROMOTED


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.PROGRESSING, Phase.PAUSED])
def test_a_person_can_always_roll_back(phase: Phase) -> None:
    """Whatever the evidence says, and whichever step they looked at."""
    plan = a_plan()
    command = asked(CommandKind.ROLLBACK, expected_step=3)

    decision = decide(plan, a_state(plan, phase=phase), seen(command=command), at(1))

    assert decision.reply == Accepted()
    assert decision.state.record is not None
    assert decision.state.record.phase is Phase.ABORTED
    assert decision.state.record.transitions[-1].actor == "ana"


def test_a_promotion_can_be_taken_back_while_stable_can_serve() -> None:
    """Regret comes minutes later."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.PROMOTED, weight=Percent(100))
    command = asked(CommandKind.ROLLBACK)

    there = decide(plan, state, seen(command=command), at(1))
    gone = seen(command=command, stable=a_workload(replicas=0))
    refused = decide(plan, state, gone, at(1))

    assert there.state.record is not None
    assert ordered(there.state.record) == 0
    assert isinstance(refused.reply, Declined)


@pytest.mark.parametrize(("version", "is_declined"), [(5, True), (7, True), (8, False)])
def test_a_promotion_is_not_taken_back_while_stable_is_being_retired(
    version: int, *, is_declined: bool
) -> None:
    """The request to scale it down may arrive after the traffic; only a change voids it."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.PROMOTED, weight=Percent(100), retiring=7)
    stable = a_workload(version=version)

    decision = decide(
        plan, state, seen(command=asked(CommandKind.ROLLBACK), stable=stable), at(1)
    )

    assert isinstance(decision.reply, Declined) is is_declined


def test_retry_starts_the_same_plan_anew() -> None:
    """It counts as another run, so that evidence and history are not mixed."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.ROLLED_BACK)

    decision = decide(plan, state, seen(command=asked(CommandKind.RETRY)), at(1))
    begun = decide(plan, decision.state, seen(), at(2)).state.record

    assert decision.reply == Accepted()
    assert begun is not None
    assert (begun.run, ordered(begun)) == (2, 10)


def test_start_by_hand_starts_a_manual_plan() -> None:
    """The button that ``start: manual`` waits for."""
    plan = a_plan(start=StartManual())

    decision = decide(plan, State(), seen(command=asked(CommandKind.START)), at(1))

    assert decision.state.record is not None
    assert ordered(decision.state.record) == 10


@pytest.mark.parametrize(
    "trouble",
    [
        {"canary": None},
        {"canary": a_workload(ready=False, why="1 of 3")},
        {"mesh": MeshBlind(reason="no such route")},
    ],
)
def test_start_by_hand_does_not_start_into_trouble(trouble: dict[str, object]) -> None:
    """The answer says what is missing."""
    plan = a_plan(start=StartManual())
    observation = seen(command=asked(CommandKind.START), **trouble)

    decision = decide(plan, State(), observation, at(1))

    assert isinstance(decision.reply, Declined)
    assert decision.state.record is not None
    assert decision.state.record.phase is Phase.WAITING


@pytest.mark.parametrize("kind", list(CommandKind))
@pytest.mark.parametrize("phase", list(Phase))
def test_a_command_that_does_not_fit_is_declined_and_changes_nothing(
    kind: CommandKind, phase: Phase
) -> None:
    """The table says what fits; the answer says why not."""
    if phase in FITS[kind]:
        return
    plan = a_plan(start=StartManual())
    state = a_state(plan, phase=phase)

    decision = decide(plan, state, seen(command=asked(kind)), at(1))

    assert isinstance(decision.reply, Declined)
    assert decision.state.record == state.record


def test_a_command_for_another_step_is_stale() -> None:
    """What they decided on is no longer what they would act on."""
    plan = a_plan()
    command = asked(CommandKind.SKIP, expected_step=1)

    decision = decide(plan, a_state(plan), seen(command=command), at(1))

    assert isinstance(decision.reply, Declined)
    assert decision.reply.stale


def test_the_same_command_twice_is_one_order() -> None:
    """A client that lost the answer asks again."""
    plan = a_plan()
    skip = seen(command=asked(CommandKind.SKIP))
    once = decide(plan, a_state(plan), skip, at(1))
    twice = decide(plan, once.state, skip, at(2))

    assert twice.reply == Accepted()
    assert twice.state.record == once.state.record


def test_resume_does_not_lift_the_annotation() -> None:
    """Two brakes, two hands."""
    plan = a_plan()
    brake = Pause(cause=Cause.HANDS_OFF, actor="", reason="freeze")
    state = a_state(plan, phase=Phase.PAUSED, pause=brake)
    observation = seen(command=asked(CommandKind.RESUME), mesh=a_mesh(10, hold_off="freeze"))

    decision = decide(plan, state, observation, at(1))

    assert isinstance(decision.reply, Declined)


@pytest.mark.parametrize("kind", [CommandKind.SKIP, CommandKind.PROMOTE])
@pytest.mark.parametrize("cause", [Cause.HANDS_OFF, Cause.PERSON])
def test_nothing_is_given_to_the_canary_under_the_annotation(
    kind: CommandKind, cause: Cause
) -> None:
    """A brake that a skip gets around is none."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.PAUSED, pause=Pause(cause=cause, actor="", reason="r"))
    observation = seen(command=asked(kind), mesh=a_mesh(10, hold_off="freeze"))

    decision = decide(plan, state, observation, at(1))

    assert isinstance(decision.reply, Declined)
    assert decision.state.record == state.record


def test_a_start_waits_for_the_annotation_to_go() -> None:
    """As a start by itself does."""
    plan = a_plan(start=StartManual())
    state = a_state(plan, phase=Phase.WAITING)
    observation = seen(command=asked(CommandKind.START), mesh=a_mesh(0, hold_off="freeze"))

    assert isinstance(decide(plan, state, observation, at(1)).reply, Declined)


@pytest.mark.parametrize("kind", [CommandKind.PAUSE, CommandKind.SKIP, CommandKind.PROMOTE])
def test_what_can_not_be_recorded_is_not_promised(kind: CommandKind) -> None:
    """A pause that is written nowhere would end with the process, and nobody would know."""
    plan, state = a_plan(), a_state(a_plan())
    blind = MeshBlind(reason="There is no route grpc.")

    decision = decide(plan, state, seen(mesh=blind, command=asked(kind)), at(1))

    assert decision.reply == Declined(reason="It can't be recorded: There is no route grpc.")
    assert decision.state.record == state.record


def test_a_rollback_is_tried_whatever_is_seen_of_the_mesh() -> None:
    """What is not understood may still be written to."""
    plan, blind = a_plan(), MeshBlind(reason="There is no route grpc.")
    command = asked(CommandKind.ROLLBACK)

    decision = decide(plan, a_state(plan), seen(mesh=blind, command=command), at(1))

    assert decision.reply == Accepted()


@pytest.mark.parametrize("kind", [CommandKind.PAUSE, CommandKind.ROLLBACK])
def test_a_reason_ends_in_one_full_stop(kind: CommandKind) -> None:
    """Whether or not its author wrote one: people read it as our sentence."""
    plan = a_plan()
    order = dataclasses.replace(asked(kind), reason="db check.")

    record = decide(plan, a_state(plan), seen(command=order), at(1)).state.record

    assert record is not None
    assert record.reason.endswith("by ana: db check.")
