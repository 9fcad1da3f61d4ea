"""The form of a plan file. Descriptions are what users read; ``convert`` makes a ``Plan``.

What concerns one value is checked here, what concerns several in ``rules``: those are told even
when other parts of the plan are unusable.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from rolloutd.adapters.plans.base import Part, preset
from rolloutd.adapters.plans.cron import Cron
from rolloutd.adapters.plans.gate_models import Confidence, Gate, Samples
from rolloutd.adapters.plans.names import (
    Channel,
    Host,
    Name,
    ObjectName,
    RouteName,
    Subset,
    Url,
)
from rolloutd.adapters.plans.quantities import (
    GRPC_STATUS,
    Days,
    Duration,
    GrpcStatus,
    HttpCodes,
    MinuteOfDay,
    PositiveDuration,
    Timezone,
)
from rolloutd.core.units import Seconds

API_VERSION = "rolloutd.io/v1alpha1"
KIND = "RolloutPlan"

Weight: TypeAlias = Annotated[int, Field(ge=0, le=100)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]


class Metadata(Part):
    """Who the plan is. Labels and annotations are accepted and not used."""

    name: Name = Field(description="Name of the plan and of its rollout.")
    namespace: Name = preset(
        "default", "default", "Namespace of the VirtualServices and Deployments that it names."
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Yours; not used.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Yours; not used.")


class VirtualServiceRef(Part):
    """One VirtualService, in the plan's namespace."""

    name: ObjectName = Field(description="Name of the VirtualService.")
    routes: list[RouteName] = Field(
        default_factory=list,
        description="Names of the routes to move; without them, every route that sends to "
        "stable.",
    )


class Arm(Part):
    """One side of the comparison. Names a subset, a host, or both."""

    deployment: ObjectName = Field(description="The Deployment behind it.")
    subset: Subset | None = Field(
        default=None, description="Subset in the DestinationRule, for a split by subsets."
    )
    host: Host | None = Field(
        default=None,
        description="Destination host, for a split by hosts; without it, the one that the "
        "stable routes name.",
    )


class WeightStep(Part):
    """Send this share to the canary and watch it."""

    weight: Weight = Field(description="Share of traffic in whole percent, 0 to 100.")
    hold: Duration = preset(
        Seconds(0.0),
        "0s",
        "Shortest time at this weight; gates may make it longer. With `0s` the next step "
        "follows as soon as every gate has spoken.",
    )


class Pause(Part):
    """Stand still at the weight of the step before."""

    duration: PositiveDuration | None = Field(
        default=None, alias="for", description="How long; without it, until resumed."
    )


class PauseStep(Part):
    """Wait for a person, or for a time."""

    pause: Pause = Field(description="`{}` until resumed, or `{for: 10m}`.")


def _step_kind(value: object) -> str:
    pausing = isinstance(value, PauseStep) or (isinstance(value, dict) and "pause" in value)
    return "step:pause" if pausing else "step:weight"


Step: TypeAlias = Annotated[
    Annotated[WeightStep, Tag("step:weight")] | Annotated[PauseStep, Tag("step:pause")],
    Discriminator(_step_kind),
]


class Counting(Part):
    """What counts as a failure, whoever counts."""

    grpc_failures: list[GrpcStatus] = preset(
        [2, 4, 13, 14, 15],
        [GRPC_STATUS[number] for number in (2, 4, 13, 14, 15)],
        "gRPC statuses that count as failed, by name or number. The default are those that a "
        "server can't blame on its caller: UNKNOWN is what an unhandled exception becomes. "
        "The others answer a wrong question (NOT_FOUND, INVALID_ARGUMENT ...) or are refusals "
        "on purpose (RESOURCE_EXHAUSTED, UNIMPLEMENTED): add them where they are faults.",
    )
    http_failures: HttpCodes = preset(
        (500, 599),
        "500-599",
        "First and last HTTP code that count as failed. A 4xx is the caller's fault.",
    )


class IstioSource(Counting):
    """`istio_requests_total` and its histogram, asked of Prometheus."""

    source: Literal["istio"] = preset("istio", "istio", "`istio`.")
    reporter: Literal["source", "destination"] = preset(
        "source",
        "source",
        "Whose count of a request is taken. `source`, the caller's sidecar, sees requests that "
        "never reach the server; `destination` needs no sidecars at the callers.",
    )


class EnvoyClusterSource(Counting):
    """`envoy_cluster_upstream_rq` of the callers' Envoys, asked of Prometheus."""

    source: Literal["envoyCluster"] = Field(description="`envoyCluster`.")
    port: Port = Field(description="Port of the Service, as in `outbound|PORT|SUBSET|HOST`.")


class SidecarsSource(Counting):
    """The stats of both arms' own sidecars, read from the pods: no Prometheus needed."""

    source: Literal["sidecars"] = Field(description="`sidecars`.")
    port: Port = preset(15090, 15090, "Port of the sidecars' stats.")


class CallersSource(Counting):
    """The stats of Envoys that call the service, such as a gateway's: no Prometheus needed."""

    source: Literal["callers"] = Field(description="`callers`.")
    urls: Annotated[list[Url], Field(min_length=1)] = Field(
        description="Stats endpoints, e.g. `http://10.0.0.7:15090/stats/prometheus`."
    )
    port: Port = Field(description="Port of the Service, as in `outbound|PORT|SUBSET|HOST`.")


