"""Where every simulation must end once things no longer go wrong."""

from __future__ import annotations

from rolloutd.core.machine import ENDED, ordered
from rolloutd.core.observation import CommandKind
from rolloutd.core.state import Cause, Phase, Record
from tests.simulation.cluster import STABLE
from tests.simulation.plans import KEY
from tests.simulation.stage import Stage

UNWANTED = "canary"
"""In the reason of a rollback that the gates wanted."""

PERSONS = frozenset({Cause.PERSON, Cause.DRIFT, Cause.UNDECIDED})
"""Pauses that only a person ends."""

WHOLE = 100

LONG_ENOUGH = 60.0
"""Seconds of standstill at 100 % after which somebody looks."""


def wanting(stage: Stage) -> str:
    """Say what is not yet as it must be in the end; empty for nothing."""
    record = stage.record()
    if record is None:
        return "there is no record"
    if record.phase not in ENDED:
        return (
            f"run {record.run} is {record.phase.value} at step {record.step}: {record.reason}"
        )
    return _astray(stage, record) or _unfair(stage, record) or _unserved(stage, record)


def _astray(stage: Stage, record: Record) -> str:
    """Say which weights are not the record's, unless others wrote them after the end."""
    wanted = ordered(record)
    for routes in stage.plan.virtual_services:
        name = routes.virtual_service
        weights = stage.weights(name)
        canary = weights.get(record.arms.canary_subset or "", 0)
        joint = canary + weights.get(STABLE, 0)
        share = round(100 * canary / max(joint, 1))
        if share != wanted and name not in stage.audit.meddled:
            return f"{name} sends {share} %, the record orders {wanted} %"
    return ""


def _unfair(stage: Stage, record: Record) -> str:
    """Say how the end does not fit the truth about the canary."""
    is_broken = stage.plan.canary.subset in stage.scenario.broken
    if is_broken and record.phase is Phase.PROMOTED:
        return "a broken canary was promoted"
    if record.arms.canary_subset != stage.plan.canary.subset:
        return f"the run is of {record.arms.canary_subset}, which is no longer wanted"
    if not is_broken and record.phase is Phase.ROLLED_BACK and _blames_the_canary(record):
        return f"a healthy canary was rolled back: {record.reason}"
    if stage.scenario.is_calm and not is_broken and record.phase is not Phase.PROMOTED:
        return "a healthy canary was not promoted on a calm day"
    return ""


def _blames_the_canary(record: Record) -> bool:
    return "superseded" not in record.reason and "blind" not in record.reason


def _unserved(stage: Stage, record: Record) -> str:
    """Say whether traffic goes where nobody is."""
    if stage.audit.meddled:
        return ""
    pods = stage.cluster.replicas(STABLE)
    if stage.weights().get(STABLE, 0) > 0 and pods == 0:
        return "stable has the traffic and no replicas"
    retires = stage.plan.scale_down_after is not None
    if record.phase is Phase.PROMOTED and retires and not record.scaled_down:
        return "stable was not retired"
    return ""


def press_on(stage: Stage) -> None:
    """Let a person end a pause that nothing else ends."""
    record = stage.record()
    for routes in stage.plan.virtual_services:
        arms = (STABLE, stage.plan.canary.subset or "")
        weights = stage.weights(routes.virtual_service)
        if not any(weights.get(arm) for arm in arms):
            # The plan does not fit: all traffic is at a version that it does not name.
            stage.cluster.write_weights(routes.virtual_service, 0)
    if record is None:
        return
    if record.pause is None:
        _settle_without_control(stage, record)
    elif record.pause.cause in PERSONS:
        stage.order(CommandKind.RESUME)
    elif record.pause.cause is Cause.BREACH:
        stage.order(CommandKind.ROLLBACK)


def _settle_without_control(stage: Stage, record: Record) -> None:
    """Let a person decide at 100 %: a leader that is new there never learns what is usual.

    Not elsewhere: where stable has traffic, a hold must come to its end by itself.
    """
    decidable = record.phase is Phase.PROGRESSING and record.weight == WHOLE
    if decidable and stage.timeline.now > stage.audit.wrote_at + LONG_ENOUGH:
        broken = record.arms.canary_subset in stage.scenario.broken
        stage.order(CommandKind.ROLLBACK if broken else CommandKind.SKIP)


def is_led(stage: Stage) -> bool:
    """Say whether somebody leads and has looked at the plan."""
    return any(host.rollout(KEY) is not None for host in stage.hosts)


def says(stage: Stage) -> str:
    """Return what the leaders themselves say about it."""
    views = [(h.name, r.view) for h in stage.hosts if (r := h.rollout(KEY)) is not None]
    if not views:
        return "; nobody leads"
    return "".join(f"; {name}: {view.outlook.why} {view.trouble}" for name, view in views)
