"""The policy, one sentence per test."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.actions import Announce, Decision, Happening, ScaleDownStable
from rolloutd.core.decide import decide
from rolloutd.core.machine import ordered
from rolloutd.core.observation import (
    Course,
    MeshBlind,
    MeshSeen,
    Observation,
    Ruling,
    SplitSeen,
)
from rolloutd.core.plan import (
    Afterwards,
    Arm,
    OnBlind,
    OnBreach,
    Plan,
    StartCron,
    StartManual,
    Window,
)
from rolloutd.core.state import Cause, Phase, State
from rolloutd.core.units import Percent, Ratio, Seconds
from tests.builders import (
    a_mesh,
    a_plan,
    a_state,
    a_workload,
    at,
    pause,
    rise,
    says,
    seen,
)

FINE = Ruling.FINE


def phase_after(plan: Plan, state: State, observation: Observation, when: float) -> Phase:
    record = decide(plan, state, observation, at(when)).state.record
    assert record is not None
    return record.phase


def weight_after(plan: Plan, state: State, observation: Observation, when: float) -> int | None:
    record = decide(plan, state, observation, at(when)).state.record
    assert record is not None
    return ordered(record)


def test_a_ready_canary_gets_the_first_weight() -> None:
    """The plan is its own start button unless it says otherwise."""
    decision = decide(a_plan(), State(), seen(), at(0))

    assert decision.state.record is not None
    assert ordered(decision.state.record) == 10
    assert [a.what for a in decision.actions if isinstance(a, Announce)] == [Happening.STARTED]


@pytest.mark.parametrize(
    ("observation", "word"),
    [
        (seen(canary=None), "not there"),
        (seen(canary=a_workload(ready=False, why="2 of 3 updated")), "2 of 3 updated"),
        (seen(mesh=MeshBlind(reason="route grpc not found")), "route grpc not found"),
        (seen(mesh=a_mesh(0, hold_off="release freeze")), "release freeze"),
    ],
    ids=["no canary", "canary not ready", "mesh not understood", "annotation"],
)
def test_a_run_does_not_start_into_trouble_and_says_which(
    observation: Observation, word: str
) -> None:
    """Nothing is at stake yet, so nothing is risked."""
    decision = decide(a_plan(), State(), observation, at(0))

    assert decision.state.record is not None
    assert decision.state.record.phase is Phase.WAITING
    assert word in decision.outlook.why


def test_a_manual_start_waits_for_a_person() -> None:
    """``start: manual`` means it."""
    assert phase_after(a_plan(start=StartManual()), State(), seen(), 0) is Phase.WAITING


def test_a_cron_start_waits_for_its_firing() -> None:
    """The firing is a fact like any other, and opens the door for good."""
    plan = a_plan(start=StartCron(cron="0 9 * * mon", timezone="UTC"))

    assert phase_after(plan, State(), seen(), 0) is Phase.WAITING
    assert phase_after(plan, State(), seen(start_due=True), 0) is Phase.PROGRESSING


def test_weights_do_not_rise_outside_the_windows() -> None:
    """T0 is a Tuesday, late in the evening."""
    office = Window(days=frozenset({1, 2, 3, 4, 5}), start=9 * 60, end=17 * 60, timezone="UTC")

    decision = decide(a_plan(windows=(office,)), State(), seen(), at(0))

    assert decision.state.record is not None
    assert decision.state.record.phase is Phase.WAITING
    assert decision.outlook.at == at(11 * 3600 - 13 * 60 - 20 + 0)


def test_a_step_lasts_its_hold() -> None:
    """Fine verdicts do not shorten it."""
    plan = a_plan()

    assert weight_after(plan, a_state(plan), seen(says(FINE, at=59)), 59.9) == 10
    assert weight_after(plan, a_state(plan), seen(says(FINE, at=59)), 60) == 50


def test_a_verdict_from_before_the_step_does_not_let_it_end() -> None:
    """What was seen at less weight says nothing of this weight."""
    plan = a_plan()

    assert weight_after(plan, a_state(plan), seen(says(FINE, at=0)), 60) == 10


def test_a_verdict_that_has_grown_old_does_not_let_the_step_end() -> None:
    """A sampler that died after one good look must not promote a rollout."""
    plan = a_plan()

    assert weight_after(plan, a_state(plan), seen(says(FINE, at=10)), 60) == 10


@pytest.mark.parametrize("ruling", [Ruling.HOLD, Ruling.SUSPECT, Ruling.BLIND])
def test_no_ruling_but_fine_lets_a_step_end(ruling: Ruling) -> None:
    """Not knowing is not health."""
    plan = a_plan()

    assert weight_after(plan, a_state(plan), seen(says(ruling, at=99)), 100) == 10


def test_leaving_the_last_small_step_takes_a_certificate() -> None:
    """Beyond half the traffic a mistake is the majority's."""
    plan = a_plan()
    state = a_state(plan, step=1, weight=Percent(50))

    assert weight_after(plan, state, seen(says(FINE, at=60, certified=False)), 60) == 50
    assert weight_after(plan, state, seen(says(FINE, at=60, certified=True)), 60) == 75


