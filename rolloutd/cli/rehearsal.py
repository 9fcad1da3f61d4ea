"""A rollout in virtual time: the daemon's own gates and policy, and a mesh that obeys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import assert_never

import click

from rolloutd.adapters.plans.directory import scan
from rolloutd.core.decide import decide
from rolloutd.core.gate import hear, seat, verdicts
from rolloutd.core.machine import ordered
from rolloutd.core.observation import (
    GateVerdict,
    History,
    MeshSeen,
    Observation,
    Sample,
    WorkloadSeen,
)
from rolloutd.core.plan import (
    Gate,
    Judgement,
    Latency,
    PauseStep,
    Plan,
    Promql,
    StartAuto,
    SuccessRate,
)
from rolloutd.core.state import Phase, Record, State
from rolloutd.core.units import Instant, Percent

READY = WorkloadSeen(ready=True, why="", revision="rehearsed", replicas=1)

ENDED = frozenset({Phase.ROLLED_BACK, Phase.ABORTED, Phase.PROMOTED})


class Rehearsal:
    """One run of a plan, driven by samples.

    Args:
        plan: As ``rehearsable`` returns it.
        history: Of stable, when known.
        start: When the run begins.
    """

    def __init__(self, plan: Plan, history: History | None, start: Instant) -> None:
        self.plan = plan
        self.jury = seat(plan, history)
        self.state = State()
        self.said: tuple[GateVerdict, ...] = ()
        self._decide(start)

    @property
    def record(self) -> Record:
        """Return where the run stands."""
        record = self.state.record
        if record is None:
            raise AssertionError("a decision always leaves a record")
        return record

    @property
    def weight(self) -> Percent:
        """Return the canary's share as ordered now."""
        return ordered(self.record) or Percent(0)

    @property
    def over(self) -> bool:
        """Say whether nothing more will happen without a person."""
        return self.record.phase in ENDED or self.record.phase is Phase.PAUSED

    def turn(self, sample: Sample) -> None:
        """Hear one interval and decide at its end."""
        self.jury = hear(self.jury, sample)
        self.said = verdicts(self.jury)
        self._decide(sample.end)

    def _decide(self, now: Instant) -> None:
        share = None if self.state.record is None else self.weight
        mesh = MeshSeen(
            canary=share, record=None, primary_in_step=True, secondaries_in_step=True
        )
        seen = Observation(wall=now, mesh=mesh, stable=READY, canary=READY, verdicts=self.said)
        self.state = decide(self.plan, self.state, seen, now).state


def rehearsable(plan: Plan) -> Plan:
    """Return a plan without what only a person or a calendar can settle."""
    steps = tuple(
        step
        for step in plan.steps
        if not isinstance(step, PauseStep) or step.duration is not None
    )
    return dataclasses.replace(plan, steps=steps, windows=(), start=StartAuto())


def one_plan(path: Path) -> Plan:
    """Read the one plan of a file, made rehearsable.

    Raises:
        click.ClickException: The file has no plan, more than one, or one that is refused.
    """
    catalogue = scan([path])
    if catalogue.complaints:
        raise click.ClickException("\n".join(catalogue.complaints))
    if len(catalogue.plans) != 1:
        raise click.ClickException(f"{path}: one plan is needed, found {len(catalogue.plans)}")
    (plan,) = catalogue.plans.values()
    return rehearsable(plan)


def judgeable(plan: Plan, has_data: Callable[[Gate], bool]) -> Plan:
    """Return the plan with those enforced gates that there is data for.

    Says on standard error which are left out.

    Raises:
        click.UsageError: None would be left.
    """
    enforced = [gate for gate in plan.gates if gate.judgement is not Judgement.SHADOW]
    gates = tuple(gate for gate in enforced if has_data(gate))
    if not gates:
        raise click.UsageError("there is no data for any enforced gate of the plan")
    for gate in enforced:
        if gate not in gates:
            click.echo(f"{gate.name} is left out: there is no data for it", err=True)
    return dataclasses.replace(plan, gates=gates)


def told_by(samples: Sequence[Sample]) -> Callable[[Gate], bool]:
    """Say of a gate whether some samples have data for it."""
    timed = any(
        arm is not None and arm.latency is not None
        for sample in samples
        for arm in (sample.canary, sample.stable)
    )
    answered = {
        name
        for sample in samples
        for name, (canary, _) in sample.values.items()
        if canary is not None
    }

    def has_data(gate: Gate) -> bool:
        match gate:
            case SuccessRate():
                return True
            case Latency():
                return timed
            case Promql(name=name):
                return name in answered
            case never:
                assert_never(never)

    return has_data
