"""Which routes a plan moves, and what it is told when it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rolloutd.adapters.istio.routes import Routing, Unroutable, find
from rolloutd.core.plan import Arm, Plan
from rolloutd.ports import Json
from tests.adapters.istio.examples import (
    CANARY,
    FULL,
    PLAN,
    STABLE,
    Written,
    route,
    to,
    virtual_service,
)


def found(written: Json, *names: str, plan: Plan = PLAN) -> Routing:
    routing = find(written, plan, names, domain="cluster.local")
    assert isinstance(routing, Routing), routing
    return routing


def refused(written: Json, *names: str, plan: Plan = PLAN) -> str:
    refusal = find(written, plan, names, domain="cluster.local")
    assert isinstance(refusal, Unroutable)
    return refusal.reason


def places(routing: Routing) -> list[tuple[str, int]]:
    return [(each.kind, each.index) for each in routing.routes]


def test_without_names_every_route_to_stable_is_moved() -> None:
    """HTTP, TLS and TCP traffic of one service moves together."""
    written = Written(
        http=[route(to("v1")), route(to("v3"))], tls=[route(to("v3"))], tcp=[route(to("v3"))]
    )

    assert places(found(written.object())) == [("http", 1), ("tls", 0), ("tcp", 0)]


def test_named_routes_alone_are_moved() -> None:
    """The author leaves a route out for a reason."""
    written = virtual_service(route(to("v3"), name="a"), route(to("v3"), name="b"))

    assert places(found(written, "b")) == [("http", 1)]


def test_one_name_may_be_that_of_several_routes() -> None:
    """Istio does not ask names to be unique."""
    written = virtual_service(route(to("v3"), name="a"), route(to("v3"), name="a"))

    assert places(found(written, "a")) == [("http", 0), ("http", 1)]


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
def test_every_version_of_the_api_is_read(version: str) -> None:
    """They differ in name only."""
    assert places(found(Written(version=version, http=[route(to("v3"))]).object()))


def test_delegate_itself_is_moved_like_any_other() -> None:
    """It has neither hosts nor gateways; the root that hands over to it stays with Git."""
    written = virtual_service(route(to("v3")))
    delegate: Json = {**written, "spec": {"http": [route(to("v3"))]}}

    assert places(found(delegate)) == [("http", 0)]


@pytest.mark.parametrize("host", ["data-product", "data-product.default", FULL])
def test_arms_are_recognised_by_any_spelling_of_the_host(host: str) -> None:
    """Plan and VirtualService are written by different people."""
    plan = replace(PLAN, stable=replace(STABLE, host=host))

    assert found(virtual_service(route(to("v3", 90), to("v4", 10))), plan=plan).routes[0].canary


def test_single_destination_has_everything_whatever_its_weight() -> None:
    """Istio ignores the weight of the only destination."""
    for weight in (None, 0, 37):
        split = found(virtual_service(route(to("v3", weight)))).routes[0].split

        assert (split.stable, split.canary) == (100, 0)


def test_left_out_weight_beside_others_is_none() -> None:
    """Its default is 0."""
    split = found(virtual_service(route(to("v3", 100), to("v4")))).routes[0].split

    assert (split.stable, split.canary) == (100, 0)


def test_hosts_of_a_host_level_split_differ() -> None:
    """Each arm is a service of its own."""
    plan = replace(
        PLAN,
        stable=Arm(host="old", subset=None, deployment="old"),
        canary=Arm(host="new", subset=None, deployment="new"),
    )
    routing = found(virtual_service(route(to(None, 100, host="old"))), plan=plan)

    assert routing.stable_host == "old.default.svc.cluster.local"
    assert routing.canary_host == "new.default.svc.cluster.local"


def test_named_route_may_leave_the_canary_to_a_testers_route() -> None:
    """A name says which route is meant."""
    testers = route(to("v4"), name="testers")
    written = virtual_service(testers, route(to("v3"), name="main"))

    assert places(found(written, "main")) == [("http", 1)]


def test_testers_route_is_no_obstacle_when_the_canary_is_beside_stable() -> None:
    """Then it is plain which route divides."""
    written = virtual_service(route(to("v4")), route(to("v3", 100), to("v4", 0)))

    assert places(found(written)) == [("http", 1)]


def test_headers_of_stable_are_no_obstacle_when_the_canary_is_beside_it() -> None:
    """Then the author has said what the canary gets."""
    stable = {**to("v3", 100), "headers": {"request": {"set": {"x-version": "v3"}}}}

    assert places(found(virtual_service(route(stable, to("v4", 0))))) == [("http", 0)]


def test_subset_of_another_host_is_not_the_canary() -> None:
    """Every service may have a v4."""
    written = virtual_service(route(to("v4", host="other")), route(to("v3")))

    assert places(found(written)) == [("http", 1)]


class TestRefusals:
    def test_name_the_object(self) -> None:
        """A plan may span several."""
        assert refused(virtual_service()).startswith("VirtualService default/data-product: ")

    def test_route_not_found_lists_the_names_there_are(self) -> None:
        """The usual cause is a typing error."""
        written = virtual_service(route(to("v3"), name="main"))

        assert "route man not found: it has main" in refused(written, "man")

    def test_route_not_found_where_none_has_a_name(self) -> None:
        """The remedy is another one then."""
        written = Written(tcp=[route(to("v3"))]).object()

        assert "none of its routes has a name" in refused(written, "main")

    def test_no_route_to_stable_lists_where_they_send(self) -> None:
        """The usual cause is another subset name."""
        reason = refused(virtual_service(route(to("v1", 50), to("v2", 50))))

        assert "route not found: none sends to stable (v3)" in reason
        assert "data-product/v1, data-product/v2" in reason

    def test_named_route_to_elsewhere(self) -> None:
        """Named, but not what the plan thinks it is."""
        written = virtual_service(route(to("v1"), name="main"))

        assert 'http[0] "main" does not send to stable but to data-product/v1' in refused(
            written, "main"
        )

    def test_canary_and_stable_in_different_routes(self) -> None:
        """Weights divide the traffic of one route, not of two."""
        written = virtual_service(route(to("v4")), route(to("v3")))

        assert "canary and stable are in different routes (http[0]" in refused(written)

    def test_canary_and_stable_in_routes_of_different_kinds(self) -> None:
        """The same holds for TLS beside HTTP."""
        written = Written(http=[route(to("v3"))], tls=[route(to("v4"))]).object()

        assert "different routes (tls[0]" in refused(written)

    def test_named_route_with_the_canary_alone(self) -> None:
        """There is nothing to divide it with."""
        written = virtual_service(route(to("v4"), name="a"), route(to("v3"), name="b"))

        assert "canary and stable are in different routes" in refused(written, "a")

    @pytest.mark.parametrize("names", [(), ("main",)])
    def test_delegate_is_named(self, names: tuple[str, ...]) -> None:
        """The traffic is divided in another object, which the plan can name."""
        checkout = {"name": "checkout", "namespace": "shop"}
        delegating: Json = {"name": "main", "delegate": checkout}

        assert "delegates to VirtualService shop/checkout" in refused(
            virtual_service(delegating), *names
        )

    def test_stable_listed_twice(self) -> None:
        """Which of the two would shrink?"""
        written = virtual_service(route(to("v3", 50), to("v3", 50)))

        assert "lists the stable arm 2 times" in refused(written)

    @pytest.mark.parametrize("weight", [-1, 1.5, True, "50"])
    def test_senseless_weight(self, weight: object) -> None:
        """Nothing but the admission webhook keeps these out."""
        broken = {**to("v4"), "weight": weight}

        assert "write a whole number" in refused(virtual_service(route(to("v3", 1), broken)))

    def test_no_weight_to_divide(self) -> None:
        """A share of nothing is nothing: the rollout would watch no traffic."""
        written = virtual_service(route(to("v3", 0), to("v4", 0), to("v1", 100)))

        assert "neither arm has any weight" in refused(written)

    def test_headers_of_stable_alone(self) -> None:
        """They may mark a version or carry a credential: only the author knows."""
        stable = {**to("v3"), "headers": {"request": {"set": {"x-version": "v3"}}}}

        assert "add the canary beside it with weight 0" in refused(
            virtual_service(route(stable))
        )

    def test_one_subset_name_of_two_hosts(self) -> None:
        """Metrics are asked of one host."""
        written = virtual_service(route(to("v3")), route(to("v3", host="other")))

        assert "is that of several hosts" in refused(written)

    def test_arms_that_are_one(self) -> None:
        """A plan that compares a service with itself moves nothing."""
        plan = replace(PLAN, canary=replace(CANARY, subset="v3"))

        assert "are one destination" in refused(virtual_service(route(to("v3"))), plan=plan)

    def test_stable_without_host_and_subset(self) -> None:
        """It would be every destination."""
        plan = replace(PLAN, stable=replace(STABLE, subset=None))

        assert "names neither a host nor a subset" in refused(virtual_service(), plan=plan)