def _source_kind(value: object) -> str:
    """Read whom to ask; Istio when it is not said."""
    if isinstance(value, dict):
        return str(value.get("source", "istio"))
    return str(getattr(value, "source", "istio"))


Metrics: TypeAlias = Annotated[
    Annotated[IstioSource, Tag("istio")]
    | Annotated[EnvoyClusterSource, Tag("envoyCluster")]
    | Annotated[SidecarsSource, Tag("sidecars")]
    | Annotated[CallersSource, Tag("callers")],
    Discriminator(_source_kind),
]


class OnBlind(Part):
    """What to do when there is no evidence: provider down, no traffic, no scrape."""

    hold: Duration = preset(
        Seconds(1200.0), "20m", "How long to stand still and wait before `then`."
    )
    then: Literal["hold", "rollback"] = preset(
        "hold",
        "hold",
        "`hold` goes on waiting and tells people; `rollback` takes the traffic back.",
    )


class ScaleDown(Part):
    """Take stable's Deployment to zero replicas."""

    after: Duration = Field(description="How long after the promotion, e.g. `30m`.")


class OnPromoted(Part):
    """What follows a promotion."""

    scale_down_stable: ScaleDown | None = Field(
        default=None, description="Take stable's Deployment to zero; without it, it stays."
    )


class CronStart(Part):
    """Start by the calendar."""

    cron: Cron = Field(
        description="Minute, hour, day of month, month, weekday; the rollout starts at the "
        "first firing after the plan was first seen. Weekdays by name only, because libraries "
        "number them differently: 1 is Monday in cron, Sunday in Quartz, Tuesday in "
        "APScheduler. Where both days are given, both must match."
    )
    timezone: Timezone = preset("UTC", "UTC", "IANA name of the time zone that `cron` means.")


def _start_kind(value: object) -> str:
    return "start:cron" if isinstance(value, dict | CronStart) else "start:word"


Start: TypeAlias = Annotated[
    Annotated[Literal["auto", "manual"], Tag("start:word")]
    | Annotated[CronStart, Tag("start:cron")],
    Discriminator(_start_kind),
]


class Window(Part):
    """Hours in which weights may rise. Rollbacks know no hours."""

    days: Days = Field(description="Weekdays by name: `mon-fri`, `sat,sun`.")
    start: MinuteOfDay = Field(alias="from", description='Begin, in quotes: `"09:00"`.')
    end: MinuteOfDay = Field(
        alias="to",
        description='End, in quotes: `"17:00"`; at or before `from` it lies on the next day.',
    )
    timezone: Timezone = preset("UTC", "UTC", "IANA name of the time zone that is meant.")


def _reference_kind(value: object) -> str:
    return "virtualService:list" if isinstance(value, list) else "virtualService:one"


VirtualServices: TypeAlias = Annotated[
    Annotated[VirtualServiceRef, Tag("virtualService:one")]
    | Annotated[
        Annotated[list[VirtualServiceRef], Field(min_length=1)], Tag("virtualService:list")
    ],
    Discriminator(_reference_kind),
]


class Spec(Part):
    """What to move, how fast, and by what to judge it."""

    virtual_service: VirtualServices = Field(
        description="The VirtualService whose weights are moved, or a list; the first of a "
        "list carries the rollout's record."
    )
    stable: Arm = Field(description="The version that serves today.")
    canary: Arm = Field(description="The version that is to take over.")
    steps: Annotated[list[Step], Field(min_length=1, max_length=100)] = Field(
        description="The way up: weights that never fall, the last one 100."
    )
    gates: list[Gate] = Field(
        default_factory=list,
        description="What the canary must not do worse. Without any, only time and people "
        "decide.",
    )
    confidence: Confidence = Field(
        default_factory=Confidence, description="How surely sequential gates rule."
    )
    metrics: Metrics = Field(
        default_factory=IstioSource, description="Who counts the requests, and what fails."
    )
    samples: Samples = Field(default_factory=Samples, description="How evidence is gathered.")
    on_breach: Literal["rollback", "pause"] = preset(
        "rollback", "rollback", "What a breach does. `pause` keeps the weight and calls people."
    )
    on_blind: OnBlind = Field(
        default_factory=OnBlind, description="What to do when there is no evidence."
    )
    on_promoted: OnPromoted = Field(
        default_factory=OnPromoted, description="What follows a promotion."
    )
    start: Start = preset(
        "auto",
        "auto",
        "`auto`: when the canary is ready. `manual`: when a person says so. "
        "`{cron: ..., timezone: ...}`: by the calendar.",
    )
    windows: list[Window] = Field(
        default_factory=list,
        description="Hours in which weights may rise; without any, always.",
    )
    notify: list[Channel] = Field(
        default_factory=list,
        description="Channels of the daemon's settings that are told, by name. Addresses and "
        "tokens never belong in a plan.",
    )


class PlanDocument(Part):
    """One service's way from stable to canary."""

    api_version: Literal["rolloutd.io/v1alpha1"] = Field(description=f"`{API_VERSION}`.")
    kind: Literal["RolloutPlan"] = Field(description=f"`{KIND}`.")
    metadata: Metadata = Field(description="Name and namespace.")
    spec: Spec = Field(description="What is wanted.")
