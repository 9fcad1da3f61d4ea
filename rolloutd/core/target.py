"""Whose counts a meter reads: a plan's two arms, resolved to names that metrics carry."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.core.plan import Key, Metrics, Promql
from rolloutd.core.units import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A running pod.

    Attributes:
        address: IP, or ``IP:PORT`` where the stats port is not the plan's.
        started: When it was started: what it counted before we first saw it belongs to us
            only if it is younger than our last look.
    """

    name: str
    address: str
    started: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTarget:
    """One arm.

    Attributes:
        workload: Deployment name, Istio's ``destination_workload``.
        host: Full host name, ``data-product.default.svc.cluster.local``.
        subset: Empty for a host-level split.
        pods: Running pods; filled for ``SidecarMetrics`` alone.
    """

    workload: str
    host: str
    subset: str
    pods: tuple[Pod, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to read for one rollout.

    Attributes:
        latency: Whether durations are wanted: buckets cost ten times what counts do.
        queries: The user's own.
    """

    key: Key
    stable: ArmTarget
    canary: ArmTarget
    metrics: Metrics
    latency: bool
    queries: tuple[Promql, ...]
