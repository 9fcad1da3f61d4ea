"""What a decision orders."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.core.observation import Course, GateVerdict
from rolloutd.core.state import State
from rolloutd.core.units import Instant, Seconds


class Happening(enum.Enum):
    """What people may want to hear of."""

    STARTED = "started"
    ADVANCED = "advanced"
    PAUSED = "paused"
    RESUMED = "resumed"
    SUSPECT = "suspect"
    CLEARED = "cleared"
    BLIND = "blind"
    DRIFT = "drift"
    ROLLED_BACK = "rolledBack"
    SUPERSEDED = "superseded"
    """Rolled back because another canary is wanted: nothing is wrong with this one."""
    ABORTED = "aborted"
    PROMOTED = "promoted"
    SCALED_DOWN = "scaledDown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Tell people; nothing waits for it.

    Attributes:
        verdicts: What the gates said at that moment.
        course: What the run had been through; ``None`` when this process saw nothing of it.
        took: From the first decision to the write that made it true; ``None`` before that.
        again: It was written by an earlier process, which may or may not have told people.
    """

    what: Happening
    text: str
    actor: str = ""
    verdicts: tuple[GateVerdict, ...] = ()
    course: Course | None = None
    took: Seconds | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleDownStable:
    """Take stable's Deployment to 0 replicas."""


Action: TypeAlias = Announce | ScaleDownStable


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The command is obeyed once the record that comes with this is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The command does not fit.

    Attributes:
        stale: The sender looked at another step; reading again may help.
    """

    reason: str
    stale: bool = False


Reply: TypeAlias = Accepted | Declined


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Why a rollout is where it is, and what comes next, in words.

    Attributes:
        why: A full sentence.
        what_next: A full sentence.
        at: When the next move is due, if a time is known.
        obstacles: What keeps it from moving now, each a clause; empty when nothing does.
    """

    why: str
    what_next: str
    at: Instant | None = None
    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The next state, and what to do to make it true.

    The weight is not an action: it follows from ``state.record`` (``machine.ordered``), and is
    written with it. Deciding again on the same facts gives the same state.
    """

    state: State
    actions: tuple[Action, ...]
    outlook: Outlook
    reply: Reply | None = None
