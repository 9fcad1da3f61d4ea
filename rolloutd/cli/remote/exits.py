"""How commands end, for scripts. ``docs/cli.md`` and ``rolloutd --help`` tell the same."""

from __future__ import annotations

from typing import Final

PROMOTED: Final = 0
ERROR: Final = 1
TAKEN_BACK: Final = 3
"""Rolled back or aborted: all traffic is stable's."""
STANDING: Final = 4
"""Not over: waiting, going on, or paused."""
LATE: Final = 124
"""Not over in time; what ``timeout(1)`` says."""

ENDED: Final = frozenset({"promoted", "rolledBack", "aborted"})
"""Phases, as spelt on the wire, of a run that is over."""


def exit_of(phase: str) -> int:
    """Return the code for a rollout that is in this phase."""
    if phase == "promoted":
        return PROMOTED
    return TAKEN_BACK if phase in ENDED else STANDING
