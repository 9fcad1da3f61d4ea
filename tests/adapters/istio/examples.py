"""The service that the tests move: ``data-product``, v3 to v4."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rolloutd.core.plan import (
    Afterwards,
    Arm,
    Confidence,
    IstioMetrics,
    Key,
    Metrics,
    OnBlind,
    OnBreach,
    Plan,
    Reporter,
    Routes,
    Samples,
    StartAuto,
    WeightStep,
)
from rolloutd.core.units import Percent, Seconds
from rolloutd.ports import Json

HOST = "data-product"
FULL = "data-product.default.svc.cluster.local"

STABLE = Arm(host=None, subset="v3", deployment="data-product")
CANARY = Arm(host=None, subset="v4", deployment="data-product-v4.0")

PLAN = Plan(
    key=Key("default", "data-product"),
    virtual_services=(Routes(virtual_service="data-product", routes=()),),
    stable=STABLE,
    canary=CANARY,
    steps=(WeightStep(weight=Percent(100), hold=Seconds(0.0)),),
    gates=(),
    confidence=Confidence(),
    metrics=Metrics(
        source=IstioMetrics(reporter=Reporter.SOURCE),
        grpc_failures=frozenset(),
        http_failures=(500, 599),
    ),
    samples=Samples(interval=Seconds(5.0), window=Seconds(60.0), min_requests=100),
    on_breach=OnBreach.ROLLBACK,
    on_blind=OnBlind(hold=Seconds(1200.0), then=Afterwards.HOLD),
    scale_down_after=None,
    start=StartAuto(),
    windows=(),
    notify=(),
    digest="0",
    origin="data-product.yaml:1",
)


def naming_routes(*names: str) -> Plan:
    """Return the plan for these routes alone."""
    return replace(PLAN, virtual_services=(Routes(virtual_service=HOST, routes=names),))


def spanning(*virtual_services: str) -> Plan:
    """Return the plan over several VirtualServices."""
    return replace(
        PLAN,
        virtual_services=tuple(
            Routes(virtual_service=name, routes=()) for name in virtual_services
        ),
    )


def to(subset: str | None, weight: int | None = None, *, host: str = HOST) -> Json:
    """Return a weighted destination as a person writes it."""
    target = {"host": host} if subset is None else {"host": host, "subset": subset}
    return (
        {"destination": target} if weight is None else {"destination": target, "weight": weight}
    )


def route(*destinations: Json, name: str | None = None) -> Json:
    """Return a route."""
    named: Json = {} if name is None else {"name": name}
    return {**named, "route": list(destinations)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a VirtualService is made of."""

    name: str = "data-product"
    version: str = "v1"
    annotations: dict[str, str] | None = None
    http: list[Json] = field(default_factory=list)
    tls: list[Json] = field(default_factory=list)
    tcp: list[Json] = field(default_factory=list)

    def object(self) -> Json:
        """Return it as the API server gives it."""
        notes: Json = {} if self.annotations is None else {"annotations": self.annotations}
        kinds = {"http": self.http, "tls": self.tls, "tcp": self.tcp}
        return {
            "apiVersion": f"networking.istio.io/{self.version}",
            "kind": "VirtualService",
            "metadata": {
                "name": self.name,
                "namespace": "default",
                "resourceVersion": "7",
                "generation": 3,
                **notes,
            },
            "spec": {
                "hosts": [HOST],
                **{kind: routes for kind, routes in kinds.items() if routes},
            },
        }


def virtual_service(*http: Json, name: str = "data-product") -> Json:
    """Return a VirtualService of HTTP routes."""
    return Written(name=name, http=list(http)).object()


def destination_rule(
    *subsets: str, name: str = "data-product", namespace: str = "default", host: str = HOST
) -> Json:
    """Return a DestinationRule."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": name, "namespace": namespace, "resourceVersion": "7"},
        "spec": {"host": host, "subsets": [{"name": each, "labels": {}} for each in subsets]},
    }
