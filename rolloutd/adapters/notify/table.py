"""What the gates saw, as the rows of a table: canary, stable, limit, and the room left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rolloutd.core.bound import Bound, bound_of
from rolloutd.core.observation import GateVerdict, Ruling
from rolloutd.core.plan import Gate

_UNKNOWN = "-"

_SIGNS = {Bound.MINIMUM: "≥", Bound.MAXIMUM: "≤"}

_WORDS = {
    Ruling.FINE: "ok",
    Ruling.HOLD: "not yet",
    Ruling.SUSPECT: "suspect",
    Ruling.BREACH: "BREACH",
    Ruling.BLIND: "no data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One gate, ready to be read.

    Attributes:
        limit: With its side: ``≤ 500 ms``.
        room: From the canary's value to the limit; negative beyond it.
        ruling: A word or two.
    """

    gate: str
    canary: str
    stable: str
    limit: str
    room: str
    ruling: str


HEADINGS = GateRow(
    gate="gate", canary="canary", stable="stable", limit="limit", room="room", ruling=""
)


def gate_rows(gates: Sequence[Gate], verdicts: Sequence[GateVerdict]) -> tuple[GateRow, ...]:
    """Return a row for every verdict on one of these gates, in their order."""
    bounds = {gate.name: bound_of(gate) for gate in gates}
    return tuple(
        _row(verdict, bounds[verdict.gate]) for verdict in verdicts if verdict.gate in bounds
    )


def _row(verdict: GateVerdict, bound: Bound) -> GateRow:
    limit, word = verdict.limit, _WORDS[verdict.ruling]
    sign = _SIGNS[bound]
    return GateRow(
        gate=verdict.gate,
        canary=_value(verdict.canary, verdict.unit),
        stable=_value(verdict.stable, verdict.unit),
        limit=_UNKNOWN if limit is None else f"{sign} {_value(limit, verdict.unit)}",
        room=_room(verdict, bound),
        ruling=word if verdict.enforced else f"{word} (shadow)",
    )


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return _UNKNOWN
    match unit:
        case "ratio":
            return f"{value * 100:.4g} %"
        case "ms":
            return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
        case _:
            return f"{value:.4g}"


def _room(verdict: GateVerdict, bound: Bound) -> str:
    if verdict.canary is None or verdict.limit is None:
        return _UNKNOWN
    room = verdict.limit - verdict.canary
    if bound is Bound.MINIMUM:
        room = -room
    match verdict.unit:
        case "ratio":
            return f"{room * 100:.2g} pp"
        case "ms":
            return f"{room:.0f} ms"
        case _:
            return f"{room:.3g}"
