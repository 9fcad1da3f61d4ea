"""Envoy is set up as Istio sets up its own, in what the daemon can see of it."""

from __future__ import annotations

import json
from pathlib import Path

from rolloutd.sandbox.envoy.bootstrap import Front, bootstrap, load_assignment
from rolloutd.sandbox.envoy.layout import Address, Layout
from tests.sandbox.examples import upstream

LAYOUT = Layout(Path("/run/envoy"))
FRONT = Front(
    layout=LAYOUT,
    source=upstream("v1", service="business-product"),
    upstreams=(upstream("v3"), upstream("v4")),
)
V4 = "outbound|9090|v4|data-product.default.svc.cluster.local"


def test_clusters_have_the_names_that_istio_gives_them() -> None:
    """The daemon finds an arm's counts by this name."""
    assert upstream("v4").cluster == V4
    assert f'"name": "{V4}"' in json.dumps(bootstrap(FRONT))


def test_stats_of_a_cluster_end_where_its_name_ends() -> None:
    """Host names have dots, and Envoy would cut the name at the first one."""
    assert f'"alt_stat_name": "{V4};"' in json.dumps(bootstrap(FRONT))


def test_nothing_is_open_to_the_network() -> None:
    """The admin interface can stop Envoy: it has a socket that only we can reach."""
    written = json.dumps(bootstrap(FRONT))

    assert '{"address": {"pipe": {"path": "/run/envoy/admin.sock"}}}' in written
    assert "0.0.0.0" not in written  # noqa: S104 - it is what must not be there


def test_no_call_is_tried_twice() -> None:
    """A retry hides the failure that the demonstration is about."""
    assert "retry" not in json.dumps(bootstrap(FRONT))


def test_it_needs_no_path_but_its_own() -> None:
    """Two sandboxes on one machine must not read each other's routes."""
    written = json.dumps(bootstrap(FRONT))

    assert written.count('"path": "/') == written.count('"path": "/run/envoy/')


def test_endpoints_are_one_per_pod() -> None:
    """Load is balanced between pods, not between services."""
    pods = [Address(host="127.0.0.1", port=port) for port in (1001, 1002, 1003)]

    written = json.dumps(load_assignment(upstream("v4"), pods))

    assert [f'"port_value": {pod.port}' in written for pod in pods] == [True] * 3
    assert f'"cluster_name": "{V4}"' in written
