"""A run on a stable that the run before may still be scaling to 0."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.actions import Declined, Reply
from rolloutd.core.decide import decide
from rolloutd.core.observation import CommandKind, WorkloadSeen
from rolloutd.core.plan import Arm, Plan
from rolloutd.core.state import Phase, Record, State
from tests.builders import a_plan, a_state, a_workload, asked, at, seen

NEXT = Arm(host=None, subset="v5", deployment="data-product-v5.0")


def waiting(stable: WorkloadSeen | None, when: float, *, begun: float = 0.0) -> Record:
    """Return what follows a run that retired version 7, when another canary is named.

    Args:
        stable: Its Deployment as seen.
        when: Seconds of the last look.
        begun: Seconds of the first look at the new plan.
    """
    plan = a_plan()
    following = dataclasses.replace(plan, canary=NEXT)
    state = a_state(plan, phase=Phase.PROMOTED, retiring=7)
    for moment in (begun, when):
        state = decide(following, state, seen(stable=stable), at(moment)).state
    assert state.record is not None
    return state.record


@pytest.mark.parametrize("version", [5, 7])
def test_a_run_waits_while_its_stable_may_lose_its_pods(version: int) -> None:
    """A person gave stable the traffic back by hand; the request is on its way."""
    record = waiting(a_workload(version=version), 59)

    assert (record.phase, record.run) == (Phase.WAITING, 2)


def test_a_request_arrives_within_a_minute_or_never() -> None:
    """An API server carries nothing out for longer; none is sent once the run waits."""
    late = waiting(a_workload(version=7), 90, begun=30)
    early = waiting(a_workload(version=7), 89, begun=30)

    assert early.phase is Phase.WAITING
    assert late.phase is Phase.PROGRESSING


@pytest.mark.parametrize("stable", [a_workload(version=8), None])
def test_a_deployment_that_changed_is_not_waited_for(stable: WorkloadSeen | None) -> None:
    """Requests name the version: this one they no longer find. Nor one that is not there."""
    assert waiting(stable, 1).phase is Phase.PROGRESSING


def test_another_stable_has_nothing_to_wait_for() -> None:
    """v3 to v4 retires v3; v4 to v5 has v4 for its stable."""
    plan = a_plan()
    following = dataclasses.replace(plan, stable=plan.canary, canary=NEXT)
    state = a_state(plan, phase=Phase.PROMOTED, retiring=7)

    record = decide(following, state, seen(stable=a_workload(version=7)), at(1)).state.record

    assert record is not None
    assert record.phase is Phase.PROGRESSING


def test_a_plan_that_changes_while_it_waits_waits_on() -> None:
    """It is still the same stable."""
    first, second = (
        dataclasses.replace(a_plan(), canary=dataclasses.replace(NEXT, subset=subset))
        for subset in ("v5", "v6")
    )
    state = a_state(a_plan(), phase=Phase.PROMOTED, retiring=7, commands=("c1",))
    sight = seen(stable=a_workload(version=7))

    state = decide(first, state, sight, at(1)).state
    record = decide(second, state, sight, at(2)).state.record

    assert record is not None
    assert record.phase is Phase.WAITING
    assert record.commands == ("c1",)


def test_what_has_begun_forgets_the_requests_of_the_run_before() -> None:
    """Else its own promotion could not be taken back while the Deployment stays untouched."""
    assert waiting(a_workload(version=7), 60).retiring == 0


def ordered_to_start(when: float) -> Reply | None:
    """Return the answer to a start by hand at that time after the retirement."""
    plan: Plan = a_plan()
    state: State = a_state(plan, phase=Phase.WAITING, retiring=7)
    sight = seen(command=asked(CommandKind.START), stable=a_workload(version=7))
    return decide(plan, state, sight, at(when)).reply


def test_a_start_by_hand_is_told_to_wait() -> None:
    """Whoever orders it does not know what is on its way."""
    reply = ordered_to_start(59)

    assert isinstance(reply, Declined)
    assert "scale stable to 0" in reply.reason
    assert not isinstance(ordered_to_start(60), Declined)
