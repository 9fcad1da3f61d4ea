"""The plans of a simulation: the same as people write, with short holds."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping

from rolloutd.core.plan import (
    Afterwards,
    Arm,
    Gate,
    Judgement,
    Key,
    Latency,
    OnBlind,
    OnBreach,
    Plan,
    Promql,
    Routes,
    Samples,
    StartCron,
    Step,
    WeightStep,
    Window,
)
from rolloutd.core.units import Millis, Ratio, Seconds
from tests.builders import GATE, a_plan, pause, rise
from tests.simulation.cluster import (
    CANARY,
    ELSEWHERE,
    NAMESPACE,
    NEXT,
    PRIMARY,
    SECONDARY,
    STABLE,
    deployment,
)
from tests.simulation.traffic import Sign

KEY = Key(NAMESPACE, "shop")

STAIRS: tuple[tuple[Step, ...], ...] = (
    (rise(10, 6.0), rise(50, 6.0), rise(100, 0.0)),
    (rise(10, 6.0), pause(4.0), rise(50, 6.0), rise(75, 6.0), rise(100, 0.0)),
    (rise(5, 4.0), rise(25, 4.0), rise(50, 4.0), rise(100, 4.0)),
    (rise(20, 8.0), rise(100, 0.0)),
)

_DAILY = frozenset(range(1, 8))
_DAWN = 22 * 60 + 14
"""The minute that begins 40 s after a simulation does, in minutes after midnight."""

HOURS: tuple[tuple[Window, ...], ...] = tuple(
    (Window(days=_DAILY, start=start, end=start - 1, timezone="UTC"),)
    for start in (_DAWN, _DAWN + 1)
)
"""Open but for a minute: that in which a simulation begins, or the one after."""

BY_CRON = StartCron(cron="* * * * *", timezone="UTC")

GATES: Mapping[Sign, tuple[Gate, ...]] = {
    Sign.FAILURES: (GATE,),
    Sign.SLOWNESS: (
        Latency(
            name="latency",
            quantile=Ratio(0.99),
            maximum=Millis(500.0),
            max_ratio=1.5,
            judgement=Judgement.THRESHOLD,
        ),
    ),
    Sign.QUERY: (
        Promql(
            name="ailing",
            query="ailing{version='canary'}",
            stable_query=None,
            minimum=None,
            maximum=0.02,
            max_ratio=None,
            consecutive=2,
            judgement=Judgement.THRESHOLD,
        ),
    ),
}
"""What finds a canary that is not well, by how it shows."""

AWHILE = OnBlind(hold=Seconds(30.0), then=Afterwards.HOLD)
NOT_LONG = OnBlind(hold=Seconds(12.0), then=Afterwards.ROLLBACK)


def simulated_plan(chance: random.Random, *, spans_two: bool) -> Plan:
    """Return some plan; its every number is the seed's."""
    retires = chance.random() < 0.3
    plan = a_simulated_plan(chance.choice(STAIRS), spans_two=spans_two, retires=retires)
    sequential = dataclasses.replace(GATE, judgement=Judgement.SEQUENTIAL)
    return dataclasses.replace(
        plan,
        on_blind=NOT_LONG if chance.random() < 0.2 else AWHILE,
        on_breach=OnBreach.PAUSE if chance.random() < 0.15 else OnBreach.ROLLBACK,
        gates=(sequential if chance.random() < 0.15 else GATE,),
    )


def a_simulated_plan(steps: tuple[Step, ...], *, spans_two: bool, retires: bool) -> Plan:
    """Return a plan with these steps.

    Args:
        steps: With holds of seconds.
        spans_two: Over two VirtualServices.
        retires: Stable is scaled to 0 some time after the promotion.
    """
    names = (PRIMARY, SECONDARY) if spans_two else (PRIMARY,)
    return a_plan(
        *steps,
        key=KEY,
        virtual_services=tuple(Routes(virtual_service=name, routes=()) for name in names),
        stable=Arm(host=None, subset=STABLE, deployment=deployment(STABLE)),
        canary=Arm(host=None, subset=CANARY, deployment=deployment(CANARY)),
        samples=Samples(interval=Seconds(2.0), window=Seconds(10.0), min_requests=40),
        on_blind=AWHILE,
        scale_down_after=Seconds(8.0) if retires else None,
        digest="plan-0",
        origin="shop.yaml:1",
    )


def with_other_stairs(plan: Plan, chance: random.Random, edition: int) -> Plan:
    """Return the plan with other steps."""
    return dataclasses.replace(plan, steps=chance.choice(STAIRS), digest=f"plan-{edition}")


def with_next_canary(plan: Plan, edition: int) -> Plan:
    """Return the plan for the version after the canary."""
    arm = Arm(host=None, subset=NEXT, deployment=deployment(NEXT))
    return dataclasses.replace(plan, canary=arm, digest=f"plan-{edition}")


def moved_elsewhere(plan: Plan, edition: int) -> Plan:
    """Return the plan for another VirtualService."""
    routes = (Routes(virtual_service=ELSEWHERE, routes=()),)
    return dataclasses.replace(plan, virtual_services=routes, digest=f"plan-{edition}")


def by_the_clock(plan: Plan, chance: random.Random) -> Plan:
    """Return the plan, now and then with hours in which weights may rise, or with a cron."""
    return dataclasses.replace(
        plan,
        windows=chance.choice(HOURS) if chance.random() < 0.12 else plan.windows,
        start=BY_CRON if chance.random() < 0.1 else plan.start,
    )


def weights_of(plan: Plan) -> set[int]:
    """Return the shares that a plan may order; a suspect canary gets 10 %."""
    return {0, 10, 100} | {s.weight for s in plan.steps if isinstance(s, WeightStep)}


def waits_of(plan: Plan) -> float:
    """Return how long the calendar may keep a plan waiting that nothing else keeps."""
    return (60.0 if plan.windows else 0.0) + (60.0 if plan.start == BY_CRON else 0.0)


def holds_of(plan: Plan) -> float:
    """Return how long a run takes at least."""
    return sum(
        step.hold if isinstance(step, WeightStep) else (step.duration or 0.0)
        for step in plan.steps
    )
