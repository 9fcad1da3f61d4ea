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
    """Write how far a gate is from its limit; negative beyond it."""
    return "-" if gate.room is None else f"{gate.room:.1%}"
