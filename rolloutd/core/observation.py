"""What was seen: counts per arm, the mesh, the rulings of the gates, who asked for what."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.core.units import Instant, Percent, Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Requests by duration.

    Attributes:
        bounds: Upper edges in milliseconds, rising, without infinity.
        counts: Cumulative: ``counts[i]`` requests took at most ``bounds[i]``; one more entry
            than ``bounds``, the last being all of them.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one arm served: an increase in a ``Sample``, a running total in a ``Reading``."""

    requests: int
    failures: int
    latency: Histogram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Running totals at one moment, as a meter keeps them since it first saw a target.

    Totals only grow: counter resets and pods that come and go are already dealt with
    (``core/increase.py``). The difference of two readings is a ``Sample``.

    Attributes:
        at: When the newest count behind it was taken.
        stable: ``None`` when this arm could not be read this time.
        canary: Likewise.
        values: As in ``Sample``.
    """

    at: Instant
    stable: Counts | None
    canary: Counts | None
    values: Mapping[str, tuple[float | None, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Nothing could be read.

    Attributes:
        reason: Whom we asked and what came instead, for people.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What happened between two looks.

    Attributes:
        start: When the interval began.
        end: When it ended.
        stable: ``None`` when this arm could not be read: not knowing, not zero.
        canary: Likewise.
        weight: The canary's share that the VirtualService said at its end.
        values: Answers to custom queries by gate name, as (canary, stable); a ``None`` is
            an answer that did not come.
    """

    start: Instant
    end: Instant
    stable: Counts | None
    canary: Counts | None
    weight: Percent
    values: Mapping[str, tuple[float | None, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How stable behaved before the run, to compare against.

    Attributes:
        requests: Requests of the past (30 minutes by default).
        failures: Of which failed.
        dispersion: Pearson dispersion of failures in 30 s blocks; 1.0 is independent errors.
        latency: Their durations, when known.
    """

    requests: int
    failures: int
    dispersion: float = 1.0
    latency: Histogram | None = None


class Ruling(enum.Enum):
    """What a gate says. Not knowing is its own answer, twice: too little yet, or nothing."""

    FINE = "fine"
    """Enough evidence, none against the canary."""
    HOLD = "hold"
    """Data flows, but it does not yet allow a move."""
    SUSPECT = "suspect"
    """Looks worse, may be a shared incident: freeze, and expose little."""
    BREACH = "rollback"
    """Evidence that the canary is worse."""
    BLIND = "blind"
    """No data: provider down, no traffic, no scrape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """One gate's ruling, with what a person needs to check it.

    Attributes:
        at: End of the newest sample it rests on.
        certified: A regression of the size that matters has been ruled out.
        enforced: ``False`` in shadow mode.
        reason: Plain words with numbers, a full sentence.
        canary: Value of the canary in ``unit``; ``None`` when unknown.
        limit: The strictest bound in force, in ``unit``.
        room: How far from a breach: 1 far, 0 at it, negative beyond. Of a threshold, the
            distance to the limit as a share of it; of a sequential gate, the share of the
            evidence for a conviction that is still missing.
        evidence: Named numbers behind the reason.
        unit: ``ratio``, ``ms`` or empty for custom values.
        samples: Canary requests it rests on.
    """

    gate: str
    ruling: Ruling
    at: Instant
    reason: str
    certified: bool = False
    enforced: bool = True
    canary: float | None = None
    stable: float | None = None
    limit: float | None = None
    room: float | None = None
    unit: str = ""
    samples: int = 0
    evidence: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closest:
    """When a gate was nearest to a breach.

    Attributes:
        room: As in ``GateVerdict``.
        weight: The canary's share of the traffic at that time.
    """

    gate: str
    room: float
    weight: Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A run as one process has seen it.

    Attributes:
        since: When counting began. After a restart in mid-run that is later than the run's
            beginning, and everything here is a lower bound.
        requests: The canary's, since then.
        failures: Of which failed.
        looks: Samples that gates have judged.
        fine: Of which all enforced gates were fine.
        closest: ``None`` while no enforced gate knew its distance to a limit.
    """

    since: Instant
    requests: int = 0
    failures: int = 0
    looks: int = 0
    fine: int = 0
    closest: Closest | None = None


class CommandKind(enum.Enum):
    """What a person may ask."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"
    """Leave the present hold now."""
    PROMOTE = "promote"
    """All the way to 100 %."""
    ROLLBACK = "rollback"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One order by a person or a system.

    Attributes:
        id: Given by the sender; the same id twice is one order.
        actor: Who, as authenticated.
        source: From where: by which program, from which address.
        expected_step: The step the sender was looking at; ``None`` for any.
    """

    id: str
    kind: CommandKind
    actor: str
    reason: str
    expected_step: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSeen:
    """A Deployment as last seen.

    Attributes:
        ready: All replicas updated and available; ``why`` says what is missing otherwise.
        revision: Hash of the pod template: another one is another canary.
        replicas: Desired number.
        version: Rises with every change of it; 0 when unknown.
    """

    ready: bool
    why: str
    revision: str
    replicas: int
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshSeen:
    """The VirtualServices are there and understood.

    Attributes:
        canary: The canary's share of what both arms jointly have, where all routes agree;
            ``None`` where they do not.
        record: Text of the record annotation on the primary; ``None`` when there is none.
        primary_in_step: The primary holds the weights that its record orders. ``False`` is
            drift: both are written in one patch.
        secondaries_in_step: The other VirtualServices hold them too.
        hold_off: A person's ``rolloutd.io/pause`` annotation: reason to keep hands off.
        is_stamped: All bear the present leadership's mark: a late write of one before fails.
    """

    canary: Percent | None
    record: str | None
    primary_in_step: bool
    secondaries_in_step: bool
    hold_off: str | None = None
    is_stamped: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshBlind:
    """The mesh cannot be moved or read as the plan says.

    Attributes:
        reason: What is wrong and what would mend it: route not found, subset missing ...
        record: As in ``MeshSeen``: a run is under way, whatever has become of its routes.
    """

    reason: str
    record: str | None = None


MeshSighting: TypeAlias = MeshSeen | MeshBlind


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSeen:
    """Where requests really went.

    Attributes:
        canary: The canary's share of counted requests.
        requests: How many requests that rests on.
        in_force: Whether that agrees with the share ordered; ``None`` while too few to tell.
    """

    canary: Ratio
    requests: int
    in_force: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything a decision may rest on, at one moment.

    Attributes:
        wall: The wall clock, for windows and cron alone: it may jump, ``now`` does not.
        stable: ``None`` when the Deployment is not there.
        split: ``None`` before the first counted requests.
        plan_removed: The plan's file has gone while its rollout has not ended.
        superseded: Why this canary is no longer the wanted one, when it is not.
        start_due: A cron start has fired.
        unread: Why the newest look at the metrics gave nothing; empty when it gave something.
        course: The run as far as this process has seen it.
    """

    wall: Instant
    mesh: MeshSighting
    stable: WorkloadSeen | None
    canary: WorkloadSeen | None
    verdicts: tuple[GateVerdict, ...]
    split: SplitSeen | None = None
    command: Command | None = None
    plan_removed: bool = False
    superseded: str | None = None
    start_due: bool = False
    unread: str = ""
    course: Course | None = None