def test_earlier_steps_need_no_certificate() -> None:
    """Small exposure is what they are for."""
    plan = a_plan()

    verdict = says(FINE, at=60, certified=False)
    assert weight_after(plan, a_state(plan), seen(verdict), 60) == 50


def test_a_last_step_without_hold_is_the_promotion() -> None:
    """One write less, and no moment in which a finished run looks unfinished."""
    plan = a_plan()
    state = a_state(plan, step=2, weight=Percent(75))

    assert phase_after(plan, state, seen(says(FINE, at=60)), 60) is Phase.PROMOTED


def test_a_breach_puts_all_traffic_back() -> None:
    """The reason for being."""
    plan = a_plan()

    decision = decide(plan, a_state(plan), seen(says(Ruling.BREACH, at=7)), at(7))

    assert decision.state.record is not None
    assert decision.state.record.phase is Phase.ROLLED_BACK
    assert ordered(decision.state.record) == 0
    assert "it is rollback" in decision.state.record.reason


@pytest.mark.parametrize(
    "trouble",
    [
        seen(says(Ruling.BREACH), canary=None),
        seen(says(Ruling.BREACH), stable=a_workload(ready=False, why="0 of 3")),
        seen(says(Ruling.BREACH), mesh=MeshBlind(reason="subset v4 missing")),
        seen(says(Ruling.BREACH), plan_removed=True),
        seen(says(Ruling.BREACH), mesh=a_mesh(10, hold_off="freeze")),
    ],
    ids=["canary gone", "stable unready", "mesh unreadable", "plan gone", "annotation"],
)
def test_nothing_delays_a_rollback(trouble: Observation) -> None:
    """Peers wait here for readiness, notifications or a valid route."""
    plan = a_plan()

    assert phase_after(plan, a_state(plan), trouble, 1) is Phase.ROLLED_BACK


