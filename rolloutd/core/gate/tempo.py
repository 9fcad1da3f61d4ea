"""A stream of durations in sentences: what was counted, what follows, what would change it."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Final

from rolloutd.core.gate.durations import Quantile, quantile
from rolloutd.core.gate.explain import failing, lasting, millis, odds, wanting, whole
from rolloutd.core.gate.recent import WINDOW
from rolloutd.core.gate.shapes import SCALES
from rolloutd.core.gate.slowness import (
    Slowness,
    Terms,
    devaluation,
    last_minute,
    uplifted,
)
from rolloutd.core.gate.standing import EDGE, RULINGS, Finding, Standing
from rolloutd.core.observation import Counts, Histogram
from rolloutd.core.units import Ratio, Seconds

_NEXT_TO_NOTHING: Final = 1e-9


def compared(stream: Slowness, terms: Terms, q: Ratio) -> Finding:
    """Weigh the evidence that the canary is slower than stable.

    Args:
        stream: The evidence.
        terms: What convicts and what acquits.
        q: The quantile that the user asks about, to be shown.
    """
    stands = _standing(stream, terms)
    words = f"{_speeds(stream, q)}; {_consequence(stream, terms, stands)}"
    certified = stands is Standing.CERTIFIED
    return Finding(ruling=RULINGS[stands], words=words, certified=certified)


def quantiles(stream: Slowness, q: Ratio) -> tuple[Quantile | None, Quantile | None]:
    """Return both arms' quantile over the last minute, the canary's first."""
    canary, stable = last_minute(stream)
    edges = stream.norm.edges
    return quantile(_histogram(edges, canary), q), quantile(_histogram(edges, stable), q)


def evidence(stream: Slowness, terms: Terms) -> dict[str, float]:
    """Return the numbers behind the words."""
    return {
        "canaryRequests": float(stream.requests),
        "evidence": stream.wealth.log,
        "evidenceNeeded": terms.limit,
        "ruledOut": -stream.certificate.matters,
        "ruledOutNeeded": terms.acquittal,
        "dispersion": stream.norm.dispersion,
    }


def _standing(stream: Slowness, terms: Terms) -> Standing:
    if stream.wealth.log >= terms.limit - EDGE and uplifted(stream):
        return Standing.CONVICTED
    if not stream.norm.derived or stream.warm < terms.warm_up:
        return Standing.LEARNING
    if stream.certificate.matters <= -terms.acquittal:
        return Standing.CERTIFIED
    no_control = sum(last_minute(stream)[1]) == 0
    unseen = stream.certificate.gross > -terms.acquittal
    return Standing.UNSEEN if no_control or unseen else Standing.OPEN


def _consequence(stream: Slowness, terms: Terms, stands: Standing) -> str:
    match stands:
        case Standing.CONVICTED:
            chance = f"odds that this is chance {odds(stream.wealth.log)}"
            return f"{_worst(stream)}; {chance}, limit {odds(terms.limit)}"
        case Standing.LEARNING:
            return _learning(stream, terms)
        case Standing.CERTIFIED:
            chance = odds(-stream.certificate.matters)
            return (
                f"over the run, being {terms.slowdown:g} times as slow is ruled out ({chance})"
            )
        case _:
            return _missing(stream, terms, gross=stands is Standing.UNSEEN)


def _learning(stream: Slowness, terms: Terms) -> str:
    left = Seconds(max(0.0, terms.warm_up - stream.warm))
    if stream.norm.derived:
        return f"the canary warms up: {lasting(left)} to go"
    return "how long stable's requests usually take is being learnt"


def _missing(stream: Slowness, terms: Terms, *, gross: bool) -> str:
    canary, stable = last_minute(stream)
    if sum(stable) == 0:
        return "stable has no requests to compare with"
    power = SCALES[-1] if gross else SCALES[0]
    factor = terms.slowdown**power
    pace = sum(canary) / max(1e-9, min(WINDOW, stream.clock))
    log = stream.certificate.gross if gross else stream.certificate.matters
    each = _each(stream, terms, gross=gross)
    needed = wanting(max(1.0, (log + terms.acquittal) / each), pace)
    return f"to rule out that it is {factor:.3g} times as slow, {needed}"


def _each(stream: Slowness, terms: Terms, *, gross: bool) -> float:
    """Return what one canary request is expected to prove if the canary is as fast."""
    known = stream.norm.shape(terms.slowdown)
    if known is None:
        return _NEXT_TO_NOTHING
    counts = stream.norm.counts
    logs = known.gross_scores if gross else known.scores
    canary, stable = map(sum, last_minute(stream))
    share = canary / (canary + stable)
    total = sum(counts)
    proof = sum(
        count / total * (math.log(1.0 - share + share * math.exp(log)) / share - log)
        for count, log in zip(counts, logs, strict=True)
    )
    return max(proof / devaluation(stream.norm.dispersion, share), _NEXT_TO_NOTHING)


def _speeds(stream: Slowness, q: Ratio) -> str:
    canary, stable = last_minute(stream)
    ours, theirs = quantiles(stream, q)
    name = f"p{100.0 * q:g}"
    return (
        f"canary's {name} is {_said(ours)} ({whole(sum(canary))} requests in the last minute),"
        f" stable's {_said(theirs)} ({whole(sum(stable))})"
    )


def _worst(stream: Slowness) -> str:
    """Name the edge at which the arms differ most, with both arms' counts."""
    ours, theirs = sum(stream.rising.canary), sum(stream.rising.stable)
    worst, chosen, found = -math.inf, 0, (0, 0)
    slow = zip(_beyond(stream.rising.canary), _beyond(stream.rising.stable), strict=True)
    for number, (mine, other) in enumerate(slow):
        both = (mine + other) / max(1, ours + theirs)
        score = (mine - ours * both) / math.sqrt(ours * both * (1.0 - both) + 0.5)
        if score > worst:
            worst, chosen, found = score, number, (mine, other)
    verb = f"takes over {millis(stream.norm.edges[chosen])} in"
    canary = failing("canary", Counts(requests=ours, failures=found[0]), verb)
    stable = failing("stable", Counts(requests=theirs, failures=found[1]), verb)
    return f"{canary}, {stable}"


def _beyond(row: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many requests exceed each edge."""
    return tuple(sum(row) - below for below in accumulate(row[:-1]))


def _said(value: Quantile | None) -> str:
    if value is None:
        return "unknown"
    return f"{'over ' if value.beyond else ''}{millis(value.value)}"


def _histogram(edges: tuple[float, ...], row: tuple[int, ...]) -> Histogram:
    return Histogram(bounds=edges, counts=tuple(accumulate(row)))
