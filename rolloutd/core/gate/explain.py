"""Numbers and verdicts in plain words: what a person reads at night before trusting us."""

from __future__ import annotations

import math

from rolloutd.core.observation import Counts
from rolloutd.core.units import Seconds

NEVER = Seconds(math.inf)


def whole(number: float) -> str:
    """Write a count in groups of three: ``18 730``."""
    return f"{number:,.0f}".replace(",", " ")


def share(ratio: float) -> str:
    """Write a ratio in percent with as many digits as tell it from 0 and 100."""
    percent = 100.0 * ratio
    distance = min(percent, 100.0 - percent)
    if distance <= 0.0:
        return f"{percent:.0f} %"
    # 100 - 99.9 is a little less than a tenth in floats.
    size = math.floor(math.log10(distance) + 1e-9)
    digits = 1 if size >= 0 else min(6, 1 - size)
    return f"{percent:.{digits}f} %"


def points(ratio: float) -> str:
    """Write a difference of ratios in percentage points: ``0.5 pp``."""
    return f"{100.0 * ratio:.3g} pp"


def millis(duration: float) -> str:
    """Write a duration given in milliseconds."""
    return f"{duration:.0f} ms" if duration >= 10.0 else f"{duration:.2g} ms"


def lasting(seconds: Seconds) -> str:
    """Write a duration roughly: a forecast has no use for digits."""
    if seconds >= 5400.0:
        return f"{seconds / 3600.0:.0f} h"
    if seconds >= 90.0:
        return f"{seconds / 60.0:.0f} min"
    return f"{max(1.0, seconds):.0f} s"


def failing(arm: str, counts: Counts, verb: str = "fails") -> str:
    """Say what share of an arm's requests failed, with both numbers.

    Args:
        arm: Its name.
        counts: What it served.
        verb: What failing is, such as ``exceeds 250 ms in``.
    """
    if counts.requests == 0:
        return f"{arm} has no requests"
    ratio = share(counts.failures / counts.requests)
    return f"{arm} {verb} {ratio} ({whole(counts.failures)} of {whole(counts.requests)})"


def wanting(missing: float, rate: float) -> str:
    """Say how many more canary requests are needed and, at this rate, how long that takes.

    Args:
        missing: Canary requests still needed, at least 1.
        rate: Canary requests a second at present.
    """
    need = f"{whole(math.ceil(missing))} more canary requests are needed"
    if rate <= 0.0:
        return f"{need}, and none arrive at present"
    return (
        f"{need}: about {lasting(Seconds(missing / rate))} at the present {rate:.3g} a second"
    )


def odds(log_evidence: float) -> str:
    """Write how unlikely chance alone is: ``1 : 48 000``, two digits that count.

    Args:
        log_evidence: Natural logarithm of the evidence against chance.
    """
    # Evidence that was cut at thirds of 1 000 sums to 999.999..., which nobody wants to read.
    capped = min(max(log_evidence, 0.0), 600.0) + 1e-9
    against = math.exp(capped)
    if against >= 1e12:
        return f"1 : 10^{math.floor(capped / math.log(10.0))}"
    size = 10.0 ** max(0, math.floor(math.log10(against)) - 1)
    return f"1 : {whole(math.floor(against / size) * size)}"


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    ended = text if text.endswith(".") else f"{text}."
    return ended[:1].upper() + ended[1:]
