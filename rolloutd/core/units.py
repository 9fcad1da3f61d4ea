"""Numbers that carry their unit in their type."""

from __future__ import annotations

from typing import NewType

Percent = NewType("Percent", int)
"""A share of traffic in whole percent, 0..100: Istio's weights are integers."""

Ratio = NewType("Ratio", float)
"""A share as a fraction, 0..1."""

Seconds = NewType("Seconds", float)

Millis = NewType("Millis", float)
"""Milliseconds: the unit of Envoy's and Istio's latency histograms."""

Instant = NewType("Instant", float)
"""Seconds since the Unix epoch, UTC."""


def after(start: Instant, delay: Seconds) -> Instant:
    """Move an instant forward."""
    return Instant(start + delay)


def elapsed(start: Instant, end: Instant) -> Seconds:
    """Return the time from ``start`` to ``end``; never negative."""
    return Seconds(max(0.0, end - start))
