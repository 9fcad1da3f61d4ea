"""Runs seeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rolloutd.telemetry.metrics import Metrics
from tests.simulation.ending import is_led, press_on, says, wanting
from tests.simulation.mishaps import befall, heal
from tests.simulation.plans import holds_of, waits_of
from tests.simulation.scenario import Scenario, scenario
from tests.simulation.stage import Stage

PATIENCE = 170.0
"""Seconds after things have healed in which all must have come to its end, holds aside: a lease
runs out (15 s), a stalled watch is noticed (20 s), waits after failures end (10 s), a run that
was superseded is rolled back and its successor begins."""

GLANCE = 2.0
STILLNESS = 9.0
"""Seconds in which nothing may be written once the end is reached and somebody leads: longer
than a rollout rests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a seed went.

    Attributes:
        violation: The first thing that must not happen; empty if nothing did.
        seconds: Virtual time that passed.
        writes: Commits of VirtualServices by replicas.
        late: Of which by a leader whose successor was elected, but had not written yet.
    """

    seed: int
    violation: str
    seconds: float
    writes: int
    late: int
    faults: Counter[str]
    lines: tuple[str, ...]
    digest: str


def simulate(seed: int, metrics: Metrics, *, traced: bool = False) -> Outcome:
    """Run one seed from beginning to end."""
    return play(scenario(seed), metrics, traced=traced)


def play(what: Scenario, metrics: Metrics, *, traced: bool = False) -> Outcome:
    """Run one scenario: storm, then healing and stillness."""
    stage = Stage(what, metrics, traced=traced)
    try:
        stage.begin()
        _storm(stage)
        settle(stage)
    except AssertionError as broken:
        stage.audit.object(str(broken))
    finally:
        stage.end()
    return Outcome(
        seed=what.seed,
        violation=stage.audit.violation,
        seconds=stage.timeline.now,
        writes=stage.audit.writes,
        late=stage.audit.late,
        faults=stage.weather.tally,
        lines=tuple(stage.trace.lines),
        digest=stage.trace.digest(),
    )


def _is_lost(stage: Stage) -> bool:
    return bool(stage.audit.violation)


def _storm(stage: Stage) -> None:
    what = stage.scenario
    while stage.timeline.now < what.storm and not _is_lost(stage):
        pause = stage.chance.expovariate(1.0 / what.spacing)
        until = min(stage.timeline.now + pause, what.storm)
        stage.timeline.run(until, lambda: _is_lost(stage))
        if what.mishaps and until < what.storm:
            befall(stage, stage.chance.choice(what.mishaps))


def settle(stage: Stage) -> None:
    """Put things right; require that all comes to its end in time, and that then all is still.

    What is wrong goes to the stage's auditor.
    """
    stage.trace.say("HEAL", "nothing goes wrong any more")
    heal(stage)
    deadline = stage.timeline.now + PATIENCE + 2 * holds_of(stage.plan) + waits_of(stage.plan)
    settled = stage.timeline.now
    while stage.timeline.now < settled + STILLNESS and not _is_lost(stage):
        stage.timeline.run(stage.timeline.now + GLANCE, lambda: _is_lost(stage))
        why = wanting(stage)
        if why:
            press_on(stage)
        if why or stage.audit.wrote_at > settled or not is_led(stage):
            settled = stage.timeline.now
        if stage.timeline.now >= deadline:
            reason = why or "something is written again and again"
            stage.audit.object(f"did not come to an end: {reason}{says(stage)}")
