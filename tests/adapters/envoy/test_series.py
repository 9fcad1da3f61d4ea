"""Every request is counted once, and on the basis that can tell most."""

from __future__ import annotations

import pytest

from rolloutd.adapters.envoy.series import (
    INBOUND,
    Basis,
    Exposition,
    Wanted,
    canonical_name,
    meaning_of,
)
from rolloutd.adapters.envoy.text import TextReader
from rolloutd.core.plan import CallerMetrics
from tests.fakes.targets import metrics

CLUSTER = "outbound|9090|v4|grpc-product.default.svc.cluster.local"
NAMES = {Basis.ISTIO: "default/grpc-product-v4", Basis.GRPC: CLUSTER, Basis.CODES: CLUSTER}
METRICS = metrics(CallerMetrics(urls=(), port=9090))


def read(*lines: str) -> Exposition:
    """Read lines of counters, each its own family."""
    text = "".join(f"# TYPE {line.split('{', 1)[0]} counter\n{line}\n" for line in lines)
    return TextReader().read(text.encode(), Wanted())


@pytest.mark.parametrize(
    ("family", "latency", "expected"),
    [
        ("istio_requests_total", False, True),
        ("envoy_cluster_upstream_rq", False, True),
        ("envoy_cluster_external_upstream_rq", False, False),
        ("envoy_cluster_upstream_rq_total", False, False),
        ("envoy_cluster_upstream_rq_time", False, False),
        ("envoy_cluster_upstream_rq_time", True, True),
        ("istio_request_duration_milliseconds", True, True),
        ("envoy_cluster_grpc_demo_Product_Get_14", False, True),
        ("envoy_cluster_grpc_0", False, True),
        ("envoy_cluster_grpc_demo_Product_Get_total", False, False),
        ("envoy_cluster_grpc_demo_Product_Get_request_message_count", False, False),
        ("envoy_cluster_grpc_demo_Product_Get_upstream_rq_time", True, False),
    ],
)
def test_only_families_that_count_a_request_once_are_wanted(
    family: str, *, latency: bool, expected: bool
) -> None:
    """Envoy keeps one number under four names; a sum over them counts each request again."""
    assert Wanted(latency=latency).has(family) is expected


def test_where_all_is_counted_by_istio_clusters_are_not_read() -> None:
    """They are half of a large answer, for nothing."""
    wanted = Wanted(clusters=False)

    assert wanted.has("istio_requests_total")
    assert not wanted.has("envoy_cluster_upstream_rq")
    assert not wanted.has("envoy_cluster_upstream_rq_time")


def test_the_series_by_code_class_are_left_out() -> None:
    """They live in the same family and hold every request a second time."""
    labels = {"cluster_name": CLUSTER, "response_code_class": "2xx"}

    assert meaning_of("envoy_cluster_upstream_rq", labels) is None


@pytest.mark.parametrize(
    ("labels", "arm"),
    [
        ({"cluster_name": "inbound|8080||", "response_code": "200"}, INBOUND),
        ({"cluster_name": CLUSTER, "response_code": "200"}, CLUSTER),
        ({"cluster_name": "xds-grpc", "response_code": "200"}, None),
        ({"response_code": "200"}, None),
    ],
)
def test_a_cluster_counts_for_the_arm_in_its_name(
    labels: dict[str, str], arm: str | None
) -> None:
    """Requests to the control plane are nobody's evidence."""
    meaning = meaning_of("envoy_cluster_upstream_rq", labels)

    assert (meaning.arm if meaning else None) == arm


@pytest.mark.parametrize(
    ("reporter", "arm"),
    [("source", "default/shop"), ("destination", INBOUND), ("waypoint", None)],
)
def test_the_reporter_decides_whose_count_it_is(reporter: str, arm: str | None) -> None:
    """A sidecar reports what it serves and what it calls, under one name."""
    labels = {
        "reporter": reporter,
        "destination_workload": "shop",
        "destination_workload_namespace": "default",
    }

    meaning = meaning_of("istio_requests_total", labels)

    assert (meaning.arm if meaning else None) == arm


def test_a_series_has_one_name_whatever_the_order_of_its_labels() -> None:
    """Another order in another format would make its whole count look like an increase."""
    one = canonical_name("f", {"a": "1", "b": "2"})
    other = canonical_name("f", {"b": "2", "a": "1"})

    assert one == other


def test_istio_series_are_preferred_where_they_are() -> None:
    """They alone hold code and gRPC status of the same request."""
    exposition = read(
        f'envoy_cluster_upstream_rq{{cluster_name="{CLUSTER}",response_code="200"}} 9',
        f'envoy_cluster_grpc_Get_14{{cluster_name="{CLUSTER}"}} 9',
        'istio_requests_total{reporter="source",destination_workload="grpc-product-v4",'
        'destination_workload_namespace="default",response_code="200"} 9',
    )

    assert exposition.best_basis([NAMES]) is Basis.ISTIO


def test_calls_are_judged_by_their_status_alone_where_statuses_are_counted() -> None:
    """A call that Envoy answers itself is counted as 503 and as 14: one failure, not two."""
    exposition = read(
        f'envoy_cluster_upstream_rq{{cluster_name="{CLUSTER}",response_code="200"}} 28\n'
        f'envoy_cluster_upstream_rq{{cluster_name="{CLUSTER}",response_code="503"}} 4',
        f'envoy_cluster_grpc_demo_Product_Get_0{{cluster_name="{CLUSTER}"}} 23',
        f'envoy_cluster_grpc_demo_Product_Get_14{{cluster_name="{CLUSTER}"}} 9',
    )

    basis = exposition.best_basis([NAMES])
    assert basis is Basis.GRPC
    series = exposition.series(basis, NAMES, METRICS, latency=False)

    assert sum(series.passed.values()) == 23
    assert sum(series.failed.values()) == 9


def test_nothing_counted_is_no_basis() -> None:
    """An Envoy without traffic has not yet shown how it counts."""
    assert read().best_basis([NAMES]) is None
