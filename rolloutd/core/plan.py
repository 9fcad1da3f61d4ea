"""What the user wants: a plan, as the policy sees it.

The YAML form, its defaults and its errors live in ``adapters/plans``; these are the checked
values. Every default that a user may leave out is filled in there, so nothing here is optional
unless absence means something.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.core.units import Millis, Percent, Ratio, Seconds


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The identity of a plan and of its rollout: unique in a cluster."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One side of the comparison: a version of the service.

    Attributes:
        host: Destination host of the VirtualService's routes; ``None`` takes the host that
            the stable routes name (a subset-level split).
        subset: Subset in the DestinationRule; ``None`` for a host-level split.
        deployment: The Deployment behind it, in the plan's namespace.
    """

    host: str | None
    subset: str | None
    deployment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """One VirtualService and which of its routes to move.

    Attributes:
        routes: Route names; empty for every route that names the stable arm.
    """

    virtual_service: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStep:
    """Send this share to the canary and watch it for this long.

    Attributes:
        hold: Shortest time at this weight before the next step; 0 moves on as soon as the
            gates have spoken since the step began.
    """

    weight: Percent
    hold: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStep:
    """Wait for a person, or for a time, at the weight of the step before.

    Attributes:
        duration: ``None`` waits until resumed.
    """

    duration: Seconds | None


Step: TypeAlias = WeightStep | PauseStep


class Judgement(enum.Enum):
    """How a gate reaches its ruling."""

    SEQUENTIAL = "sequential"
    """Evidence is summed over time and compared with a bound on false rollbacks."""
    THRESHOLD = "threshold"
    """Values over a window against limits, the classical way."""
    SHADOW = "shadow"
    """Judged sequentially and shown, never enforced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """The few knobs of the statistical gate.

    Attributes:
        false_rollback: Bound on the chance that a healthy canary is rolled back in one run.
        regression: Smallest rise of the failure ratio that matters (0.01 = 1 pp).
        slowdown: Smallest latency ratio canary / stable that matters (1.25 = 25 % slower).
        certainty: Chance with which such a regression is ruled out before the last small step
            is left.
        max_hold: Longest extra hold for evidence; then a person is asked.
        warm_up: How long a fresh canary's durations say nothing of it, and how long stable is
            watched first where nothing is known of its past.
    """

    false_rollback: Ratio = Ratio(0.001)
    regression: Ratio = Ratio(0.01)
    slowdown: float = 1.25
    certainty: Ratio = Ratio(0.99)
    max_hold: Seconds = Seconds(1200.0)
    warm_up: Seconds = Seconds(60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRate:
    """Requests that succeed, of all requests.

    Attributes:
        minimum: Lowest acceptable ratio (0.99); ``None`` compares with stable alone.
        max_drop: How far below stable's ratio the canary may lie (0.005 = 0.5 pp).
    """

    name: str
    minimum: Ratio | None
    max_drop: Ratio | None
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """A quantile of request duration.

    Attributes:
        quantile: 0.99 for p99.
        maximum: Slowest acceptable quantile; ``None`` compares with stable alone.
        max_ratio: How many times stable's quantile the canary's may be.
    """

    name: str
    quantile: Ratio
    maximum: Millis | None
    max_ratio: float | None
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Promql:
    """A value asked of Prometheus by the user's own query.

    Attributes:
        query: PromQL for the canary; an instant vector of one element or a scalar.
        stable_query: The same for stable, or ``None``.
        maximum: Highest acceptable value. At least one of the three bounds is set.
        max_ratio: How many times stable's value the canary's may be; needs ``stable_query``.
        consecutive: Breaches in a row before it counts.
    """

    name: str
    query: str
    stable_query: str | None
    minimum: float | None
    maximum: float | None
    max_ratio: float | None
    consecutive: int
    judgement: Judgement


Gate: TypeAlias = SuccessRate | Latency | Promql


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """How evidence is gathered.

    Attributes:
        interval: Time between two looks at the metrics.
        window: How far back a threshold gate looks.
        min_requests: Canary requests that a threshold gate needs before it speaks.
    """

    interval: Seconds
    window: Seconds
    min_requests: int


class Reporter(enum.Enum):
    """Whose count of a request is taken."""

    SOURCE = "source"
    """The caller's sidecar: sees requests that never reach the server."""
    DESTINATION = "destination"
    """The server's sidecar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioMetrics:
    """``istio_requests_total`` and its histogram, asked of Prometheus."""

    reporter: Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyClusterMetrics:
    """``envoy_cluster_upstream_rq`` by cluster name, asked of Prometheus."""

    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarMetrics:
    """The stats endpoints of both arms' own pods, read directly."""

    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerMetrics:
    """Stats endpoints of Envoys that call the service (a gateway's, a client's), read directly.

    Attributes:
        urls: Each e.g. ``http://10.0.0.7:15090/stats/prometheus``.
        port: Service port in the cluster names ``outbound|PORT|SUBSET|HOST``.
    """

    urls: tuple[str, ...]
    port: int


MetricsSource: TypeAlias = IstioMetrics | EnvoyClusterMetrics | SidecarMetrics | CallerMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Where counts come from and what counts as a failure.

    Attributes:
        source: Whom to ask.
        grpc_failures: gRPC status numbers that count as failed.
        http_failures: First and last HTTP code that count as failed, e.g. 500 and 599.
    """

    source: MetricsSource
    grpc_failures: frozenset[int]
    http_failures: tuple[int, int]


class OnBreach(enum.Enum):
    """What a breach does."""

    ROLLBACK = "rollback"
    PAUSE = "pause"


class Afterwards(enum.Enum):
    """What follows when blindness lasts too long."""

    HOLD = "hold"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBlind:
    """What to do without evidence.

    Attributes:
        hold: How long blindness is borne before ``then``.
    """

    hold: Seconds
    then: Afterwards


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hours in which weights may rise. Rollbacks know no hours.

    Attributes:
        days: ISO weekdays, Monday = 1.
        start: Minutes after local midnight.
        end: Minutes after local midnight, exclusive; at or before ``start`` it ends next day.
        timezone: IANA name.
    """

    days: frozenset[int]
    start: int
    end: int
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAuto:
    """Start as soon as the canary is ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartManual:
    """Start when a person says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCron:
    """Start at the first firing after the plan was first seen.

    Attributes:
        cron: Five fields; weekdays by name only, because libraries number them differently.
    """

    cron: str
    timezone: str


Start: TypeAlias = StartAuto | StartManual | StartCron


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One service's way from stable to canary.

    Attributes:
        virtual_services: At least one; the first is primary and carries the record.
        steps: At least one; weights never fall; the first is a ``WeightStep``.
        scale_down_after: Time from promotion to scaling stable's Deployment to 0;
            ``None`` leaves it alone.
        digest: Hash of the whole normalised spec: changes with any edit that has meaning.
        origin: ``file:line`` where it was read, for messages.
    """

    key: Key
    virtual_services: tuple[Routes, ...]
    stable: Arm
    canary: Arm
    steps: tuple[Step, ...]
    gates: tuple[Gate, ...]
    confidence: Confidence
    metrics: Metrics
    samples: Samples
    on_breach: OnBreach
    on_blind: OnBlind
    scale_down_after: Seconds | None
    start: Start
    windows: tuple[Window, ...]
    notify: tuple[str, ...]
    digest: str
    origin: str
