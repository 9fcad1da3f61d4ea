"""Time and chance for tests."""

from __future__ import annotations

import random

from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.ports import Clock
from tests.fakes.clock import FakeClock


def seeded(seed: int = 0) -> random.Random:
    """Return chance that repeats itself."""
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


def fake_pace(clock: Clock | None = None, seed: int = 0) -> Pace:
    """Return a pace whose time jumps, unless a clock is given."""
    return Pace(clock=clock or FakeClock(), chance=seeded(seed))
