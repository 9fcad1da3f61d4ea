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
from rolloutd.core.gate.explain import failing, odds, share
from rolloutd.core.gate.standing import EDGE, Finding
from rolloutd.core.gate.stream import Totals
from rolloutd.core.observation import Counts, Ruling

FACTORS: Final = (1.25, 1.5, 2.0, 4.0, 10.0, 50.0)
"""Alternatives: how many times the limit an arm fails."""

PRIOR: Final = (IDLE, *((1.0 - IDLE) / len(FACTORS) for _ in FACTORS))

DOUBT: Final = math.log(10.0)
"""Log of the evidence that makes an arm look as if it broke the limit."""

CALM: Final = 0.5
"""Share of the wealth that bets on nothing from which on an arm counts as recovered."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What the user allows.

    Attributes:
        allowed: Highest failure ratio.
        convicts: Log of the evidence that convicts of exceeding it.
    """

    allowed: float
    convicts: float


@dataclass(frozen=True, slots=True)
class Beyond:
    """Evidence, for both arms, that they fail more often than allowed."""

    canary: Wealth
    stable: Wealth


def limit(allowed: float, bound: float) -> Limit:
    """Return a limit that is enforced with a bound on false convictions."""
    return Limit(allowed, math.log(1.0 / bound))


def unheard() -> Beyond:
    """Return no evidence."""
    return Beyond(begin(PRIOR), begin(PRIOR))


def weighed(beyond: Beyond, asked: Limit, new: Totals, excess: float, cap: float) -> Beyond:
    """Take one interval in.

    Args:
        beyond: Evidence so far.
        asked: The limit.
        new: What both arms counted.
        excess: Dispersion of the whole traffic in excess of 1.
        cap: Largest gain that one interval may bring.
    """
    both = max(1, new.canary_requests + new.stable_requests)
    arms = (
        (beyond.canary, new.canary_requests, new.canary_failures),
        (beyond.stable, new.stable_requests, new.stable_failures),
    )
    canary, stable = (
        bet(
            wealth,
            _gains(asked.allowed, requests, failures, excess * requests / both),
            cap,
            PRIOR,
        )
        for wealth, requests, failures in arms
    )
    return Beyond(canary, stable)


def room_of(beyond: Beyond, asked: Limit | None) -> float:
    """Return how much of the evidence that a limit is broken is still missing, as a share."""
    return 1.0 if asked is None else 1.0 - max(0.0, beyond.canary.log / asked.convicts)


def objection(
    beyond: Beyond, asked: Limit, recent: Totals, verb: str, *, worse: bool
) -> Finding | None:
    """Rule on a limit; ``None`` when the canary does not seem to break it.

    Args:
        beyond: The evidence.
        asked: The limit.
        recent: The last minute.
        verb: What a failure is, such as ``fails``.
        worse: The canary is worse than stable is at present.
    """
    canary = Counts(requests=recent.canary_requests, failures=recent.canary_failures)
    stable = Counts(requests=recent.stable_requests, failures=recent.stable_failures)
    if not _accused(beyond, canary, asked):
        return None
    words = (
        f"{failing('canary', canary, verb)} in the last minute,"
        f" {failing('stable', stable, verb)}; {share(asked.allowed)} is allowed; odds that the"
        f" canary keeps to it {odds(beyond.canary.log)}, limit {odds(asked.convicts)}"
    )
    if beyond.stable.log >= DOUBT or _breaks(stable, asked):
        words += "; stable breaks it too: a shared incident, for which nobody is blamed"
        return Finding(ruling=Ruling.HOLD, words=words)
    sure = beyond.canary.log >= asked.convicts - EDGE and _breaks(canary, asked)
    return Finding(ruling=Ruling.BREACH if worse and sure else Ruling.HOLD, words=words)


def _accused(beyond: Beyond, canary: Counts, asked: Limit) -> bool:
    # One lucky minute absolves nobody: at 5 requests a second and twice the failures allowed,
    # one in six keeps to the limit. Bets against the canary that have been lost do.
    if _breaks(canary, asked):
        return max(beyond.canary.log, beyond.stable.log) >= DOUBT
    return beyond.canary.log >= DOUBT and beyond.canary.shares[0] < CALM


def _breaks(counts: Counts, asked: Limit) -> bool:
    return counts.failures > asked.allowed * counts.requests


def _gains(allowed: float, requests: int, failures: int, excess: float) -> list[float]:
    # E[f ** X] <= exp(n p (f - 1)) for X failures of n requests, however p is spread over them.
    weight = 1.0 / (1.0 + excess)
    floor = max(allowed, 1e-9)
    return [
        weight * (failures * math.log(factor) - requests * floor * (factor - 1.0))
        for factor in FACTORS
    ]
