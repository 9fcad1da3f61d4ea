"""One stream of "failures", judged sequentially: the heart of the gate.

A failure is whatever the caller counts: a request that failed, or one that took longer than
some edge. The state is a value of bounded size, and hearing an interval is arithmetic alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from rolloutd.core.gate.bet import Wealth, begin, bet
from rolloutd.core.gate.control import Baseline, Control, Pair, excess_of, watched
from rolloutd.core.gate.gains import past_gains, present_gains, steadied
from rolloutd.core.gate.recent import GLANCE, ROUNDING
from rolloutd.core.gate.rules import GROSS, MATTERS, Rules

INCIDENT_FACTOR: Final = 1.25
"""Where the past does not count, the canary may be this much worse before it is blamed."""

PRESENT_FACTOR: Final = 1.1
"""The same for the evidence that must agree with the past's."""

BLIP: Final = 10.0
"""Seconds for which a canary may misbehave without being convicted, unless it is broken."""

BLIP_PART: Final = 0.75
"""Part of the evidence that convicts which one blip may bring."""

SINGLE: Final = 3.0
"""One interval brings at most the evidence that convicts, divided by this."""

BROKEN_SINGLE: Final = 2.0
"""The same while at least half of the canary's requests fail: a dead canary can't wait."""

HASTE: Final = 5.0
"""Seconds: the gain of a shorter interval is cut in proportion."""

BROKEN_HASTE: Final = 1.0
"""The same for a dead canary: two looks a second apart convict it."""


class Tally(NamedTuple):
    """One interval.

    Attributes:
        elapsed: Seconds since the last interval ended; its length if it is the first.
        seconds: Its length.
    """

    elapsed: float
    seconds: float
    canary_requests: int
    canary_failures: int
    stable_requests: int
    stable_failures: int


class Totals(NamedTuple):
    """Counts of both arms since some moment."""

    canary_requests: int = 0
    canary_failures: int = 0
    stable_requests: int = 0
    stable_failures: int = 0


class Snapshot(NamedTuple):
    """Evidence as it stood, to go back to when an incident comes to light."""

    clock: float
    wealth: Wealth


class Certificate(NamedTuple):
    """Log evidence for a worse canary; enough below 0 rules that out.

    Attributes:
        matters: For the smallest rise that matters.
        gross: For a gross one.
    """

    matters: float = 0.0
    gross: float = 0.0


class Stream(NamedTuple):
    """What is known after some intervals.

    Attributes:
        clock: Seconds since the first interval began; never goes back.
        past: Evidence against "as stable was"; in an incident, "as stable is".
        present: Evidence against "as stable is".
        snapshots: ``past`` over the last seconds, oldest first.
        canary: The canary's effective failures and requests since the baseline.
        lowest: Lowest ``past.log`` so far.
        rising: Counts since then: those on which the evidence rests.
        whole: Counts since the beginning.
    """

    clock: float
    control: Control
    past: Wealth
    present: Wealth
    snapshots: tuple[Snapshot, ...]
    canary: tuple[float, float]
    certificate: Certificate
    lowest: float
    rising: Totals
    whole: Totals


def opened(rules: Rules, baseline: Baseline, dispersion: float | None) -> Stream:
    """Return a stream that has heard nothing."""
    wealth = begin(rules.prior)
    return Stream(
        clock=0.0,
        control=Control(baseline, dispersion),
        past=wealth,
        present=wealth,
        snapshots=(Snapshot(0.0, wealth),),
        canary=(0.0, 0.0),
        certificate=Certificate(),
        lowest=0.0,
        rising=Totals(),
        whole=Totals(),
    )


def advanced(stream: Stream, rules: Rules, tally: Tally) -> Stream:
    """Take one interval in."""
    pair = paired(stream, tally, learning=rules.warm_up)
    control = watched(stream.control, pair)
    past = _rewound(stream) if control.onset else stream.past
    before = (0.0, 0.0) if control.renewed else stream.canary
    broken = is_broken(pair)
    cap = cap_of(rules.limit, pair.elapsed, broken=broken)
    against = present_gains(control.baseline.ratio, rules.rises, pair, PRESENT_FACTOR)
    certificate, canary = _carried(stream.certificate, anew=control.renewed), before
    if control.comparable:
        canary, gains, acquitting = _against_past(control, rules, before, pair)
        certificate = _certified(certificate, acquitting, cap, rules)
    else:
        gains = present_gains(control.baseline.ratio, rules.rises, pair, INCIDENT_FACTOR)
    # What speaks for the canary needs no bound: nothing is gained by it. A dead canary's
    # misbehaviour is no blip.
    bounded = not broken and max(gains, default=0.0) > 0.0
    allowed = min(cap, _blip_left(stream, past, rules.limit, pair)) if bounded else cap
    past = bet(past, gains, allowed, rules.prior)
    fell = past.log <= stream.lowest
    return Stream(
        clock=pair.clock,
        control=control,
        past=past,
        present=bet(stream.present, against, cap, rules.prior),
        snapshots=_snapshots(stream, pair.clock, past),
        canary=canary,
        certificate=certificate,
        lowest=min(past.log, stream.lowest),
        rising=Totals() if fell else _added(stream.rising, pair),
        whole=_added(stream.whole, pair),
    )


