"""Values for tests: whole and valid, so that a test names only what it is about."""

from __future__ import annotations

import dataclasses

from rolloutd.core.observation import (
    Command,
    CommandKind,
    GateVerdict,
    MeshSeen,
    Observation,
    Ruling,
    WorkloadSeen,
)
from rolloutd.core.plan import (
    Afterwards,
    Arm,
    Confidence,
    IstioMetrics,
    Judgement,
    Key,
    Metrics,
    OnBlind,
    OnBreach,
    PauseStep,
    Plan,
    Reporter,
    Routes,
    Samples,
    StartAuto,
    Step,
    SuccessRate,
    WeightStep,
)
from rolloutd.core.state import Phase, Record, State
from rolloutd.core.steps import arms_of
from rolloutd.core.units import Instant, Percent, Ratio, Seconds

T0 = Instant(1_700_000_000.0)
"""When tests begin: Tuesday 2023-11-14 22:13:20 UTC."""

GATE = SuccessRate(
    name="success-rate",
    minimum=Ratio(0.99),
    max_drop=Ratio(0.005),
    judgement=Judgement.THRESHOLD,
)


def rise(weight: int, hold: float = 60.0) -> WeightStep:
    return WeightStep(weight=Percent(weight), hold=Seconds(hold))


def pause(duration: float | None = None) -> PauseStep:
    return PauseStep(duration=None if duration is None else Seconds(duration))


def a_plan(*steps: Step, **changes: object) -> Plan:
    """Return the story's plan: 10, 50, 75, 100 %, a minute each, judged by one gate."""
    plan = Plan(
        key=Key("default", "data-product"),
        virtual_services=(Routes(virtual_service="data-product", routes=()),),
        stable=Arm(host=None, subset="v3", deployment="data-product"),
        canary=Arm(host=None, subset="v4", deployment="data-product-v4.0"),
        steps=steps or (rise(10), rise(50), rise(75), rise(100, 0.0)),
        gates=(GATE,),
        confidence=Confidence(),
        metrics=Metrics(
            source=IstioMetrics(reporter=Reporter.SOURCE),
            grpc_failures=frozenset({13, 14}),
            http_failures=(500, 599),
        ),
        samples=Samples(interval=Seconds(5.0), window=Seconds(60.0), min_requests=100),
        on_breach=OnBreach.ROLLBACK,
        on_blind=OnBlind(hold=Seconds(1200.0), then=Afterwards.HOLD),
        scale_down_after=None,
        start=StartAuto(),
        windows=(),
        notify=(),
        digest="d1",
        origin="config/data-product.yaml:1",
    )
    return dataclasses.replace(plan, **changes)  # type: ignore[arg-type] # tests name fields


def a_record(plan: Plan, *, phase: Phase = Phase.PROGRESSING, **changes: object) -> Record:
    """Return the record of a run at its first step, begun at T0."""
    record = Record(
        run=1,
        digest=plan.digest,
        revision="r1",
        arms=arms_of(plan),
        phase=phase,
        started=T0,
        since=T0,
        step=0,
        step_since=T0,
        weight=Percent(10),
        reason="Started.",
    )
    return dataclasses.replace(record, **changes)  # type: ignore[arg-type] # tests name fields


def a_state(plan: Plan, *, phase: Phase = Phase.PROGRESSING, **changes: object) -> State:
    return State(record=a_record(plan, phase=phase, **changes))


def says(
    ruling: Ruling, *, at: float = 0.0, certified: bool | None = None, enforced: bool = True
) -> GateVerdict:
    """Return a verdict reached ``at`` seconds after T0."""
    return GateVerdict(
        gate="success-rate",
        ruling=ruling,
        at=Instant(T0 + at),
        reason=f"it is {ruling.value}.",
        certified=ruling is Ruling.FINE if certified is None else certified,
        enforced=enforced,
        evidence={},
    )


def a_workload(**changes: object) -> WorkloadSeen:
    workload = WorkloadSeen(ready=True, why="", revision="r1", replicas=3)
    return dataclasses.replace(workload, **changes)  # type: ignore[arg-type] # see above


def a_mesh(canary: int | None = 10, **changes: object) -> MeshSeen:
    mesh = MeshSeen(
        canary=None if canary is None else Percent(canary),
        record=None,
        primary_in_step=True,
        secondaries_in_step=True,
    )
    return dataclasses.replace(mesh, **changes)  # type: ignore[arg-type] # see above


def seen(*verdicts: GateVerdict, **changes: object) -> Observation:
    """Return a sighting of a healthy world in which the gates said this."""
    observation = Observation(
        wall=T0,
        mesh=a_mesh(),
        stable=a_workload(),
        canary=a_workload(),
        verdicts=verdicts,
    )
    return dataclasses.replace(observation, **changes)  # type: ignore[arg-type] # see above


def asked(kind: CommandKind, *, expected_step: int | None = None, ident: str = "c1") -> Command:
    return Command(
        id=ident,
        kind=kind,
        actor="ana",
        reason="because",
        expected_step=expected_step,
    )


def at(seconds: float) -> Instant:
    """Return an instant so many seconds after T0."""
    return Instant(T0 + seconds)
