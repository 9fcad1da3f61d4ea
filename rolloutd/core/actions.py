"""What a decision orders."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.core.state import State
from rolloutd.core.units import Instant


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
    ABORTED = "aborted"
    PROMOTED = "promoted"
    SCALED_DOWN = "scaledDown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Tell people; nothing waits for it."""

    what: Happening
    text: str
    actor: str = ""


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
