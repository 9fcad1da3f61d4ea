"""The user's absolute limit, tested on one arm at a time.

Evidence that an arm fails more often than it may, whatever its past: a product of bets that
stays below x with probability 1 - 1 / x as long as the true ratio stays below the limit, even
if that ratio changes from interval to interval (Waudby-Smith and Ramdas, 2023).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rolloutd.core.gate.bet import IDLE, Wealth, begin, bet
from rolloutd.core.gate.control import Pair

FACTORS: Final = (1.25, 1.5, 2.0, 4.0, 10.0, 50.0)
"""Alternatives: how many times the limit an arm fails."""

PRIOR: Final = (IDLE, *((1.0 - IDLE) / len(FACTORS) for _ in FACTORS))

DOUBT: Final = math.log(10.0)
"""Log of the evidence that makes an arm look as if it broke the limit."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """Evidence, for both arms, that they fail more often than allowed."""

    canary: Wealth
    stable: Wealth


def convicting(bound: float) -> float:
    """Return the log of the evidence that convicts, for a bound on false convictions."""
    return math.log(1.0 / bound)


def unheard() -> Beyond:
    """Return no evidence."""
    return Beyond(begin(PRIOR), begin(PRIOR))


def weighed(beyond: Beyond, allowed: float, pair: Pair, cap: float) -> Beyond:
    """Take one interval in.

    Args:
        beyond: Evidence so far.
        allowed: Failure ratio that the user allows.
        pair: The interval.
        cap: Largest gain that one interval may bring.
    """
    canary = _gains(
        allowed, pair.canary_requests, pair.canary_failures, pair.excess * pair.share
    )
    share = 1.0 - pair.share
    stable = _gains(allowed, pair.stable_requests, pair.stable_failures, pair.excess * share)
    return Beyond(
        bet(beyond.canary, canary, cap, PRIOR), bet(beyond.stable, stable, cap, PRIOR)
    )


def _gains(allowed: float, requests: int, failures: int, excess: float) -> list[float]:
    # E[f ** X] <= exp(n p (f - 1)) for X failures of n requests, however p is spread over them.
    weight = 1.0 / (1.0 + excess)
    floor = max(allowed, 1e-9)
    return [
        weight * (failures * math.log(factor) - requests * floor * (factor - 1.0))
        for factor in FACTORS
    ]
