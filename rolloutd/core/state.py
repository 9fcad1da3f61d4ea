"""Where a rollout stands: what must survive a restart, and what need not.

The record is written to the cluster in the same patch as the weights it orders, so what is
recorded is true. The watch is the memory of one process: losing it costs a little time, never
safety.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from rolloutd.core.plan import Routes
from rolloutd.core.units import Instant, Percent


class Phase(enum.Enum):
    """Where a run stands; ``core/machine.py`` has the legal moves."""

    WAITING = "waiting"
    """The canary is not ready, or the start not due. Weights are not ours yet."""
    PROGRESSING = "progressing"
    """At a step's weight, watched; moves on when the hold is over and the gates are fine."""
    PAUSED = "paused"
    """At a step's weight, watched, waiting for a person or a time."""
    PROMOTED = "promoted"
    """All traffic is the canary's."""
    ROLLED_BACK = "rolledBack"
    """All traffic is stable's again: the daemon decided so."""
    ABORTED = "aborted"
    """All traffic is stable's again: a person decided so."""


class Cause(enum.Enum):
    """Why a run is paused: what ends the pause depends on it."""

    PLAN = "plan"
    """A pause step."""
    PERSON = "person"
    BREACH = "breach"
    """``onBreach: pause``."""
    DRIFT = "drift"
    """Someone else keeps changing the weights; ours are not written until resumed."""
    PLAN_REMOVED = "planRemoved"
    UNDECIDED = "undecided"
    """The evidence did not suffice in the longest hold allowed: a person decides."""
    HANDS_OFF = "handsOff"
    """The ``rolloutd.io/pause`` annotation; ends when it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why we stand still.

    Attributes:
        until: When it ends by itself; ``None`` when a person must end it.
    """

    cause: Cause
    actor: str
    reason: str
    until: Instant | None = None

    @property
    def hands_off(self) -> bool:
        """Whether weights are left as found meanwhile."""
        return self.cause in {Cause.DRIFT, Cause.HANDS_OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One line of the story.

    Attributes:
        weight: The canary's share ordered from then on.
        actor: Who asked; empty when the daemon itself decided.
    """

    at: Instant
    phase: Phase
    step: int
    weight: Percent
    reason: str
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Which versions a run compares: what a supersession must put back."""

    stable_host: str | None
    stable_subset: str | None
    canary_host: str | None
    canary_subset: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that must survive a restart.

    Attributes:
        run: Number of this attempt, counted per VirtualService.
        digest: The plan's, when the run began or last changed plan.
        revision: Hash of the canary's pod template that is being judged.
        started: When the first weight was ordered; when it was first seen before that.
        since: When the phase was entered.
        step_since: When the step's weight was ordered, moved on by time spent paused.
        weight: The canary's share that the step orders.
        routes: What it moves, the first bearing this record; empty when that is not on record.
        suspect: Exposed to little until the suspicion is cleared.
        reason: Why the phase was entered, a full sentence.
        commands: Ids of the last commands obeyed, newest last.
        restores: When drift was put right, newest last.
        retiring: Version of stable's Deployment that may be taken to 0: no request names
            another, and each is void once the Deployment has changed. 0 before the first.
        scaled_down: Stable's Deployment was taken to 0 after the promotion.
        transitions: The last ones, newest last.
    """

    run: int
    digest: str
    revision: str
    arms: Arms
    phase: Phase
    started: Instant
    since: Instant
    step: int = 0
    step_since: Instant
    weight: Percent = Percent(0)
    routes: tuple[Routes, ...] = ()
    suspect: bool = False
    pause: Pause | None = None
    reason: str
    commands: tuple[str, ...] = ()
    restores: tuple[Instant, ...] = ()
    retiring: int = 0
    scaled_down: bool = False
    transitions: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What one process remembers besides.

    Attributes:
        breach: Reason of a breach seen and not yet recorded as rolled back: a write that
            fails must not let the evidence grow old.
        blind_since: Since when there is no evidence.
        blind_told: People were told that blindness has lasted too long.
    """

    breach: str | None = None
    blind_since: Instant | None = None
    blind_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Record and watch together; ``record`` is ``None`` before a plan's first run."""

    record: Record | None = None
    watch: Watch = field(default_factory=Watch)