def test_a_pause_gives_no_immunity() -> None:
    """Gates keep judging a paused rollout."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.PAUSED)

    assert phase_after(plan, state, seen(says(Ruling.BREACH)), 1) is Phase.ROLLED_BACK


def test_a_breach_is_remembered_until_it_is_recorded() -> None:
    """The write failed, and the next sample looks fine: stable still gets the traffic."""
    plan = a_plan()
    lost = decide(plan, a_state(plan), seen(says(Ruling.BREACH, at=7)), at(7)).state
    state = State(record=a_state(plan).record, watch=lost.watch)

    assert phase_after(plan, state, seen(says(FINE, at=12)), 12) is Phase.ROLLED_BACK


def test_a_shadow_gate_is_shown_and_not_obeyed() -> None:
    """Shadow mode exists to learn whether to trust a gate."""
    plan = a_plan()

    verdict = says(Ruling.BREACH, enforced=False)
    assert phase_after(plan, a_state(plan), seen(verdict), 1) is Phase.PROGRESSING


def test_on_breach_pause_stands_still_once() -> None:
    """A person decides; the pause is not entered anew at every sample."""
    plan = a_plan(on_breach=OnBreach.PAUSE)
    first = decide(plan, a_state(plan), seen(says(Ruling.BREACH, at=5)), at(5)).state
    second = decide(plan, first, seen(says(Ruling.BREACH, at=10)), at(10)).state

    assert first.record is not None
    assert first.record.pause is not None
    assert first.record.pause.cause is Cause.BREACH
    assert second.record == first.record


def test_blind_holds_and_says_so_when_it_lasts() -> None:
    """A provider that is down is no evidence against the canary."""
    plan = a_plan(on_blind=OnBlind(hold=Seconds(100.0), then=Afterwards.HOLD))
    dark = seen(says(Ruling.BLIND))
    first = decide(plan, a_state(plan), dark, at(1))
    later = decide(plan, first.state, dark, at(101))
    again = decide(plan, later.state, dark, at(102))

    assert first.actions == ()
    assert [a.what for a in later.actions if isinstance(a, Announce)] == [Happening.BLIND]
    assert again.actions == ()
    assert again.state.record == a_state(plan).record


def test_blind_too_long_rolls_back_where_the_plan_says_so() -> None:
    """Some users would rather be safe than stuck."""
    plan = a_plan(on_blind=OnBlind(hold=Seconds(100.0), then=Afterwards.ROLLBACK))
    dark = seen(says(Ruling.BLIND))
    first = decide(plan, a_state(plan), dark, at(1)).state

    assert phase_after(plan, first, dark, 100) is Phase.PROGRESSING
    assert phase_after(plan, first, dark, 101) is Phase.ROLLED_BACK


def test_sight_regained_starts_the_patience_anew() -> None:
    """Two short outages are not one long one."""
    plan = a_plan(on_blind=OnBlind(hold=Seconds(100.0), then=Afterwards.ROLLBACK))
    dark = seen(says(Ruling.BLIND))
    state = decide(plan, a_state(plan), dark, at(1)).state
    state = decide(plan, state, seen(says(Ruling.HOLD, at=50)), at(50)).state
    state = decide(plan, state, dark, at(60)).state

    assert phase_after(plan, state, dark, 120) is Phase.PROGRESSING


def test_a_suspect_canary_is_exposed_to_little() -> None:
    """Whether it is to blame is not known yet."""
    plan = a_plan()
    state = a_state(plan, step=1, weight=Percent(50))

    assert weight_after(plan, state, seen(says(Ruling.SUSPECT)), 1) == 10


def test_a_cleared_suspicion_gives_the_weight_back_and_starts_the_hold_anew() -> None:
    """What was seen meanwhile was seen at less weight."""
    plan = a_plan()
    state = a_state(plan, step=1, weight=Percent(50), suspect=True)

    decision = decide(plan, state, seen(says(FINE, at=90)), at(90))

    assert decision.state.record is not None
    assert ordered(decision.state.record) == 50
    assert decision.state.record.step_since == at(90)


def test_a_pause_step_waits_until_its_time_is_over() -> None:
    """``pause: {for: 10m}``."""
    plan = a_plan(rise(10, 0), pause(600), rise(100, 0))
    state = decide(plan, a_state(plan), seen(says(FINE, at=5)), at(5)).state

    assert state.record is not None
    assert state.record.phase is Phase.PAUSED
    assert weight_after(plan, state, seen(says(FINE, at=604)), 604) == 10
    assert phase_after(plan, state, seen(says(FINE, at=605)), 605) is Phase.PROGRESSING


def test_an_endless_pause_step_waits_for_a_person() -> None:
    """``pause: {}``."""
    plan = a_plan(rise(10, 0), pause(), rise(100, 0))
    state = decide(plan, a_state(plan), seen(says(FINE, at=5)), at(5)).state

    assert phase_after(plan, state, seen(says(FINE, at=9e6)), 9e6) is Phase.PAUSED


def test_undecided_evidence_ends_in_a_question_to_a_person() -> None:
    """A hold for more evidence is bounded."""
    plan = a_plan()
    limit = 60 + plan.confidence.max_hold

    scarce = seen(says(Ruling.HOLD, at=limit))
    assert phase_after(plan, a_state(plan), scarce, limit - 1) is Phase.PROGRESSING
    assert phase_after(plan, a_state(plan), scarce, limit) is Phase.PAUSED


def test_a_plan_without_gates_does_not_wait_for_metrics() -> None:
    """Nothing would be judged by them."""
    plan = dataclasses.replace(a_plan(), gates=())
    unread = seen(unread="connection refused")

    assert weight_after(plan, a_state(plan), unread, 60) == 50


def test_who_takes_over_late_looks_as_long_before_asking_a_person() -> None:
    """The evidence went with the process before: the hold that it used up says nothing."""
    plan = a_plan()
    begun = 10 * plan.confidence.max_hold
    limit = begun + plan.confidence.max_hold
    scarce = seen(says(Ruling.HOLD, at=limit), course=Course(since=at(begun)))
    asked = decide(plan, a_state(plan), scarce, at(limit)).state.record

    assert phase_after(plan, a_state(plan), scarce, limit - 1) is Phase.PROGRESSING
    assert asked is not None
    assert asked.phase is Phase.PAUSED
    assert "after evidence was begun anew" in asked.reason


def test_foreign_weights_are_put_right_three_times_and_then_left() -> None:
    """Two controllers in a fight help nobody."""
    plan, state = a_plan(), a_state(a_plan())
    fought = seen(mesh=a_mesh(80, primary_in_step=False))
    phases = []
    for turn in range(4):
        decision = decide(plan, state, fought, at(turn))
        state = decision.state
        assert state.record is not None
        phases.append((state.record.phase, len(state.record.restores)))

    assert phases[:3] == [(Phase.PROGRESSING, n) for n in (1, 2, 3)]
    assert phases[3][0] is Phase.PAUSED
    assert state.record is not None
    assert state.record.pause is not None
    assert state.record.pause.hands_off


def test_old_restores_are_forgiven() -> None:
    """Three mistakes a day are no fight."""
    plan = a_plan()
    state = a_state(plan, restores=(at(0), at(1), at(2)))
    fought = seen(mesh=a_mesh(80, primary_in_step=False))

    assert phase_after(plan, state, fought, 700) is Phase.PROGRESSING


def test_a_new_canary_image_supersedes_the_run_through_a_rollback() -> None:
    """Evidence for one image says nothing of another."""
    plan = a_plan()
    other = seen(says(FINE, at=5), canary=a_workload(revision="r2"))
    rolled = decide(plan, a_state(plan), other, at(5)).state
    anew = decide(plan, rolled, other, at(6)).state

    assert rolled.record is not None
    assert rolled.record.phase is Phase.ROLLED_BACK
    assert anew.record is not None
    assert (anew.record.run, anew.record.revision, ordered(anew.record)) == (2, "r2", 10)


def test_a_removed_plan_pauses_its_run_and_its_return_resumes_it() -> None:
    """Deleting a file is not a decision about traffic."""
    plan = a_plan()
    gone = decide(plan, a_state(plan), seen(plan_removed=True), at(5)).state
    back = decide(plan, gone, seen(), at(25)).state

    assert gone.record is not None
    assert gone.record.phase is Phase.PAUSED
    assert "removed" in gone.record.reason
    assert back.record is not None
    assert back.record.phase is Phase.PROGRESSING
    assert back.record.step_since == at(20)


def test_the_annotation_pauses_and_its_removal_resumes() -> None:
    """A brake that works with kubectl alone."""
    plan = a_plan()
    held = decide(plan, a_state(plan), seen(mesh=a_mesh(10, hold_off="db work")), at(5)).state
    free = decide(plan, held, seen(), at(65)).state

    assert held.record is not None
    assert held.record.pause is not None
    assert held.record.pause.hands_off
    assert free.record is not None
    assert free.record.phase is Phase.PROGRESSING


def test_a_split_that_is_not_in_force_holds() -> None:
    """A VirtualService that nobody obeys is found, not assumed."""
    plan = a_plan()
    astray = SplitSeen(canary=Ratio(0.0), requests=500, in_force=False)

    observation = seen(says(FINE, at=60), split=astray)
    assert weight_after(plan, a_state(plan), observation, 60) == 10


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED])
def test_an_ended_run_does_nothing_whatever_is_seen(phase: Phase) -> None:
    """A finished plan does nothing."""
    plan = a_plan()
    state = a_state(plan, phase=phase)

    decision = decide(plan, state, seen(says(Ruling.BREACH, at=5)), at(5))

    assert decision.state.record == state.record
    assert decision.actions == ()


def test_an_edited_plan_tries_a_rolled_back_canary_again() -> None:
    """Its hash is new."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.ROLLED_BACK)

    edited = dataclasses.replace(plan, digest="d2")
    assert phase_after(edited, state, seen(), 5) is Phase.PROGRESSING


