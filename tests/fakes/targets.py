"""Targets for tests of meters, with everything filled in that a test does not speak of."""

from __future__ import annotations

from rolloutd.core.plan import CallerMetrics, Key, Metrics, MetricsSource, Promql
from rolloutd.core.target import ArmTarget, Pod, Target

HOST = "data-product.default.svc.cluster.local"


def metrics(source: MetricsSource) -> Metrics:
    """Judge 5xx, and the gRPC statuses that speak of the server."""
    return Metrics(
        source=source, grpc_failures=frozenset({2, 4, 13, 14, 15}), http_failures=(500, 599)
    )


def arm(
    version: str, *, service: str = "data-product", pods: tuple[Pod, ...] = ()
) -> ArmTarget:
    """Make an arm as the recorded answers name it."""
    return ArmTarget(
        workload=f"{service}-{version}",
        host=f"{service}.default.svc.cluster.local",
        subset=version,
        pods=pods,
    )


def target(
    source: MetricsSource | None = None,
    *,
    service: str = "data-product",
    latency: bool = False,
    queries: tuple[Promql, ...] = (),
) -> Target:
    """Make a rollout of a service from v3 to v4."""
    return Target(
        key=Key("default", service),
        stable=arm("v3", service=service),
        canary=arm("v4", service=service),
        metrics=metrics(source or CallerMetrics(urls=(), port=8080)),
        latency=latency,
        queries=queries,
    )
