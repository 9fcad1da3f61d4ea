"""How a rollout stands, as conditions that kubectl, Flux and Argo CD understand.

``Ready``, ``Reconciling`` and ``Stalled`` mean what kstatus means by them: all is as the plan
wants it; it is on its way there; it will not get there by itself.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from rolloutd.core.observation import GateVerdict, Ruling
from rolloutd.core.state import Cause, Phase, Record
from rolloutd.engine.view import View

LONGEST: Final = 1024
"""Characters of a message; Kubernetes allows 32 KiB, people read a line."""

_FOR_A_PERSON: Final = frozenset(
    {Cause.BREACH, Cause.DRIFT, Cause.UNDECIDED, Cause.PLAN_REMOVED}
)
"""Pauses that nobody asked for: the rollout goes on when somebody has looked at it."""


class Truth(enum.Enum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is so, or not.

    Attributes:
        reason: CamelCase, for programs.
        message: A full sentence, for people.
    """

    type: str
    truth: Truth
    reason: str
    message: str = ""


TYPES: Final = (
    "Ready",
    "Reconciling",
    "Stalled",
    "Progressing",
    "Paused",
    "GatesPassing",
    "RolledBack",
)


def conditions(view: View | None, complaint: str | None) -> Iterator[Condition]:
    """Yield one condition of each type.

    Args:
        view: ``None`` when no rollout is under way for the plan.
        complaint: Why the plan can't be used as it stands, if it can't.
    """
    record = None if view is None else view.record
    why = _why(view)
    yield from _overall(record, why, complaint)
    reason = _reason(record)
    yield _flag("Progressing", _is_in(record, Phase.PROGRESSING), reason, why)
    yield _flag("Paused", _is_in(record, Phase.PAUSED), reason, why)
    yield gates_passing(view)
    yield _flag("RolledBack", _is_in(record, Phase.ROLLED_BACK, Phase.ABORTED), reason, why)


def phase(record: Record | None) -> str:
    """Return the phase as it is printed."""
    return _camel(Phase.WAITING.value if record is None else record.phase.value)


def _overall(record: Record | None, why: str, complaint: str | None) -> Iterator[Condition]:
    if complaint is not None:
        said = complaint[:LONGEST]
        yield Condition("Ready", Truth.FALSE, "InvalidPlan", said)
        yield Condition("Reconciling", Truth.FALSE, "InvalidPlan", said)
        yield Condition("Stalled", Truth.TRUE, "InvalidPlan", said)
        return
    reason = _reason(record)
    is_ready, is_stuck = _is_in(record, Phase.PROMOTED), _is_stuck(record)
    yield _flag("Ready", is_ready, reason, why)
    yield _flag("Reconciling", not (is_ready or is_stuck), reason, why)
    yield _flag("Stalled", is_stuck, reason, why)


def _is_stuck(record: Record | None) -> bool:
    if record is None:
        return False
    pause = record.pause
    calls = record.phase is Phase.PAUSED and pause is not None and pause.cause in _FOR_A_PERSON
    return calls or record.phase in {Phase.ROLLED_BACK, Phase.ABORTED}


def gates_passing(view: View | None) -> Condition:
    """Judge the enforced gates together: one that fails decides, then one that can't tell."""
    if view is not None and not view.plan.gates:
        return Condition("GatesPassing", Truth.TRUE, "NoGates", "The plan has no gates.")
    verdicts = () if view is None else view.verdicts
    enforced = [each for each in verdicts if each.enforced]
    for rulings, truth, reason in (
        ({Ruling.BREACH, Ruling.SUSPECT}, Truth.FALSE, "GateFailing"),
        ({Ruling.BLIND}, Truth.UNKNOWN, "NoData"),
        ({Ruling.HOLD}, Truth.UNKNOWN, "GatheringEvidence"),
    ):
        named = ", ".join(each.gate for each in enforced if each.ruling in rulings)
        if named:
            return Condition("GatesPassing", truth, reason, f"Gates: {named}.")
    if not enforced:
        return Condition("GatesPassing", Truth.UNKNOWN, "NotJudged", "No gate has spoken yet.")
    return Condition("GatesPassing", Truth.TRUE, "GatesFine", "All gates are fine.")


def fine_gates(verdicts: Collection[GateVerdict]) -> str:
    """Return how many enforced gates are fine: ``1/2``."""
    enforced = [each for each in verdicts if each.enforced]
    return f"{sum(each.ruling is Ruling.FINE for each in enforced)}/{len(enforced)}"


def _why(view: View | None) -> str:
    """Return a reason that stays the same while nothing happens: each new one is a write."""
    if view is None:
        return "The plan has just been read."
    record = view.record
    waits = record is None or record.phase is Phase.WAITING
    return (view.outlook.why if waits or record is None else record.reason)[:LONGEST]


def _reason(record: Record | None) -> str:
    if record is not None and record.phase is Phase.PAUSED and record.pause is not None:
        return f"Paused{_camel(record.pause.cause.value)}"
    return phase(record)


def _is_in(record: Record | None, *phases: Phase) -> bool:
    return record is not None and record.phase in phases


def _flag(kind: str, is_so: bool, reason: str, message: str) -> Condition:  # noqa: FBT001 - is_so is what a condition is
    return Condition(kind, Truth.TRUE if is_so else Truth.FALSE, reason, message)


def _camel(word: str) -> str:
    return word[:1].upper() + word[1:]
