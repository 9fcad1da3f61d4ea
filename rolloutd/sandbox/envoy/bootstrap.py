"""The configuration with which Envoy starts; routes and endpoints come later, from files."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.envoy import telemetry, wasm
from rolloutd.sandbox.envoy.layout import Address, Layout, Upstream

CALLS = "outbound"
"""The listener for calls."""

STATS = "stats"
"""The listener for Prometheus, which Istio has on port 15090."""

STAT_PREFIX = "outbound"
"""Under which Envoy counts what the calls' listener does."""

ROUTES = "data-product"
"""Name of the route configuration."""

_TYPES = "type.googleapis.com/envoy"
_ANY_PORT = Address(host="127.0.0.1", port=0)
_ADMIN_CLUSTER = "prometheus_stats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """An Envoy between callers and the subsets of the services they call.

    Attributes:
        source: The callers, as metrics are to name them.
        flush: How old a histogram may be: Envoy merges them only this often.
    """

    layout: Layout
    source: Upstream
    upstreams: tuple[Upstream, ...]
    flush: Seconds = Seconds(0.5)


def bootstrap(front: Front) -> Json:
    """Return Envoy's bootstrap: gRPC in, gRPC out, no retries, metrics as Istio names them."""
    admin: Json = {"pipe": {"path": str(front.layout.admin)}}
    return {
        "node": {"id": front.source.workload, "cluster": front.source.service},
        "admin": {"address": admin},
        "stats_flush_interval": f"{front.flush}s",
        "stats_config": telemetry.stats_config(),
        "bootstrap_extensions": [_namespace()],
        "static_resources": {
            "listeners": [_calls(front), _stats()],
            "clusters": [
                *(_cluster(front.layout, upstream) for upstream in front.upstreams),
                _admin_cluster(admin),
            ],
        },
    }


def _calls(front: Front) -> Json:
    routes = _watched(front.layout.routes)
    return _listener(
        CALLS,
        {
            "stat_prefix": telemetry.stat_name(STAT_PREFIX),
            "access_log": [telemetry.call_metrics(front.source)],
            "rds": {"route_config_name": ROUTES, "config_source": routes},
            "http_filters": [_grpc_stats(), _router()],
        },
    )


def _stats() -> Json:
    everything = {
        "name": "prometheus",
        "domains": ["*"],
        "routes": [
            {"match": {"prefix": "/stats/prometheus"}, "route": {"cluster": _ADMIN_CLUSTER}}
        ],
    }
    return _listener(
        STATS,
        {
            "stat_prefix": telemetry.stat_name(STATS),
            "route_config": {"virtual_hosts": [everything]},
            "http_filters": [_router()],
        },
    )


def _listener(name: str, connection_manager: Json) -> Json:
    return {
        "name": name,
        "stat_prefix": name,
        "address": _socket(_ANY_PORT),
        "filter_chains": [
            {
                "filters": [
                    _typed(
                        "envoy.filters.network.http_connection_manager",
                        "extensions.filters.network.http_connection_manager.v3"
                        ".HttpConnectionManager",
                        connection_manager,
                    )
                ]
            }
        ],
    }


def _cluster(layout: Layout, upstream: Upstream) -> Json:
    protocol = "extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": upstream.cluster,
        "alt_stat_name": telemetry.stat_name(upstream.cluster),
        "metadata": telemetry.metadata(upstream),
        "type": "EDS",
        "eds_cluster_config": {"eds_config": _watched(layout.endpoints(upstream))},
        "lb_policy": "ROUND_ROBIN",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            f"envoy.{protocol}": {
                "@type": f"{_TYPES}.{protocol}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


def _admin_cluster(admin: Json) -> Json:
    return {
        "name": _ADMIN_CLUSTER,
        "alt_stat_name": telemetry.stat_name(_ADMIN_CLUSTER),
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": _ADMIN_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": admin}}]}],
        },
    }


def load_assignment(upstream: Upstream, pods: Sequence[Address]) -> Json:
    """Return the endpoints of an upstream as a resource of EDS."""
    return {
        "@type": f"{_TYPES}.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": upstream.cluster,
        "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": _socket(pod)}} for pod in pods]}
        ],
    }


def _grpc_stats() -> Json:
    return _typed(
        "envoy.filters.http.grpc_stats",
        "extensions.filters.http.grpc_stats.v3.FilterConfig",
        {"stats_for_all_methods": True, "enable_upstream_stats": True},
    )


def _router() -> Json:
    return _typed("envoy.filters.http.router", "extensions.filters.http.router.v3.Router", {})


def _namespace() -> Json:
    code = base64.b64encode(wasm.plugin()).decode("ascii")
    machine = {
        "runtime": "envoy.wasm.runtime.v8",
        "code": {"local": {"inline_bytes": code}},
    }
    return _typed(
        "envoy.bootstrap.wasm",
        "extensions.wasm.v3.WasmService",
        {"singleton": True, "config": {"name": "namespace", "vm_config": machine}},
    )


def _watched(path: Path) -> Json:
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def _socket(address: Address) -> Json:
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def _typed(name: str, message: str, fields: Json) -> Json:
    return {"name": name, "typed_config": {"@type": f"{_TYPES}.{message}", **fields}}
