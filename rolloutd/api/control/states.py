"""From the engine's views to what goes over the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

from rolloutd.api.control.models import (
    ConditionForm,
    Full,
    GateForm,
    PauseForm,
    SplitForm,
    StepForm,
    Summary,
    TransitionForm,
)
from rolloutd.core.machine import ENDED
from rolloutd.core.observation import GateVerdict
from rolloutd.core.plan import PauseStep, Step, WeightStep
from rolloutd.core.state import Pause, Transition
from rolloutd.core.steps import arm_name
from rolloutd.core.units import Instant
from rolloutd.engine.conditions import Condition, conditions
from rolloutd.engine.view import View


def summary(view: View) -> Summary:
    """Say of a rollout what a list shows. Equal unless something moved."""
    record, outlook = view.record, view.outlook
    return Summary(
        namespace=view.plan.key.namespace,
        name=view.plan.key.name,
        phase=None if record is None else record.phase,
        run=None if record is None else record.run,
        step=None if record is None else record.step,
        step_count=len(view.plan.steps),
        suspect=record is not None and record.suspect,
        split=_split(view),
        rulings={verdict.gate: verdict.ruling for verdict in view.verdicts},
        why=outlook.why,
        what_next=outlook.what_next,
        at=_maybe(outlook.at),
        obstacles=list(outlook.obstacles),
        trouble=view.trouble,
        since=None if record is None else moment(record.since),
    )


def full(view: View) -> Full:
    """Say everything of a rollout."""
    record = view.record
    ended = record is not None and record.phase in ENDED
    return Full(
        **dict(summary(view)),
        seen_at=moment(view.at),
        interval_seconds=view.plan.samples.interval,
        stable=arm_name(view.plan.stable),
        canary=arm_name(view.plan.canary),
        reason="" if record is None else record.reason,
        started=None if record is None else moment(record.started),
        step_since=None if record is None else moment(record.step_since),
        steps=[_step(step) for step in view.plan.steps],
        gates=[
            gate_form(verdict, None if ended else view.streaks.get(verdict.gate, 0))
            for verdict in view.verdicts
        ],
        pause=None if record is None or record.pause is None else _pause(record.pause),
        conditions=[_condition(each) for each in conditions(view, None)],
        timeline=[]
        if record is None
        else [transition_form(line) for line in record.transitions],
    )


def _split(view: View) -> SplitForm:
    seen = view.split
    return SplitForm(
        desired_percent=view.desired,
        observed_ratio=None if seen is None else seen.canary,
        observed_requests=0 if seen is None else seen.requests,
        in_force=None if seen is None else seen.in_force,
    )


def _step(step: Step) -> StepForm:
    match step:
        case WeightStep():
            return StepForm(weight_percent=step.weight, seconds=step.hold)
        case PauseStep():
            return StepForm(weight_percent=None, seconds=step.duration)
        case never:
            assert_never(never)


def gate_form(verdict: GateVerdict, in_a_row: int | None = None) -> GateForm:
    """Say what a gate says, and how often in a row it was fine."""
    return GateForm(
        gate=verdict.gate,
        ruling=verdict.ruling,
        reason=verdict.reason,
        seen_at=moment(verdict.at),
        certified=verdict.certified,
        enforced=verdict.enforced,
        canary=verdict.canary,
        stable=verdict.stable,
        limit=verdict.limit,
        room=verdict.room,
        unit=verdict.unit,
        samples=verdict.samples,
        in_a_row=in_a_row,
        evidence={**verdict.evidence},
    )


def _pause(pause: Pause) -> PauseForm:
    return PauseForm(
        cause=pause.cause,
        actor=pause.actor,
        reason=pause.reason,
        until=_maybe(pause.until),
    )


def _condition(condition: Condition) -> ConditionForm:
    return ConditionForm(
        type=condition.type,
        status=condition.truth,
        reason=condition.reason,
        message=condition.message,
    )


def transition_form(line: Transition) -> TransitionForm:
    """Tell one line of a story."""
    return TransitionForm(
        at=moment(line.at),
        phase=line.phase,
        step=line.step,
        weight_percent=line.weight,
        actor=line.actor,
        reason=line.reason,
    )


def _maybe(at: Instant | None) -> datetime | None:
    return None if at is None else moment(at)


def moment(at: Instant) -> datetime:
    """Say when, in UTC."""
    return datetime.fromtimestamp(at, UTC)
