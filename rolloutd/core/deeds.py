"""What was done, with all that is needed to answer for it: for audits and for the history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from rolloutd.core.actions import Reply
from rolloutd.core.observation import Command, Course, GateVerdict
from rolloutd.core.series import Series
from rolloutd.core.state import Phase, Record, Transition
from rolloutd.core.units import Instant, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The cluster accepted a record with one more line in its story.

    Attributes:
        at: When it was accepted.
        command: The order that it obeys; ``None`` when the daemon decided by itself.
        verdicts: What the gates said when it was decided.
        took: From the first decision to the accepted write.
    """

    at: Instant
    before: Record | None
    after: Record
    line: Transition
    command: Command | None = None
    verdicts: tuple[GateVerdict, ...] = ()
    took: Seconds = Seconds(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order was answered.

    Attributes:
        reply: ``None`` where the rollout was given up before the cluster confirmed it.
        record: Where the rollout stood by then.
    """

    at: Instant
    command: Command
    reply: Reply | None
    record: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """A record that another process wrote became ours."""

    at: Instant
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that is over, as this process has seen it.

    Attributes:
        run: Its number, counted per VirtualService.
        outcome: Promoted, rolled back or aborted.
        stable: Name of the stable arm.
        canary: Likewise.
        actor: Who ended it; empty when the daemon decided.
        timeline: Its story, oldest first; only its end where another process began it.
        verdicts: What the gates said last.
        course: What it had been through; ``None`` where nothing was counted.
    """

    run: int
    outcome: Phase
    started: Instant
    ended: Instant
    stable: str
    canary: str
    reason: str
    actor: str = ""
    timeline: tuple[Transition, ...] = ()
    verdicts: tuple[GateVerdict, ...] = ()
    course: Course | None = None
    series: Series = field(default_factory=Series)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run is over."""

    at: Instant
    run: Run


Deed: TypeAlias = Moved | Ordered | TakenOver | Ended
