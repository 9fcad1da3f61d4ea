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
    room = _room(gate, gate.canary)
    if room is None:
        return "-"
    match gate.unit:
        case "ratio":
            return f"{100 * room:.3g} pp"
        case _:
            return value_of(room, gate.unit)


def over(gate: Gate) -> str:
    """Say, of a gate that is fine with a value beyond its limit, how that can be; else nothing.

    It judges by evidence: few requests prove little, and both arms may suffer alike.
    """
    room = _room(gate, gate.canary)
    if gate.ruling != "fine" or room is None or room >= 0.0:
        return ""
    stable = _room(gate, gate.stable) if gate.unit else None
    shared = stable is not None and stable < 0.0
    return "over, so is stable" if shared else "over, maybe by chance"


def _room(gate: Gate, value: float | None) -> float | None:
    """Return how far a value is from the limit; below 0 on its wrong side."""
    if gate.canary is None or gate.limit is None or value is None:
        return None
    exceeds = _has_to_exceed(gate, gate.limit - gate.canary)
    return value - gate.limit if exceeds else gate.limit - value


def _has_to_exceed(gate: Gate, below: float) -> bool:
    """Say on which side of its limit a value is to be: success above, a duration below."""
    if gate.unit:
        return gate.unit == "ratio"
    return gate.room is not None and (below > 0.0) != (gate.room > 0.0)