def test_an_edited_plan_does_not_take_traffic_from_a_promoted_canary() -> None:
    """A change of a comment in `notify` must not send everybody back to 10 %."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.PROMOTED)

    edited = dataclasses.replace(plan, digest="d2")
    assert phase_after(edited, state, seen(), 5) is Phase.PROMOTED


def test_another_pair_of_versions_starts_the_next_run() -> None:
    """v3 to v4 is done, v4 to v5 begins."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.PROMOTED)
    following = dataclasses.replace(
        plan,
        stable=plan.canary,
        canary=Arm(host=None, subset="v5", deployment="data-product-v5.0"),
    )

    assert weight_after(following, state, seen(), 5) == 10


def test_stable_is_scaled_down_once_after_its_grace() -> None:
    """``onPromoted: {scaleDownStable: {after: 30m}}``; scaling it up again is respected."""
    plan = a_plan(scale_down_after=Seconds(1800.0))
    state = a_state(plan, phase=Phase.PROMOTED)
    promoted = seen(mesh=a_mesh(100))
    early = decide(plan, state, promoted, at(1799))
    due = decide(plan, state, promoted, at(1800))
    afterwards = decide(plan, due.state, promoted, at(1801))

    assert ScaleDownStable() not in early.actions
    assert ScaleDownStable() in due.actions
    assert ScaleDownStable() not in afterwards.actions


