"""What the lines of the audit trail say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import assert_never

from rolloutd.core.actions import Accepted, Declined, Reply
from rolloutd.core.deeds import Deed, Ended, Moved, Ordered, TakenOver
from rolloutd.core.machine import ordered
from rolloutd.core.observation import GateVerdict
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Instant
from rolloutd.ports import Json

OURSELVES = "rolloutd"
"""Who acts where nobody ordered it."""


def entry(plan: Plan, deed: Deed, epoch: int | None) -> Json | None:
    """Say what was done; ``None`` for what another line says already.

    Args:
        plan: Of the rollout.
        deed: What was done.
        epoch: Number of our leadership; ``None`` without a competition.
    """
    where: Json = {
        "at": moment(deed.at),
        "namespace": plan.key.namespace,
        "rollout": plan.key.name,
        "epoch": epoch,
    }
    match deed:
        case Moved():
            return where | _moved(plan, deed)
        case Ordered():
            return where | _ordered(deed)
        case TakenOver(record=record):
            return where | {"kind": "takenOver", "why": record.reason} | _standing(record)
        case Ended():
            return None
        case never:
            assert_never(never)


def moment(at: Instant) -> str:
    """Write a time as RFC 3339, UTC, to the millisecond."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _moved(plan: Plan, deed: Moved) -> Json:
    before, line = deed.before, deed.line
    return {
        "kind": "transition",
        "decided": moment(line.at),
        "tookSeconds": round(deed.took, 3),
        "plan": plan.digest,
        "run": deed.after.run,
        "step": line.step,
        "phase": line.phase.value,
        "phaseBefore": None if before is None else before.phase.value,
        "weight": line.weight,
        "weightBefore": 0 if before is None else ordered(before) or 0,
        "actor": line.actor or OURSELVES,
        "source": "daemon" if deed.command is None else deed.command.source,
        "order": None if deed.command is None else deed.command.id,
        "why": line.reason,
        "evidence": _evidence(deed.verdicts),
    }


def _ordered(deed: Ordered) -> Json:
    command = deed.command
    return {
        "kind": "order",
        "order": command.id,
        "verb": command.kind.value,
        "actor": command.actor,
        "source": command.source,
        "why": command.reason,
        "expectedStep": command.expected_step,
        **_answer(deed.reply),
        **({} if deed.record is None else _standing(deed.record)),
    }


def _answer(reply: Reply | None) -> Json:
    match reply:
        case Accepted():
            return {"answer": "accepted"}
        case Declined(reason=reason):
            return {"answer": "declined", "declined": reason}
        case None:
            return {"answer": "givenUp"}
        case never:
            assert_never(never)


def _standing(record: Record) -> Json:
    return {
        "run": record.run,
        "step": record.step,
        "phase": record.phase.value,
        "weight": ordered(record) or 0,
    }


def _evidence(verdicts: Sequence[GateVerdict]) -> list[Json]:
    return [
        {
            "gate": verdict.gate,
            "ruling": verdict.ruling.value,
            "enforced": verdict.enforced,
            "canary": _known(verdict.canary),
            "stable": _known(verdict.stable),
            "limit": _known(verdict.limit),
            "unit": verdict.unit,
            "samples": verdict.samples,
            "why": verdict.reason,
            "numbers": {name: _known(value) for name, value in verdict.evidence.items()},
        }
        for verdict in verdicts
    ]


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
