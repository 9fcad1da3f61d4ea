"""Wealth: a portfolio of bets that the canary is worse, by this much or that.

One unit is spread over alternatives; each interval multiplies every share by how much better
its alternative explains the counts than "no difference" does. Where there is no difference the
wealth is a supermartingale, so the chance that it ever
reaches x is at most 1 / x (Ville, 1939).
Both things done to it besides keep it one: gains are capped, and a little is spread anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import Final, NamedTuple

IDLE: Final = 0.05
"""Share that never bets: the wealth of a healthy canary falls no faster than slowly."""

AFRESH: Final = 0.003
"""Share spread anew every interval: finds regressions that begin late (a fixed share)."""

_STEEPEST: Final = 60.0
"""Logarithm at which one increment is cut, far beyond any cap, so that exp is finite."""


class Wealth(NamedTuple):
    """Evidence so far.

    Attributes:
        log: Natural logarithm of the wealth; it began at 0.
        shares: How the wealth is spread: idle first, then over the alternatives.
    """

    log: float
    shares: tuple[float, ...]


def begin(prior: tuple[float, ...]) -> Wealth:
    """Return one unit of wealth, spread as the prior says."""
    return Wealth(0.0, prior)


def bet(wealth: Wealth, gains: Sequence[float], cap: float, prior: tuple[float, ...]) -> Wealth:
    """Play one interval.

    Args:
        wealth: As it stands.
        gains: For each alternative, the logarithm of its likelihood ratio; empty when the
            interval says nothing.
        cap: Largest gain of the whole that counts: no single interval convicts.
        prior: How the fixed share is spread.
    """
    if not gains:
        return wealth
    shares = wealth.shares
    if max(gains) > _STEEPEST:
        gains = [min(gain, _STEEPEST) for gain in gains]
    grown = list(map(mul, shares[1:], map(math.exp, gains)))
    total = shares[0] + sum(grown)
    kept = (1.0 - AFRESH) / total
    held = zip((shares[0], *grown), prior, strict=True)
    spread = [kept * part + AFRESH * belief for part, belief in held]
    gained = math.log(total)
    return Wealth(wealth.log + min(gained, cap), tuple(spread))
