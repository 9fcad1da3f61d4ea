"""Which DestinationRule speaks for a host."""

from __future__ import annotations

import pytest

from rolloutd.adapters.istio.hosts import Naming
from rolloutd.adapters.istio.subsets import Subset, trouble
from rolloutd.ports import Json
from tests.adapters.istio.cluster import FakeCache
from tests.adapters.istio.examples import FULL, destination_rule

V4 = Subset(host=FULL, name="v4", namespace="default")
ELSEWHERE = Subset(
    host="data-product.services.svc.cluster.local", name="v4", namespace="default"
)


def asked(subset: Subset, *rules: Json) -> str:
    return trouble(FakeCache(*rules), subset, Naming())


def exported(rule: Json, *to: str) -> Json:
    spec = rule["spec"]
    assert isinstance(spec, dict)
    return {**rule, "spec": {**spec, "exportTo": list(to)}}


@pytest.mark.parametrize(
    "host", ["data-product", "data-product.default", "data-product.default.svc", FULL, "*"]
)
def test_rule_is_found_by_any_spelling_of_the_host(host: str) -> None:
    """Authors write all of these."""
    assert asked(V4, destination_rule("v4", host=host)) == ""


@pytest.mark.parametrize("namespace", ["default", "services", "istio-system"])
def test_rule_is_found_on_istios_lookup_path(namespace: str) -> None:
    """The client's namespace, the service's, the root."""
    rule = destination_rule("v4", namespace=namespace, host=ELSEWHERE.host)

    assert asked(ELSEWHERE, rule) == ""


def test_rule_beyond_the_lookup_path_does_not_count() -> None:
    """Istio does not read it for these clients."""
    rule = destination_rule("v4", namespace="other", host=FULL)

    assert "no DestinationRule for host" in asked(V4, rule)


def test_nearest_namespace_hides_the_others() -> None:
    """Istio does not merge rules across namespaces."""
    near = destination_rule("v3", host=ELSEWHERE.host)
    far = destination_rule("v4", namespace="services", host=ELSEWHERE.host)

    assert "default/data-product has no subset v4" in asked(ELSEWHERE, near, far)


def test_closest_host_wins() -> None:
    """A wildcard rule is a default that a rule for the host itself replaces."""
    wildcard = destination_rule("v4", name="all", host="*.default.svc.cluster.local")

    assert "has no subset v4 (it has v3)" in asked(V4, wildcard, destination_rule("v3"))


def test_wildcard_as_long_as_the_host_is_still_a_wildcard() -> None:
    """A service may have a name of one letter."""
    subset = Subset(host="a.default.svc.cluster.local", name="v4", namespace="default")
    wildcard = destination_rule("v3", name="all", host="*.default.svc.cluster.local")

    assert asked(subset, wildcard, destination_rule("v4", host="a")) == ""


def test_private_rule_of_another_namespace_does_not_count() -> None:
    """``exportTo: ["."]`` keeps it at home."""
    rule = destination_rule("v4", namespace="services", host=ELSEWHERE.host)

    assert "no DestinationRule" in asked(ELSEWHERE, exported(rule, "."))
    assert asked(ELSEWHERE, exported(rule, "default")) == ""


def test_private_rule_of_the_same_namespace_counts() -> None:
    """It is at home here."""
    assert asked(V4, exported(destination_rule("v4"), ".")) == ""


def test_rules_for_one_host_complement_each_other() -> None:
    """Istio merges the subsets of several rules in one namespace."""
    rules = (destination_rule("v3", name="a"), destination_rule("v4", name="b"))

    assert asked(V4, *rules) == ""


def test_subset_defined_twice_is_ambiguous() -> None:
    """Istio keeps one of the two: which pods v4 means is anyone's guess."""
    rules = (destination_rule("v4", name="b"), destination_rule("v4", name="a"))

    assert "ambiguous: DestinationRules default/a and default/b" in asked(V4, *rules)


def test_rule_without_subsets_says_so() -> None:
    """The reader learns that there is a rule to extend."""
    assert "has no subset v4 (it has none)" in asked(V4, destination_rule())
