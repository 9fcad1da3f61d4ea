"""Reads fields of parsed JSON without trusting its shape."""

from __future__ import annotations

from rolloutd.ports import Json


def dig(value: object, *path: str) -> object:
    """Follow keys through nested objects; ``None`` as soon as one is missing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def section(value: object, *path: str) -> Json:
    """Return an object inside; an empty one when it is missing or of another type."""
    found = dig(value, *path)
    return found if isinstance(found, dict) else {}


def text(value: object, *path: str) -> str | None:
    """Return a non-empty string inside, or ``None``."""
    found = dig(value, *path)
    return found if isinstance(found, str) and found else None


def whole(value: object, *path: str) -> int | None:
    """Return an integer inside, or ``None``."""
    found = dig(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def items(value: object, *path: str) -> list[object]:
    """Return an array inside; an empty one when it is missing or of another type."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []
