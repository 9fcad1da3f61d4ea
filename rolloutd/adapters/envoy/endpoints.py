"""Which endpoints to ask for which targets, and how to ask them for little."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from yarl import URL

from rolloutd.adapters.envoy.series import INBOUND, Basis
from rolloutd.core.mesh_terms import cluster_name
from rolloutd.core.plan import (
    CallerMetrics,
    EnvoyClusterMetrics,
    IstioMetrics,
    Key,
    SidecarMetrics,
)
from rolloutd.core.scrape import Side
from rolloutd.core.target import ArmTarget, Target
from rolloutd.core.units import Instant

_PATH = "/stats/prometheus"
_MOST_NAMES = 32
"""Services named in a filter; beyond that the expression costs Envoy more than it saves."""

_INBOUND_NAMES = dict.fromkeys(Basis, INBOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as one target sees it.

    Attributes:
        arms: The arms it counts for, and their names on each basis.
        started: When the Envoy behind it started, when that is known.
    """

    url: str
    arms: Mapping[Side, Mapping[Basis, str]]
    started: Instant | None = None


Settled: TypeAlias = Callable[[Key, str], bool]


@dataclass(slots=True)
class Need:
    """What all targets together want of one endpoint.

    Attributes:
        clusters: Whether any target is, or may have to be, counted by its clusters' counters.
        names: Parts of stat names, one of which every wanted series contains; empty where any
            series may be wanted.
    """

    latency: bool = False
    clusters: bool = False
    names: set[str] = field(default_factory=set)

    def query(self) -> dict[str, str]:
        """Return parameters that make Envoy send little; others ignore them.

        The filter is an RE2 expression on Envoy's own stat names, found anywhere in them.
        """
        durations = "|istio_request_duration_milliseconds" if self.latency else ""
        codes = "([0-9]{3}|time)" if self.latency else "[0-9]{3}"
        named = ""
        if 0 < len(self.names) <= _MOST_NAMES:
            named = f"({'|'.join(re.escape(name) for name in sorted(self.names))})"
        istio = f"(istio_requests_total{durations})" + (f".*{named}" if named else "")
        if not self.clusters:
            return {"usedonly": "", "filter": istio}
        # Up to the ";" that ends a cluster's name, so that Envoy's second copy of each counter
        # (";.external.upstream_rq_200") stays where it is.
        cluster = rf"^cluster\.(in|out)bound[^;]*{named}[^;]*;?\."
        counters = rf"(upstream_rq_{codes}|grpc\.(.+\.)?[0-9]+)$"
        return {"usedonly": "", "filter": f"{istio}|{cluster}{counters}"}


def endpoints(target: Target) -> tuple[Endpoint, ...]:
    """Return the endpoints that count a target's requests; none when Prometheus does."""
    match target.metrics.source:
        case CallerMetrics(urls=urls, port=port):
            arms = {side: _outbound_names(target, arm, port) for side, arm in sides(target)}
            return tuple(Endpoint(url=url, arms=arms) for url in dict.fromkeys(urls))
        case SidecarMetrics(port=port):
            return tuple(_sidecars(target, port))
        case IstioMetrics() | EnvoyClusterMetrics():
            return ()


def sides(target: Target) -> tuple[tuple[Side, ArmTarget], ...]:
    """Return both arms with their sides."""
    return (Side.STABLE, target.stable), (Side.CANARY, target.canary)


def needs(
    asked: Iterable[tuple[Target, Sequence[Endpoint]]], settled: Settled
) -> dict[str, Need]:
    """Return what to ask of each endpoint, each once, whatever the number of targets.

    Args:
        asked: Targets with their endpoints.
        settled: Whether a target is known to be counted by Istio's series at an endpoint.
    """
    wanted: dict[str, Need] = {}
    for target, its_endpoints in asked:
        names = _names(target)
        for endpoint in its_endpoints:
            need = wanted.setdefault(endpoint.url, Need())
            need.latency |= target.latency
            need.clusters |= not settled(target.key, endpoint.url)
            need.names |= names
    return wanted


def asked_url(url: str, need: Need) -> URL:
    """Return the URL to get; parameters that the user wrote stay."""
    parsed = URL(url)
    query = need.query()
    return parsed.update_query({k: v for k, v in query.items() if k not in parsed.query})


def _names(target: Target) -> frozenset[str]:
    match target.metrics.source:
        case CallerMetrics():
            arms = (target.stable, target.canary)
            return frozenset(name for arm in arms for name in (arm.workload, arm.host))
        case _:
            return frozenset()


def _outbound_names(target: Target, arm: ArmTarget, port: int) -> Mapping[Basis, str]:
    cluster = cluster_name(arm, port)
    return {
        Basis.ISTIO: f"{target.key.namespace}/{arm.workload}",
        Basis.GRPC: cluster,
        Basis.CODES: cluster,
    }


def _sidecars(target: Target, port: int) -> Iterator[Endpoint]:
    for side, arm in sides(target):
        for pod in arm.pods:
            yield Endpoint(
                url=f"http://{_authority(pod.address, port)}{_PATH}",
                arms={side: _INBOUND_NAMES},
                started=pod.started,
            )


def _authority(address: str, port: int) -> str:
    """Return host and port; an address may be ``IP``, ``IP:PORT`` or a bare IPv6 address."""
    if address.startswith("["):
        return address if "]:" in address else f"{address}:{port}"
    match address.count(":"):
        case 0:
            return f"{address}:{port}"
        case 1:
            return address
        case _:
            return f"[{address}]:{port}"
