"""The status of a plan object: what ``kubectl get rolloutplans`` prints, and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rolloutd.adapters.plans.crd.source import PlanObject
from rolloutd.adapters.plans.reading import Reading
from rolloutd.core.machine import ACTIVE, ordered
from rolloutd.core.units import Instant
from rolloutd.engine.conditions import (
    Condition,
    conditions,
    fine_gates,
    phase,
)
from rolloutd.engine.view import View
from rolloutd.ports import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands with one object.

    Attributes:
        reading: What the object says as it is now.
        complaint: Why that can't be used, if it can't.
        view: Of its rollout.
    """

    obj: PlanObject
    reading: Reading
    complaint: str | None = None
    view: View | None = None


def status(standing: Standing, wall: Instant) -> Json:
    """Return the status that an object should have.

    ``observedGeneration`` is that of the last edit which the rollout has taken in: while one
    has not been looked at, whoever waits for conditions must not take the old ones for it.

    Args:
        standing: What there is to say.
        wall: For conditions that change now.
    """
    obj, view = standing.obj, standing.view
    generation = obj.status.get("observedGeneration", 0)
    if standing.complaint is not None or _is_in_force(standing):
        generation = obj.generation
    told = [
        _condition(each, obj.status, generation, wall)
        for each in conditions(view, standing.complaint)
    ]
    return {
        "observedGeneration": generation,
        **_progress(view),
        "message": told[0]["message"],
        "conditions": told,
    }


def merge_patch(old: Json, new: Json) -> Json | None:
    """Return the body that makes one status of another; ``None`` when they are the same."""
    if old == new:
        return None
    return {"status": {**dict.fromkeys(old.keys() - new.keys()), **new}}


def _is_in_force(standing: Standing) -> bool:
    view, located = standing.view, standing.reading.plans
    return view is not None and any(view.plan == each.plan for each in located)


def _progress(view: View | None) -> Json:
    record = None if view is None else view.record
    shown: Json = {"phase": phase(record)}
    if view is None or record is None:
        return shown
    weight = ordered(record)
    if weight is not None:
        shown["weight"] = int(weight)
    if record.phase in ACTIVE:
        shown["step"] = f"{record.step + 1}/{len(view.plan.steps)}"
        shown["gates"] = fine_gates(view.verdicts)
    return {**shown, "run": record.run}


def _condition(new: Condition, status_: Json, generation: object, wall: Instant) -> Json:
    old = _old(status_, new.type)
    since = old.get("lastTransitionTime") if old.get("status") == new.truth.value else None
    return {
        "type": new.type,
        "status": new.truth.value,
        "observedGeneration": generation,
        "reason": new.reason,
        "message": new.message,
        "lastTransitionTime": since or _stamp(wall),
    }


def _old(status_: Json, kind: str) -> Json:
    held = status_.get("conditions")
    listed = held if isinstance(held, list) else []
    return next((e for e in listed if isinstance(e, dict) and e.get("type") == kind), {})


def _stamp(wall: Instant) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