def paired(stream: Stream, tally: Tally, *, learning: float) -> Pair:
    """Place an interval on the stream's own time line, before it is taken in."""
    elapsed, seconds, canary, canary_failures, stable, stable_failures = tally
    requests = canary + stable
    return Pair(
        stream.clock + elapsed,
        elapsed,
        canary,
        canary_failures,
        stable,
        stable_failures,
        excess_of(stream.control.dispersion, requests / seconds),
        canary / requests if requests else 0.0,
        learning,
    )


def _rewound(stream: Stream) -> Wealth:
    """Return the evidence from before an incident that comes to light only now."""
    then = stream.snapshots[0].wealth
    return then if stream.past.log > then.log else stream.past


def _snapshots(stream: Stream, clock: float, past: Wealth) -> tuple[Snapshot, ...]:
    kept, begin, first = stream.snapshots, clock - GLANCE + ROUNDING, 0
    while first + 1 < len(kept) and kept[first + 1].clock <= begin:
        first += 1
    return (*kept[first:], Snapshot(clock, past))


def cap_of(limit: float, elapsed: float, *, broken: bool = False) -> float:
    """Return the largest gain that one interval may bring: no single one convicts.

    Args:
        limit: Log of the evidence that convicts.
        elapsed: Seconds since the interval before it ended.
        broken: At least half of the canary's requests fail.
    """
    part, haste = (BROKEN_SINGLE, BROKEN_HASTE) if broken else (SINGLE, HASTE)
    return limit / part * min(1.0, elapsed / haste)


def _blip_left(stream: Stream, past: Wealth, limit: float, pair: Pair) -> float:
    """Return the largest gain of an interval such that no blip convicts by itself."""
    # A blip that begins within an interval touches the next ones for as long as it lasts.
    begin = pair.clock - BLIP - pair.elapsed + ROUNDING
    newest = len(stream.snapshots) - 1
    while newest > 0 and stream.snapshots[newest].clock > begin:
        newest -= 1
    return max(0.0, stream.snapshots[newest].wealth.log + BLIP_PART * limit - past.log)


def is_broken(pair: Pair) -> bool:
    """Say whether at least half of the canary's requests failed, and more than one did."""
    return pair.canary_failures >= max(2.0, 0.5 * pair.canary_requests)


def _against_past(
    control: Control, rules: Rules, before: tuple[float, float], pair: Pair
) -> tuple[tuple[float, float], list[float], list[float]]:
    if pair.canary_requests == 0:
        return before, [], []
    weight = 1.0 / (1.0 + pair.excess * pair.share)
    added = pair.canary_failures * weight, pair.canary_requests * weight
    baseline, steady = control.baseline, steadied(control.baseline)
    gains = past_gains(baseline, rules.rises, before, added)
    acquitting = gains if steady is baseline else past_gains(steady, rules.rises, before, added)
    return (before[0] + added[0], before[1] + added[1]), gains, acquitting


def _carried(certificate: Certificate, *, anew: bool) -> Certificate:
    """Return what is left: what was earned against a baseline that is gone proves nothing."""
    if not anew:
        return certificate
    return Certificate(max(certificate.matters, 0.0), max(certificate.gross, 0.0))


def _certified(
    certificate: Certificate, gains: list[float], cap: float, rules: Rules
) -> Certificate:
    if not gains:
        return certificate
    return Certificate(
        clipped(certificate.matters + min(gains[MATTERS], cap), rules.acquittal),
        clipped(certificate.gross + min(gains[GROSS], cap), rules.acquittal),
    )


def clipped(log: float, acquittal: float) -> float:
    """Bound a certificate's evidence on both sides."""
    # Twice what is needed, and no more: a regression that begins late must undo it.
    return min(max(log, -2.0 * acquittal), acquittal)


def _added(totals: Totals, pair: Pair) -> Totals:
    canary, canary_failures, stable, stable_failures = totals
    return Totals(
        canary + pair.canary_requests,
        canary_failures + pair.canary_failures,
        stable + pair.stable_requests,
        stable_failures + pair.stable_failures,
    )
