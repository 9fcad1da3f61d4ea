"""The table of moves as a picture, for ``docs/state-machine.md``."""

from __future__ import annotations

from rolloutd.core.machine import ENDED, MOVES


def mermaid() -> str:
    """Return the state diagram in Mermaid's language, in the order of the table."""
    lines = ["stateDiagram-v2", "    [*] --> waiting"]
    lines += [
        f"    {phase.value} --> {onward.value}"
        for phase, moves in MOVES.items()
        for onward in MOVES
        if onward in moves
    ]
    lines += [f"    {phase.value} --> [*]" for phase in MOVES if phase in ENDED]
    return "\n".join(lines)
