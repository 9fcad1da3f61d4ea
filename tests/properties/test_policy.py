"""Laws of the policy, under arbitrary sightings."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from rolloutd.core.advance import next_step
from rolloutd.core.decide import decide
from rolloutd.core.machine import ENDED, MOVES, ordered
from rolloutd.core.observation import (
    Command,
    CommandKind,
    GateVerdict,
    MeshBlind,
    Observation,
    Ruling,
)
from rolloutd.core.plan import PauseStep, Plan, WeightStep
from rolloutd.core.state import Phase, Record, State
from rolloutd.core.units import Instant
from tests.builders import T0, a_mesh, a_plan, a_workload, pause, rise, says, seen

WEIGHTS = st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True).map(sorted)
HOLDS = st.sampled_from([0.0, 5.0, 60.0])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    steps: list[WeightStep | PauseStep] = []
    for weight in draw(WEIGHTS):
        steps.append(rise(weight, draw(HOLDS)))
        if draw(st.booleans()):
            steps.append(pause(draw(st.sampled_from([None, 30.0]))))
    return a_plan(*steps, rise(100, draw(HOLDS)))


RULINGS = st.lists(st.sampled_from(Ruling), max_size=2)


@st.composite
def sightings(draw: st.DrawFn, now: float) -> Observation:
    verdicts = tuple(
        dataclasses.replace(
            says(ruling, at=now - draw(st.sampled_from([0.0, 1.0, 100.0]))),
            gate=f"gate-{number}",
            certified=draw(st.booleans()),
        )
        for number, ruling in enumerate(draw(RULINGS))
    )
    mesh = draw(
        st.one_of(
            st.just(MeshBlind(reason="no route")),
            st.builds(
                a_mesh,
                st.integers(0, 100),
                primary_in_step=st.booleans(),
                secondaries_in_step=st.booleans(),
                hold_off=st.sampled_from([None, None, None, "freeze"]),
            ),
        )
    )
    command = draw(
        st.one_of(
            st.none(),
            st.none(),
            st.builds(
                Command,
                id=st.uuids().map(str),
                kind=st.sampled_from(CommandKind),
                actor=st.just("ana"),
                reason=st.just(""),
                expected_step=st.one_of(st.none(), st.integers(0, 5)),
            ),
        )
    )
    canary = draw(
        st.one_of(
            st.just(a_workload()),
            st.just(a_workload()),
            st.builds(a_workload, ready=st.booleans(), revision=st.sampled_from(["r1", "r2"])),
            st.none(),
        )
    )
    return seen(
        *verdicts,
        mesh=mesh,
        canary=canary,
        command=command,
        plan_removed=draw(st.sampled_from([False] * 9 + [True])),
        wall=Instant(T0 + now),
    )


@st.composite
def stories(draw: st.DrawFn) -> tuple[Plan, list[tuple[float, Observation]]]:
    plan, now, story = draw(plans()), 0.0, []
    for _ in range(draw(st.integers(1, 25))):
        now += draw(st.sampled_from([0.1, 5.0, 61.0]))
        story.append((now, draw(sightings(now))))
    return plan, story


def play(
    plan: Plan, story: list[tuple[float, Observation]]
) -> list[tuple[State, Observation, State, Instant]]:
    turns, state = [], State()
    for now, sighting in story:
        after = decide(plan, state, sighting, Instant(T0 + now)).state
        turns.append((state, sighting, after, Instant(T0 + now)))
        state = after
    return turns


def records(before: State, after: State) -> tuple[Record | None, Record]:
    assert after.record is not None
    return before.record, after.record


@given(stories())
def test_the_canary_never_has_more_than_its_step_allows(
    told: tuple[Plan, list[tuple[float, Observation]]],
) -> None:
    """The plan is a promise about exposure."""
    plan, story = told
    for before, _, after, _ in play(plan, story):
        _, record = records(before, after)

        share = ordered(record)
        assert share is None or 0 <= share <= 100
        if record.phase in {Phase.PROGRESSING, Phase.PAUSED}:
            assert share is not None
            assert share <= allowed(plan, record.step)


def allowed(plan: Plan, step: int) -> int:
    """What a step allows; a pause allows what the step before it does."""
    weights = [s.weight for s in plan.steps[: step + 1] if isinstance(s, WeightStep)]
    return weights[-1]


def rose(before: Record | None, after: Record) -> bool:
    """Whether this turn gave the canary more than it had, other than by clearing it."""
    if before is None or before.run != after.run:
        return False
    return after.weight > before.weight and before.phase is Phase.PROGRESSING


@given(stories())
def test_no_rise_without_a_fresh_fine_verdict_of_every_gate_unless_a_person_says_so(
    told: tuple[Plan, list[tuple[float, Observation]]],
) -> None:
    """Neither silence nor blindness nor the past promotes anything."""
    plan, story = told
    for before, sighting, after, _ in play(plan, story):
        old, new = records(before, after)
        if old is None or not rose(old, new) or sighting.command is not None:
            continue

        assert sighting.verdicts
        assert all(fresh(verdict, old) for verdict in sighting.verdicts)


def fresh(verdict: GateVerdict, record: Record) -> bool:
    return verdict.ruling is Ruling.FINE and verdict.at > record.step_since


@given(stories())
def test_after_a_breach_the_next_record_gives_the_canary_nothing(
    told: tuple[Plan, list[tuple[float, Observation]]],
) -> None:
    """Whatever else is true in that moment."""
    plan, story = told
    for before, sighting, after, _ in play(plan, story):
        old, new = records(before, after)
        active = old is not None and old.phase in {Phase.PROGRESSING, Phase.PAUSED}
        if active and any(v.ruling is Ruling.BREACH for v in sighting.verdicts):
            assert ordered(new) == 0


@given(stories())
def test_every_move_is_in_the_table_and_ended_runs_stay_ended(
    told: tuple[Plan, list[tuple[float, Observation]]],
) -> None:
    """Only a person or another canary opens a finished run again."""
    plan, story = told
    for before, sighting, after, _ in play(plan, story):
        old, new = records(before, after)
        if old is None or old == new:
            continue
        if old.run == new.run and old.phase is not new.phase:
            assert new.phase in MOVES[old.phase]
        if old.phase in ENDED:
            revision = sighting.canary.revision if sighting.canary else ""
            assert sighting.command is not None or revision != old.revision


@given(stories())
def test_deciding_again_on_the_same_facts_comes_to_rest(
    told: tuple[Plan, list[tuple[float, Observation]]],
) -> None:
    """Level, not edge: repetition neither climbs nor fights, it ends in the same record."""
    plan, story = told
    for before, sighting, after, now in play(plan, story):
        state = after
        for _ in range(5):
            state = decide(plan, state, sighting, now).state
        rested = decide(plan, state, sighting, now).state

        old, new = records(before, rested)
        assert rested.record == state.record
        steps = new.step - (old.step if old is not None and old.run == new.run else 0)
        assert steps <= 1 or new.phase is Phase.PROMOTED


@given(plans())
def test_every_step_is_reached_in_order(plan: Plan) -> None:
    """A healthy canary climbs the whole ladder."""
    state, now, weights = State(), 0.0, []
    for _ in range(200):
        now += 61.0
        fine = seen(says(Ruling.FINE, at=now), command=None)
        record = state.record
        if record is not None and record.pause is not None and record.pause.until is None:
            resume = Command(id=f"{now}", kind=CommandKind.RESUME, actor="ana", reason="")
            fine = dataclasses.replace(fine, command=resume)
        state = decide(plan, state, fine, Instant(T0 + now)).state
        assert state.record is not None
        weights.append(ordered(state.record) or 0)

    assert weights == sorted(weights)
    assert set(weights) >= {s.weight for s in plan.steps if isinstance(s, WeightStep)}
    assert state.record is not None
    assert state.record.phase is Phase.PROMOTED
    assert next_step(plan, state.record) is None
