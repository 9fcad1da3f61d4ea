"""Times as kubectl writes them: one word, two units at most."""

from __future__ import annotations

from typing import Final

from rolloutd.core.units import Instant

UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def age(since: Instant | None, now: Instant | None) -> str:
    """Say how long ago that was: ``2m10s``, ``5d``; ``-`` when it is not known."""
    return "-" if since is None or now is None else lasting(now - since)


def lasting(seconds: float) -> str:
    """Write a time span; what is negative is none."""
    left = max(0, round(seconds))
    words: list[str] = []
    for size, unit in UNITS:
        amount, left = divmod(left, size)
        if amount:
            words.append(f"{amount}{unit}")
        elif words:
            break
    return "".join(words[:2]) or "0s"