def retiring(version: int, known: int, *, replicas: int = 3) -> Decision:
    """Decide for a promoted run whose stable is due to go.

    Args:
        version: Of stable's Deployment as seen.
        known: On record as the one that may be scaled down.
        replicas: Of stable.
    """
    plan = a_plan(scale_down_after=Seconds(1800.0))
    state = a_state(plan, phase=Phase.PROMOTED, retiring=known)
    stable = a_workload(version=version, replicas=replicas)
    return decide(plan, state, seen(mesh=a_mesh(100), stable=stable), at(1800))


def test_what_is_to_be_scaled_down_is_put_on_record_first() -> None:
    """Whoever leads next must know which request may still be under way."""
    decision = retiring(version=7, known=0)

    assert decision.actions == ()
    assert decision.state.record is not None
    assert decision.state.record.retiring == 7
    assert not decision.state.record.scaled_down


def test_what_is_on_record_is_scaled_down() -> None:
    """In this version and no other."""
    decision = retiring(version=7, known=7)

    assert ScaleDownStable() in decision.actions


def test_a_deployment_that_changed_is_put_on_record_anew() -> None:
    """Requests for the version before are void; one for this version must be announced."""
    decision = retiring(version=9, known=7)

    assert decision.actions == ()
    assert decision.state.record is not None
    assert decision.state.record.retiring == 9


