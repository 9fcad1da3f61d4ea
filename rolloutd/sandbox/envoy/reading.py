"""Reads members of parsed JSON without trusting their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def section(value: object, member: str | None = None) -> Mapping[str, object]:
    """Return an object's members, or those of one member; anything else has none."""
    found = value if isinstance(value, dict | Mapping) else {}
    return found if member is None else section(found.get(member))


def items(value: object) -> Sequence[object]:
    """Return an array's elements; anything else has none."""
    return value if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """Return a string; anything else is empty."""
    return value if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """Return an integer; anything else, booleans included, is ``None``."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
