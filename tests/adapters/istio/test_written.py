"""Routes as written."""

from __future__ import annotations

from rolloutd.adapters.istio.hosts import Scope
from rolloutd.adapters.istio.written import Arms, entries, spoken
from tests.adapters.istio.examples import CANARY, STABLE, route, to, virtual_service

ARMS = Arms(
    stable=STABLE,
    canary=CANARY,
    scope=Scope(home="default", services="default", domain="cluster.local"),
)


def test_route_is_called_by_place_and_name() -> None:
    """Most routes have no name."""
    written = entries(virtual_service(route(), route(name="main")))

    assert [str(entry) for entry in written] == ["http[0]", 'http[1] "main"']


def test_canary_has_the_host_of_stable() -> None:
    """Another service may have a subset of the same name."""
    elsewhere = to("v4", host="other")

    assert ARMS.is_canary(elsewhere)
    assert not ARMS.is_canary(elsewhere, stable_host="data-product")


def test_destination_is_spoken_of_as_host_and_subset() -> None:
    """The form that people use in chat."""
    assert [spoken(each) for each in (to("v3"), to(None), {})] == [
        "data-product/v3",
        "data-product",
        "no host",
    ]
