"""How much one interval speaks for a worse canary: against stable's past, and its present.

The past is two to three times as efficient where the canary has half the traffic, and wrong
as soon as an incident hits both arms; the present is right then, for *any* failure ratio that
both arms share. So both speak, and a conviction needs both.
"""

from __future__ import annotations

import math
from typing import Final

from rolloutd.core.gate.control import Baseline, Pair

_THRICE: Final = 3.0


def past_gains(
    baseline: Baseline,
    rises: tuple[float, ...],
    before: tuple[float, float],
    added: tuple[float, float],
) -> list[float]:
    """Return the evidence against the past: log Bayes factors of one interval.

    The ratio of two Gamma-Poisson predictions: failures come at (1 + rise / ratio) times
    stable's pace, or at stable's pace, and that pace is known as well as the baseline is.

    Args:
        baseline: What stable usually does.
        rises: The alternatives.
        before: The canary's effective failures and requests since the baseline.
        added: What the interval adds to them.
    """
    failures, requests = added
    known, ratio, earlier = baseline.requests, baseline.ratio, before[1]
    later, prior = earlier + requests, baseline.failures + before[0]
    all_now, all_then = known + later, known + earlier
    gains: list[float] = []
    for rise in rises:
        pace = 1.0 + rise / ratio
        now = (known + pace * later) / all_now
        then = (known + pace * earlier) / all_then
        gain = prior * math.log(then / now)
        # Most intervals bring no failure, and then this is nought.
        gains.append(gain + failures * math.log(pace / now) if failures else gain)
    return gains


STEADY: Final = 20.0
"""Effective failures from which on a ratio is known well enough to acquit by."""


def steadied(baseline: Baseline) -> Baseline:
    """Return the baseline to acquit by: its ratio counts as known.

    Whoever has hardly ever seen stable fail can't tell a multiple of "hardly ever": a canary
    without a failure would be compared with a pace that may be nought, and never acquitted.
    The question of the certificate is another one: whether the canary fails as often as the
    ratio *plus* the rise. That is answered by the canary's own requests, so the ratio is taken
    as if ``STEADY`` failures had shown it. Larger baselines are left as they are.
    """
    if baseline.failures >= STEADY:
        return baseline
    more = (STEADY - baseline.failures) / baseline.ratio
    return baseline._replace(failures=STEADY, requests=baseline.requests + more)


def present_gains(
    ratio: float, rises: tuple[float, ...], pair: Pair, least_factor: float
) -> list[float]:
    """Return the evidence against the present: which arm did each failure come from?

    Empty when nothing failed, or when one arm had no requests.

    Given the failures of both arms, the canary's number is hypergeometric if both fail alike,
    however often that is at the moment; Hoeffding's bound turns it into a product.

    Args:
        ratio: Stable's usual failure ratio: it only chooses where to look.
        rises: The alternatives.
        pair: The interval.
        least_factor: "Alike" is taken to mean "at most this much worse".
    """
    share, failures = pair.share, pair.canary_failures + pair.stable_failures
    if failures == 0 or share in {0.0, 1.0}:
        return []
    requests = pair.canary_requests + pair.stable_requests
    devalued = 1.0 + 2.0 * pair.excess * share * (1.0 - share)
    # What surely fails at present, incident or not: a rise counts relative to that.
    surely = (failures - _THRICE * math.sqrt(failures + 1.0)) / requests
    alike = 1.0 + share * (least_factor - 1.0)
    gains: list[float] = []
    for rise in rises:
        factor = max(1.0 + rise / max(ratio, surely - share * rise), least_factor)
        gained = pair.canary_failures * math.log(factor / least_factor)
        paid = failures * math.log((1.0 + share * (factor - 1.0)) / alike)
        gains.append((gained - paid) / devalued)
    return gains
