"""What Envoy counts and under which names: Istio's.

Istio's Envoy has a filter of its own for ``istio_*`` metrics; the upstream Envoy has not, but
its stats access logger writes the same names and labels.
"""

from __future__ import annotations

from collections.abc import Mapping

from rolloutd.ports import Json
from rolloutd.sandbox.envoy.layout import Upstream
from rolloutd.sandbox.envoy.wasm import NAMESPACE

BUCKETS = (
    *(0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 25, 35, 50, 75, 100, 150, 200, 250, 350, 500, 750),
    *(1000, 1500, 2500, 5000, 10000, 30000, 60000),
)
"""Upper edges in milliseconds: Istio's up to a minute, and more between them, because calls on
one machine take a few milliseconds and would all fall into two of Istio's."""

_METADATA = "istio"
_DELIMITER = ";"

_TAGS = {
    "cluster_name": r"^cluster(\.(.+);)",
    "http_conn_manager_prefix": r"^http(\.(.+);)",
    "response_code": r"_rq(_(\d{3}))$",
    "response_code_class": r"_rq(_(\dxx))$",
}
"""Labels that are cut out of stat names, as Istio has them."""


def stats_config() -> Json:
    """Return how stat names become labels, and the buckets of histograms of durations."""
    return {
        "use_all_default_tags": False,
        "stats_tags": [{"tag_name": name, "regex": regex} for name, regex in _TAGS.items()],
        "histogram_bucket_settings": [
            {"match": {"safe_regex": {"regex": pattern}}, "buckets": list(BUCKETS)}
            for pattern in (r".*istio_request_duration_milliseconds.*", r".*upstream_rq_time")
        ],
    }


def stat_name(name: str) -> str:
    """Return a name for stats whose end can be told although it has dots in it."""
    return name + _DELIMITER


def metadata(upstream: Upstream) -> Json:
    """Return what a cluster must carry for its calls to be labelled."""
    return {
        "filter_metadata": {
            _METADATA: {
                "workload": upstream.workload,
                "namespace": upstream.namespace,
                "version": upstream.subset,
                "host": upstream.host,
                "service": upstream.service,
            }
        }
    }


def call_metrics(source: Upstream) -> Json:
    """Return the access logger that counts and times every call.

    Args:
        source: Who calls.
    """
    labels = [
        {"name": name, "value_format": value} for name, value in _call_labels(source).items()
    ]
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config",
            "stats_scope": {"prefix": NAMESPACE},
            "counters": [
                {"stat": {"name": "istio_requests_total", "tags": labels}, "value_fixed": 1}
            ],
            "histograms": [
                {
                    "stat": {"name": "istio_request_duration_milliseconds", "tags": labels},
                    "unit": "Milliseconds",
                    "value_format": "%DURATION%",
                }
            ],
        },
    }


def _call_labels(source: Upstream) -> Mapping[str, str]:
    return {
        "reporter": "source",
        "source_workload": source.workload,
        "source_workload_namespace": source.namespace,
        "source_app": source.service,
        "source_version": source.subset,
        "source_canonical_service": source.service,
        "source_canonical_revision": source.subset,
        "destination_workload": _of_cluster("workload"),
        "destination_workload_namespace": _of_cluster("namespace"),
        "destination_app": _of_cluster("service"),
        "destination_version": _of_cluster("version"),
        "destination_canonical_service": _of_cluster("service"),
        "destination_canonical_revision": _of_cluster("version"),
        "destination_service": _of_cluster("host"),
        "destination_service_name": _of_cluster("service"),
        "destination_service_namespace": _of_cluster("namespace"),
        "request_protocol": "grpc",
        "response_code": "%RESPONSE_CODE%",
        "grpc_response_status": "%GRPC_STATUS_NUMBER%",
        "response_flags": "%RESPONSE_FLAGS%",
        "connection_security_policy": "unknown",
    }


def _of_cluster(key: str) -> str:
    return f"%CLUSTER_METADATA({_METADATA}:{key})%"
