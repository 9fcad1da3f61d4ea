"""JSON is not trusted."""

from __future__ import annotations

from rolloutd.adapters.istio.fields import identity, items, mapping, text


def test_wrong_types_read_as_absent() -> None:
    """A cluster without the schema may hold anything; the caller says what it misses."""
    assert mapping(["a"]) == {}
    assert items({"a": 1}) == ()
    assert text(3) == ""


def test_identity_is_namespace_and_name() -> None:
    """As kubectl users write it."""
    assert identity({"metadata": {"namespace": "shop", "name": "checkout"}}) == "shop/checkout"
