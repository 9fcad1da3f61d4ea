"""Rollouts in virtual time."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.cli.rehearsal import Rehearsal, rehearsable
from rolloutd.core.observation import History
from rolloutd.core.plan import Judgement, PauseStep, StartManual, WeightStep
from rolloutd.core.state import Phase
from rolloutd.core.units import Instant, Percent, Seconds
from tests.core.gate.cases import START, Traffic, plan, success

PAST = History(requests=90_000, failures=90)
PLAN = dataclasses.replace(
    plan(success(Judgement.SEQUENTIAL)),
    steps=(
        WeightStep(weight=Percent(10), hold=Seconds(60.0)),
        WeightStep(weight=Percent(100), hold=Seconds(0.0)),
    ),
)


def played(canary: float) -> Rehearsal:
    rehearsal = Rehearsal(PLAN, PAST, Instant(START))
    for sample in Traffic(canary=canary).samples(200):
        if rehearsal.over:
            break
        rehearsal.turn(sample)
    return rehearsal


def test_a_rehearsal_begins_at_the_first_weight() -> None:
    """Nothing to wait for: the canary is ready, the mesh obeys."""
    assert Rehearsal(PLAN, PAST, Instant(START)).weight == 10


@pytest.mark.parametrize(
    ("canary", "phase"), [(0.001, Phase.PROMOTED), (1.0, Phase.ROLLED_BACK)]
)
def test_it_ends_as_the_daemon_would_end_it(canary: float, phase: Phase) -> None:
    """The gates and the policy are the daemon's own."""
    assert played(canary).record.phase is phase


def test_a_rolled_back_canary_gets_nothing() -> None:
    """The next samples would be drawn at that weight."""
    assert played(1.0).weight == 0


def test_what_needs_a_person_or_a_calendar_is_left_out() -> None:
    """Virtual time has neither."""
    waiting = dataclasses.replace(
        PLAN,
        start=StartManual(),
        steps=(PLAN.steps[0], PauseStep(duration=None), PauseStep(duration=Seconds(5.0))),
    )
    ready = rehearsable(waiting)

    assert ready.steps == (PLAN.steps[0], PauseStep(duration=Seconds(5.0)))
    assert Rehearsal(ready, None, Instant(START)).record.phase is Phase.PROGRESSING
