"""One stream of durations: is the canary slower than stable is now?

Only stable's present is the control. Durations follow the load, so that yesterday's say little,
and given how many requests of both arms fell into each bucket it does not matter how slow the
service happens to be: whose requests they were is chance, unless the arms differ.
"""

from __future__ import annotations

import math
from operator import add
from typing import Final, NamedTuple

from rolloutd.core.gate.bet import IDLE, Wealth, begin, bet
from rolloutd.core.gate.norms import SPREAD_SAFETY, Norm, watched
from rolloutd.core.gate.recent import ROUNDING, WINDOW
from rolloutd.core.gate.shapes import Shape, beliefs
from rolloutd.core.gate.stream import Certificate, cap_of, clipped

PERSISTENCE: Final = 0.75
"""Four intervals are needed to convict: a blip of ten seconds touches three."""

LEAST_RISE: Final = 0.003
"""Uplift of the share beyond some edge below which nobody is convicted."""

LEAST_FACTOR: Final = 1.25
"""The same as a factor."""

PRIOR: Final = (IDLE, *((1.0 - IDLE) * belief for belief in beliefs()))


class Beat(NamedTuple):
    """One interval, bucket by bucket (not cumulative).

    Attributes:
        clock: Its end in the stream's own time.
    """

    clock: float
    canary: tuple[int, ...]
    stable: tuple[int, ...]


class Interval(NamedTuple):
    """What both arms counted, bucket by bucket.

    Attributes:
        elapsed: Seconds since the interval before it ended.
    """

    elapsed: float
    canary: tuple[int, ...]
    stable: tuple[int, ...]


class Terms(NamedTuple):
    """What a stream of durations is told before it begins.

    Attributes:
        limit: Log of the evidence that convicts.
        acquittal: Log of the evidence that certifies.
        slowdown: Smallest factor that matters.
        warm_up: Seconds for which a fresh canary's durations are not held against it.
    """

    limit: float
    acquittal: float
    slowdown: float
    warm_up: float = 60.0


class Slowness(NamedTuple):
    """What is known after some intervals.

    Attributes:
        clock: Seconds since the first interval began; never goes back.
        warm: Seconds since the canary's first request.
        wealth: Evidence that the canary is slower.
        certificate: Evidence for the smallest slowdown that matters, and for a gross one.
        beats: The last minute.
        lowest: Lowest ``wealth.log`` so far.
        rising: Both arms' buckets since then: what the evidence rests on.
        requests: The canary's since the beginning.
    """

    clock: float
    norm: Norm
    warm: float
    wealth: Wealth
    certificate: Certificate
    beats: tuple[Beat, ...]
    lowest: float
    rising: Beat
    requests: int


def opened(usual: Norm) -> Slowness:
    """Return a stream that has heard nothing."""
    empty = (0,) * len(usual.counts)
    return Slowness(
        clock=0.0,
        norm=usual,
        warm=0.0,
        wealth=begin(PRIOR),
        certificate=Certificate(),
        beats=(),
        lowest=0.0,
        rising=Beat(0.0, empty, empty),
        requests=0,
    )


def moved(stream: Slowness, terms: Terms, new: Interval) -> Slowness:
    """Take one interval in."""
    elapsed, canary, stable = new
    beat = Beat(stream.clock + elapsed, canary, stable)
    known = stream.norm.shape(terms.slowdown)
    wealth, certificate = stream.wealth, stream.certificate
    if known is not None and stream.warm >= terms.warm_up - ROUNDING:
        gains = slow_gains(known, beat, stream.norm.dispersion)
        cap = cap_of(PERSISTENCE * terms.limit, elapsed)
        wealth = bet(wealth, gains, cap, PRIOR)
        acquitting = acquitting_gains(known, beat, stream.norm.dispersion)
        certificate = _certified(certificate, acquitting, cap, terms)
    arrived = stream.warm > 0.0 or sum(canary) > 0
    return Slowness(
        clock=beat.clock,
        norm=watched(stream.norm, known, stable, beat.clock, elapsed),
        warm=stream.warm + elapsed if arrived else 0.0,
        wealth=wealth,
        certificate=certificate,
        beats=_last_minute(stream.beats, beat),
        lowest=min(wealth.log, stream.lowest),
        rising=_rising(stream, wealth, beat),
        requests=stream.requests + sum(canary),
    )


