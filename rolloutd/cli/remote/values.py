"""Values of gates in their units."""

from __future__ import annotations

from rolloutd.cli.remote.forms import Gate


def value_of(value: float | None, unit: str) -> str:
    """Write a value of a gate; ``-`` when it is not known."""
    if value is None:
        return "-"
    match unit:
        case "ratio":
            return f"{value:.2%}"
        case "ms":
            return f"{value:.4g} ms"
        case _:
            return f"{value:.4g}"


def room_of(gate: Gate) -> str:
    """Write how far a gate's canary is from its limit, in the gate's unit; negative beyond it.

    Not the gate's own ``room``: that is a share of evidence, and reads like a value.
    """
    if gate.canary is None or gate.limit is None:
        return "-"
    room = gate.limit - gate.canary
    if _has_to_exceed(gate, room):
        room = -room
    match gate.unit:
        case "ratio":
            return f"{100 * room:.3g} pp"
        case _:
            return value_of(room, gate.unit)


def _has_to_exceed(gate: Gate, below: float) -> bool:
    """Say on which side of its limit a value is to be: success above, a duration below."""
    if gate.unit:
        return gate.unit == "ratio"
    return gate.room is not None and (below > 0.0) != (gate.room > 0.0)
