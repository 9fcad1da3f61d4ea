"""A VirtualService means to the sandbox what it means to istiod."""

from __future__ import annotations

import pytest

from rolloutd.errors import Refused
from rolloutd.ports import Json
from rolloutd.sandbox.envoy.routes import nowhere, route_configuration
from tests.sandbox.examples import destination, split, virtual_service

V3 = "outbound|9090|v3|data-product.default.svc.cluster.local"
V4 = "outbound|9090|v4|data-product.default.svc.cluster.local"


def routes(virtual_service: Json) -> list[Json]:
    """Return Envoy's routes."""
    configuration = route_configuration(virtual_service, port=9090)
    hosts = configuration["virtual_hosts"]
    assert isinstance(hosts, list)
    found = hosts[0]["routes"]
    assert isinstance(found, list)
    return found


def actions(virtual_service: Json) -> list[object]:
    """Return where Envoy's routes lead."""
    return [route["route"] for route in routes(virtual_service)]


def test_weights_divide_calls_between_the_clusters_of_the_subsets() -> None:
    """This is the one thing that the daemon does to the world."""
    assert actions(split(90, 10)) == [
        {
            "weighted_clusters": {
                "clusters": [{"name": V3, "weight": 90}, {"name": V4, "weight": 10}]
            },
            "timeout": "0s",
        }
    ]


def test_a_destination_without_weight_gets_no_calls() -> None:
    """The weights 100 and 0 are where every rollout begins and ends."""
    assert actions(split(100, 0)) == [{"cluster": V3, "timeout": "0s"}]


def test_the_only_destination_gets_everything() -> None:
    """A VirtualService that was never split has no weights at all."""
    only = virtual_service({"route": [destination("v3")]})

    assert actions(only) == [{"cluster": V3, "timeout": "0s"}]


def test_a_route_on_which_nobody_has_weight_is_refused() -> None:
    """Istio's validation rejects it too, and Envoy would have no answer."""
    with pytest.raises(Refused, match="no destination with any weight"):
        route_configuration(split(0, 0), port=9090)


def test_routes_keep_their_order_and_names() -> None:
    """The first route that matches wins: order is meaning."""
    found = routes(
        virtual_service(
            {
                "name": "beta",
                "match": [{"headers": {"x-beta": {"exact": "yes"}}}],
                "route": [destination("v4")],
            },
            {"name": "all", "route": [destination("v3")]},
        )
    )

    assert [(route["name"], route["route"]) for route in found] == [
        ("beta", {"cluster": V4, "timeout": "0s"}),
        ("all", {"cluster": V3, "timeout": "0s"}),
    ]


def test_each_alternative_of_a_match_becomes_a_route() -> None:
    """Istio's list of matches is an *or*, which one Envoy route cannot say."""
    found = routes(
        virtual_service(
            {
                "match": [{"uri": {"prefix": "/a"}}, {"uri": {"exact": "/b"}}],
                "route": [destination("v3")],
            }
        )
    )

    assert [route["match"] for route in found] == [{"prefix": "/a"}, {"path": "/b"}]


def test_full_host_names_and_ports_are_taken_as_written() -> None:
    """A host-level split names another service, perhaps in another namespace."""
    written: Json = {
        "destination": {"host": "other.shop.svc.cluster.local", "port": {"number": 8080}}
    }

    assert actions(virtual_service({"route": [written]})) == [
        {"cluster": "outbound|8080||other.shop.svc.cluster.local", "timeout": "0s"}
    ]


def test_a_timeout_is_kept_and_retries_are_not() -> None:
    """A retried failure is one that nobody sees; this mesh is for looking at failures."""
    entry: Json = {
        "route": [destination("v3")],
        "timeout": "2s",
        "retries": {"attempts": 3},
    }

    assert actions(virtual_service(entry)) == [{"cluster": V3, "timeout": "2s"}]


@pytest.mark.parametrize("member", ["delegate", "redirect", "fault", "rewrite"])
def test_what_would_send_calls_elsewhere_is_refused(member: str) -> None:
    """Calls that quietly go where the VirtualService does not say would prove nothing."""
    entry: Json = {"route": [destination("v3")], member: {}}

    with pytest.raises(Refused, match=member):
        route_configuration(virtual_service(entry), port=9090)


def test_a_virtual_service_without_routes_is_refused() -> None:
    """An empty object must not cut off all callers."""
    with pytest.raises(Refused, match="no HTTP route"):
        route_configuration(virtual_service(), port=9090)


def test_nowhere_routes_no_call() -> None:
    """Envoy needs a first answer before it is ready, and there is no VirtualService yet."""
    assert nowhere()["virtual_hosts"] == [{"name": "all", "domains": ["*"], "routes": []}]
