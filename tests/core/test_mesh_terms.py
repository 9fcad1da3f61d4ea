"""How arms are named and failures told."""

from __future__ import annotations

import pytest

from rolloutd.core.mesh_terms import cluster_name, failed
from rolloutd.core.plan import CallerMetrics, Metrics
from rolloutd.core.target import ArmTarget

METRICS = Metrics(
    source=CallerMetrics(urls=(), port=80),
    grpc_failures=frozenset({14}),
    http_failures=(500, 599),
)


@pytest.mark.parametrize(
    ("code", "grpc_status", "flags", "expected"),
    [
        ("200", "", "-", False),
        ("499", "", "-", False),
        ("500", "", "-", True),
        ("599", "", "-", True),
        ("600", "", "-", False),
        ("200", "14", "-", True),
        ("200", "0", "-", False),
        ("200", "5", "-", False),
        ("200", "-", "-", False),
        ("503", "", "-", True),
        ("0", "", "DC", False),
        ("0", "", "UC", True),
        ("200", "", "URX,UF", True),
        ("409", "", "URX", False),
        ("", "", "", False),
        ("unknown", "", "", False),
    ],
)
def test_a_failure_is_told_by_status_flag_or_code(
    code: str, grpc_status: str, flags: str, *, expected: bool
) -> None:
    """A gRPC failure rides on 200, a reset has no code; missing either hides a bad canary."""
    verdict = failed(METRICS, code=code, grpc_status=grpc_status, flags=flags)

    assert verdict is expected


def test_a_cluster_is_named_as_istio_names_it() -> None:
    """The name is the only link between a plan and Envoy's counters."""
    arm = ArmTarget(workload="shop", host="shop.default.svc.cluster.local", subset="v2")

    name = cluster_name(arm, 8080)

    assert name == "outbound|8080|v2|shop.default.svc.cluster.local"
