"""May the rollout take its next step now? Every reason why not, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from rolloutd.core.observation import GateVerdict, MeshBlind, MeshSeen, Observation, Ruling
from rolloutd.core.plan import PauseStep, Plan, WeightStep
from rolloutd.core.state import Record
from rolloutd.core.units import Instant, Percent, Seconds, after
from rolloutd.core.windows import is_open

LAST_SMALL_STEP = Percent(50)
"""Above this share a mistake is the majority's: it is left upwards only with a certificate."""


STALE_INTERVALS = 3
"""Sampling intervals after which a verdict no longer speaks for the present."""


def next_step(plan: Plan, record: Record) -> int | None:
    """Return the step to take next; ``None`` when the run is through.

    Steps of an edited plan that lie below the present weight are passed over, because a weight
    falls only by a rollback; those above it are not, wherever the edit has put them.
    """
    index = _place(plan, record) + 1
    return index if index < len(plan.steps) else None


def hold_of(plan: Plan, record: Record) -> Seconds:
    """Return the shortest stay at the record's step; 0 where an edit took the step away.

    Below the first step of an edited plan it is that step's.
    """
    match plan.steps[max(_place(plan, record), 0)]:
        case WeightStep(weight=weight, hold=hold):
            return hold if weight >= record.weight else Seconds(0.0)
        case PauseStep():
            return Seconds(0.0)
        case never:
            assert_never(never)


def _place(plan: Plan, record: Record) -> int:
    """Return which step of the plan as it is now the record stands at; -1 below the first.

    The record's number means a step of the plan that the step was taken by. In any other plan
    the weight tells the place: an edit must not make a canary jump over steps.
    """
    if record.digest == plan.digest and record.step < len(plan.steps):
        return record.step
    last, reached = -1, None
    for index, step in enumerate(plan.steps):
        reached = step.weight if isinstance(step, WeightStep) else reached
        if index == record.step and reached == record.weight:
            return index
        if isinstance(step, WeightStep) and step.weight <= record.weight:
            last = index
    return last


def hold_ends(plan: Plan, record: Record) -> Instant:
    """Return when the step's hold is over."""
    return after(record.step_since, hold_of(plan, record))


def obstacles(plan: Plan, record: Record, seen: Observation, now: Instant) -> tuple[str, ...]:
    """Name what forbids the next step apart from the hold; empty when it may be taken."""
    # Without gates nobody asks for evidence: metrics that can't be had hold nothing up.
    evidence = _in_the_evidence(plan, record, seen, now) if plan.gates else ()
    return (
        *obstacles_to_start(plan, seen),
        *_in_other_virtual_services(seen),
        *_in_the_traffic(seen),
        *evidence,
    )


def obstacles_to_start(plan: Plan, seen: Observation) -> tuple[str, ...]:
    """Name what forbids any rise, evidence aside: before the first step there is none."""
    return (*_in_the_mesh(seen), *_in_the_canary(seen), *_in_the_calendar(plan, seen))


def enforced(seen: Observation) -> tuple[GateVerdict, ...]:
    """Return the verdicts that count: shadow gates are only shown."""
    return tuple(verdict for verdict in seen.verdicts if verdict.enforced)


def _in_the_mesh(seen: Observation) -> Iterator[str]:
    match seen.mesh:
        case MeshBlind(reason=reason):
            yield reason
        case MeshSeen():
            pass
        case never:
            assert_never(never)


def _in_other_virtual_services(seen: Observation) -> Iterator[str]:
    """Yield what forbids a further step, yet not the first: that one brings all in step.

    Before it nobody else would: a record that was deleted with its VirtualService leaves the
    others at the weights of a run that nothing remembers.
    """
    if isinstance(seen.mesh, MeshSeen) and not seen.mesh.secondaries_in_step:
        yield "another VirtualService of the plan does not hold the new weights yet"


def _in_the_traffic(seen: Observation) -> Iterator[str]:
    """Yield what requests say against a further step; those of a run before say nothing."""
    if seen.split is not None and seen.split.in_force is False:
        yield (
            f"the canary gets {seen.split.canary:.1%} of {seen.split.requests} counted"
            " requests, which is not what the VirtualService says"
        )


def _in_the_canary(seen: Observation) -> Iterator[str]:
    if seen.canary is None:
        yield "the canary's Deployment is not there"
    elif not seen.canary.ready:
        yield f"the canary is not ready: {seen.canary.why}"


def _in_the_evidence(
    plan: Plan, record: Record, seen: Observation, now: Instant
) -> Iterator[str]:
    if seen.unread:
        yield f"no metrics: {seen.unread}"
    if not seen.verdicts:
        yield "no gate has spoken yet"
    certificate = needs_certificate(plan, record)
    silence = Seconds(STALE_INTERVALS * plan.samples.interval)
    for verdict in enforced(seen):
        if verdict.ruling is not Ruling.FINE:
            yield f"{verdict.gate}: {verdict.reason.rstrip('.')}"
        elif verdict.at <= record.step_since:
            yield f"{verdict.gate} has not spoken since the step began"
        elif now > after(verdict.at, silence):
            yield f"{verdict.gate} has not spoken for {now - verdict.at:.0f}s"
        elif certificate and not verdict.certified:
            reason = verdict.reason.rstrip(".")
            yield f"{verdict.gate} has not ruled out a regression: {reason}"


def _in_the_calendar(plan: Plan, seen: Observation) -> Iterator[str]:
    if not is_open(plan.windows, seen.wall):
        yield "outside the plan's windows"


def needs_certificate(plan: Plan, record: Record) -> bool:
    """Say whether the next rise leaves the last step at or below half the traffic."""
    if record.weight > LAST_SMALL_STEP:
        return False
    rises = (
        step.weight
        for step in plan.steps[_place(plan, record) + 1 :]
        if isinstance(step, WeightStep) and step.weight > record.weight
    )
    return next(rises, Percent(100)) > LAST_SMALL_STEP
