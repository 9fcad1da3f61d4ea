"""Reads members of parsed JSON without trusting their types.

An object that passed the API server's schema has the types we expect; one that did not (a
cluster without the schema) reads as if the member were absent, and the caller says what it
misses in the user's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def mapping(value: object) -> Mapping[str, object]:
    """Return an object's members; anything else has none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[object]:
    """Return an array's elements; anything else has none."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """Return a string; anything else is empty."""
    return value if isinstance(value, str) else ""


def metadata(kubernetes_object: Mapping[str, object]) -> Mapping[str, object]:
    """Return ``metadata`` of a Kubernetes object."""
    return mapping(kubernetes_object.get("metadata"))


def spec(kubernetes_object: Mapping[str, object]) -> Mapping[str, object]:
    """Return ``spec`` of a Kubernetes object."""
    return mapping(kubernetes_object.get("spec"))


def identity(kubernetes_object: Mapping[str, object]) -> str:
    """Return ``namespace/name``, for people."""
    meta = metadata(kubernetes_object)
    return f"{text(meta.get('namespace'))}/{text(meta.get('name'))}"