def slow_gains(known: Shape, beat: Beat, dispersion: float) -> list[float]:
    """Return the evidence of one interval for each alternative; empty without both arms.

    Given each bucket's requests and the canary's number of all, which of them were the
    canary's is a draw without replacement if the arms are alike. Only the buckets that a
    slower canary fills are bet on: factors of at least 1 make the product negatively
    associated, which is what Hoeffding's bound asks for. Betting against the emptier buckets
    as well finds a slowdown of 1.25 after 50 s instead of 75, and promises nothing.
    """
    ours, theirs = sum(beat.canary), sum(beat.stable)
    if ours == 0 or theirs == 0:
        return []
    share = ours / (ours + theirs)
    devalued = devaluation(dispersion, share)
    log1p = math.log1p  # looked up a hundred times an interval
    gains = [0.0] * len(known.factors)
    for mine, other, fuller in zip(beat.canary, beat.stable, known.heavier, strict=True):
        if both := mine + other:
            for alternative, more, log in fuller:
                gains[alternative] += mine * log - both * log1p(share * more)
    return [gain / devalued for gain in gains]


def acquitting_gains(known: Shape, beat: Beat, dispersion: float) -> tuple[float, float]:
    """Return the evidence for the smallest slowdown that matters, and for a gross one.

    The whole likelihood ratio, emptier buckets included: a certificate is lost by what speaks
    against it, so that it must not look away from anything.
    """
    ours, theirs = sum(beat.canary), sum(beat.stable)
    if ours == 0 or theirs == 0:
        return 0.0, 0.0
    share = ours / (ours + theirs)
    devalued = devaluation(dispersion, share)
    matters = gross = 0.0
    for mine, other, scores in zip(beat.canary, beat.stable, known.acquitting, strict=True):
        if both := mine + other:
            log, more, gross_log, gross_more = scores
            matters += mine * log - both * math.log1p(share * more)
            gross += mine * gross_log - both * math.log1p(share * gross_more)
    return matters / devalued, gross / devalued


def devaluation(dispersion: float, share: float) -> float:
    """Return by what bursts divide the evidence.

    The dispersion is stable's own: of both arms' traffic it would be 1 / (1 - share) as much,
    and an arm feels as much of it as it has of the traffic.

    Args:
        dispersion: Of stable's durations.
        share: The canary's share of the requests.
    """
    return 1.0 + 2.0 * SPREAD_SAFETY * (dispersion - 1.0) * share


def uplifted(stream: Slowness) -> bool:
    """Say whether the canary's last minute is slower by what anyone would mind."""
    canary, stable = last_minute(stream)
    ours, theirs = max(1, sum(canary)), max(1, sum(stable))
    beyond_ours, beyond_theirs = ours, theirs
    for mine, other in zip(canary[:-1], stable[:-1], strict=True):
        beyond_ours, beyond_theirs = beyond_ours - mine, beyond_theirs - other
        slow, usual = beyond_ours / ours, beyond_theirs / theirs
        if slow - usual >= LEAST_RISE and slow >= LEAST_FACTOR * usual:
            return True
    return False


def last_minute(stream: Slowness) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return both arms' buckets over the last minute, the canary's first."""
    empty = (0,) * len(stream.norm.counts)
    canary = tuple(map(sum, zip(empty, *(beat.canary for beat in stream.beats), strict=True)))
    stable = tuple(map(sum, zip(empty, *(beat.stable for beat in stream.beats), strict=True)))
    return canary, stable


def _certified(
    certificate: Certificate, gains: tuple[float, float], cap: float, terms: Terms
) -> Certificate:
    return Certificate(
        clipped(certificate.matters + min(gains[0], cap), terms.acquittal),
        clipped(certificate.gross + min(gains[1], cap), terms.acquittal),
    )


def _last_minute(beats: tuple[Beat, ...], new: Beat) -> tuple[Beat, ...]:
    begin_at, leaving = new.clock - WINDOW + ROUNDING, 0
    while leaving < len(beats) and beats[leaving].clock <= begin_at:
        leaving += 1
    return (*beats[leaving:], new)


def _rising(stream: Slowness, wealth: Wealth, beat: Beat) -> Beat:
    if wealth.log <= stream.lowest:
        empty = (0,) * len(beat.canary)
        return Beat(beat.clock, empty, empty)
    before = stream.rising
    return Beat(
        beat.clock,
        tuple(map(add, before.canary, beat.canary)),
        tuple(map(add, before.stable, beat.stable)),
    )
