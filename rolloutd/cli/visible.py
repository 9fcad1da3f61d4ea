"""Text that others wrote, fit for a terminal."""

from __future__ import annotations


def visible(text: str) -> str:
    """Return a text with its control characters spelt out: it can't steer a terminal."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