def test_a_look_behind_the_record_changes_nothing() -> None:
    """Our cache lags behind the leader before us: what it shows may be long past."""
    decision = retiring(version=5, known=7)

    assert decision.actions == ()
    assert decision.state.record is not None
    assert decision.state.record.retiring == 7


def test_replicas_that_are_gone_are_only_noted() -> None:
    """The process before us died between scaling and saying so."""
    decision = retiring(version=9, known=7, replicas=0)

    assert decision.state.record is not None
    assert decision.state.record.scaled_down
    assert decision.state.record.retiring == 7


@pytest.mark.parametrize(
    "mesh", [a_mesh(99), a_mesh(None), a_mesh(100, secondaries_in_step=False)]
)
def test_stable_is_not_scaled_down_while_it_may_have_traffic(mesh: MeshSeen) -> None:
    """Somebody gave it some after the promotion: an end in a hurry, past the daemon."""
    plan = a_plan(scale_down_after=Seconds(1800.0))
    state = a_state(plan, phase=Phase.PROMOTED)

    decision = decide(plan, state, seen(mesh=mesh), at(1800))

    assert ScaleDownStable() not in decision.actions


def test_an_edit_takes_force_from_the_next_step() -> None:
    """The present weight stays; the ladder above it is the new one, from its lowest rung."""
    plan = a_plan()
    edited = a_plan(rise(20), rise(30), rise(100, 0), digest="d2")
    state = a_state(plan)

    assert weight_after(edited, state, seen(says(FINE, at=30)), 30) == 10
    assert weight_after(edited, state, seen(says(FINE, at=60)), 60) == 20


def test_an_edit_elsewhere_leaves_the_place_as_it_is() -> None:
    """The same weight at the same number is the same step, with what follows it."""
    plan = a_plan(rise(10), rise(10, 90.0), rise(50), rise(100, 0), digest="d2")
    state = a_state(plan, digest="d1")

    assert weight_after(plan, state, seen(says(FINE, at=60)), 60) == 10
    assert weight_after(plan, state, seen(says(FINE, at=150)), 150) == 10


def test_a_pause_that_an_edit_brought_is_taken_once() -> None:
    """Its place lies below the present weight; going on must not lead back to it."""
    plan = a_plan(rise(10), pause(60.0), rise(50), rise(100, 0), digest="d2")
    state = a_state(plan, step=1, weight=Percent(20), since=at(0))

    assert weight_after(plan, state, seen(says(FINE, at=60)), 60) == 50


def test_an_edit_lets_nobody_jump() -> None:
    """Step 0 was 5 % and is 20 % now: the next one is 20 %, not what comes after it."""
    plan = a_plan(rise(5), rise(25), rise(50), rise(100, 0))
    state = a_state(plan, weight=Percent(5))

    edited = a_plan(rise(20), rise(100, 0), digest="d2")
    assert weight_after(edited, state, seen(says(FINE, at=60)), 60) == 20


def test_an_edit_never_lowers_the_weight() -> None:
    """A weight falls only by a rollback."""
    plan = a_plan()
    state = a_state(plan, step=1, weight=Percent(50))

    edited = a_plan(rise(10), rise(20), rise(40), rise(60), rise(100, 0), digest="d2")
    assert weight_after(edited, state, seen(says(FINE, at=60)), 60) == 60


def test_a_waiting_run_follows_the_plan_to_other_arms() -> None:
    """Nothing has begun, so nothing has to be ended."""
    plan = a_plan()
    state = a_state(plan, phase=Phase.WAITING)
    following = dataclasses.replace(
        plan, canary=Arm(host=None, subset="v5", deployment="data-product-v5.0")
    )

    record = decide(following, state, seen(canary=None), at(5)).state.record

    assert record is not None
    assert record.arms.canary_subset == "v5"
    assert record.run == 1


def test_a_plan_that_gives_way_rolls_its_run_back() -> None:
    """The engine knows that the file names another canary now."""
    plan = a_plan()
    leaving = seen(superseded="the plan names another canary")

    assert phase_after(plan, a_state(plan), leaving, 5) is Phase.ROLLED_BACK
