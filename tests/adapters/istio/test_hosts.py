"""Short names mean what Istio takes them for."""

from __future__ import annotations

import pytest

from rolloutd.adapters.istio.hosts import Scope, namespace_of

SCOPE = Scope(home="istio-system", services="shop", domain="cluster.local")


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("checkout", "checkout.istio-system.svc.cluster.local"),
        ("checkout.shop", "checkout.shop.svc.cluster.local"),
        ("checkout.shop.svc", "checkout.shop.svc.cluster.local"),
        ("checkout.shop.svc.cluster.local", "checkout.shop.svc.cluster.local"),
        ("example.com", "example.com"),
        ("api.example.com", "api.example.com"),
        ("*", "*"),
        ("*.shop.svc.cluster.local", "*.shop.svc.cluster.local"),
    ],
)
def test_names_are_completed(written: str, full: str) -> None:
    """Two spellings of one service are one service, and an outside host stays outside."""
    assert SCOPE.full(written) == full


@pytest.mark.parametrize(
    ("host", "namespace"),
    [
        ("checkout.shop.svc.cluster.local", "shop"),
        ("api.example.com", None),
        ("a.b", None),
        ("a.b.c.svc.cluster.local", None),
    ],
)
def test_namespace_is_part_of_a_full_name(host: str, namespace: str | None) -> None:
    """Istio looks for a host's rules in its service's namespace too."""
    assert namespace_of(host, "cluster.local") == namespace
