"""From raw counters that reset, appear and vanish to totals that only grow.

A *source* is whatever restarts as one: a pod's sidecar, a gateway's Envoy, one scraped instance
in Prometheus. A *scrape* is what it said at one look. ``advance`` folds one look at all sources
into the running totals of both arms, by these rules:

==================================  =========================================================
what is seen                        what is counted
==================================  =========================================================
a series that rose                  the difference
a series that fell                  it was reset: the new value is the whole increase
a known source that was restarted   the same for all its series, even for those that rose
a new series in a known source      its whole value: Envoy makes a series at the first event
a source never seen before          nothing, it sets the baseline: its past is not ours
the same, started since last look   its whole value: all of it happened since
a source that did not answer        nothing; when it returns it is a source never seen
a source that talks nonsense        as if it had not answered
==================================  =========================================================

A gap sets a new baseline because the increase over the gap belongs to several intervals, at
perhaps several weights, of which the other arm reported each in its turn. Given to the last
interval alone it would bend the split and the comparison (Simpson's paradox); not counting it
costs evidence, never truth. For the same reason an arm that is not read adds nothing, not even
from those of its sources that did answer: the difference between any two counts of an arm that
were read one after the other is what the sources that answered served in between.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from rolloutd.core.observation import Counts, Histogram
from rolloutd.core.scrape import (
    Look,
    Missed,
    Scrape,
    Series,
    Side,
    checked,
    common_bounds,
    is_cumulative,
)
from rolloutd.core.units import Instant

_MOST_SERIES = 10_000
"""Series remembered per source and arm, so that a source that invents names cannot fill memory.
A busy arm has some hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Running total of one arm: floats, because Prometheus counts in them."""

    passed: float = 0.0
    failed: float = 0.0
    latency: Histogram | None = None

    def counts(self) -> Counts:
        """Return the total in whole requests."""
        failures = round(self.failed)
        requests = max(round(self.passed + self.failed), failures)
        return Counts(requests=requests, failures=failures, latency=self.latency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What is remembered of one target between looks.

    Attributes:
        looked: When the last look was; ``None`` before the first.
        scrapes: Sources that answered then.
        totals: Since the first look.
        read: Arms of which at least half the sources answered at the last look: fewer would
            judge an arm by its minority, and none at all is blindness.
        missed: Why sources did not count at the last look, full sentences.
    """

    looked: Instant | None = None
    scrapes: Mapping[str, Scrape] = field(default_factory=dict)
    totals: Mapping[Side, Total] = field(default_factory=lambda: dict.fromkeys(Side, Total()))
    read: frozenset[Side] = frozenset()
    missed: tuple[str, ...] = ()

    def counts(self, side: Side) -> Counts | None:
        """Return an arm's running total, or ``None`` when it was not read at the last look."""
        return self.totals[side].counts() if side in self.read else None

    def bounds(self) -> tuple[float, ...] | None:
        """Return the buckets of the totals, once there are any; they stay as they are."""
        for total in self.totals.values():
            if total.latency is not None:
                return total.latency.bounds
        return None


def advance(ledger: Ledger, look: Look, at: Instant) -> Ledger:
    """Return the ledger after one more look.

    Args:
        ledger: As it was after the look before.
        look: Every source that should be there, answered or missed.
        at: When the look began: a source that started later was not there before.
    """
    bounds = ledger.bounds() or common_bounds(look)
    sound = {name: checked(name, scrape, bounds) for name, scrape in look.items()}
    read = frozenset(side for side in Side if _has_quorum(side, sound.values()))
    answered = {name: scrape for name, scrape in sound.items() if isinstance(scrape, Scrape)}
    totals = dict(ledger.totals)
    for side in read:
        for name, scrape in answered.items():
            if side in scrape.arms:
                risen = _increase(side, ledger.scrapes.get(name), scrape, ledger.looked)
                totals[side] = _sum(totals[side], risen)
    return Ledger(
        looked=at,
        scrapes={
            name: _remembered(ledger.scrapes.get(name), scrape)
            for name, scrape in answered.items()
        },
        totals=totals,
        read=read,
        missed=tuple(s.reason for s in sound.values() if isinstance(s, Missed)),
    )


def rebased(ledger: Ledger) -> Ledger:
    """Return a ledger with the same totals that knows no source.

    For a target whose meaning changed (other failing codes, another workload): what its series
    counted under the old meaning must not be taken for an increase under the new one.
    """
    return Ledger(totals=ledger.totals)


def _has_quorum(side: Side, scrapes: Iterable[Scrape | Missed]) -> bool:
    answered = missed = 0
    for scrape in scrapes:
        match scrape:
            case Scrape(arms=arms):
                answered += side in arms
            case Missed(sides=sides):
                missed += side in sides
            case never:
                assert_never(never)
    return answered > 0 and answered >= missed


def _increase(side: Side, before: Scrape | None, now: Scrape, looked: Instant | None) -> Total:
    """Return what one source adds to one arm."""
    series = now.arms[side]
    if before is None:
        young = now.started is not None and looked is not None and now.started > looked
        return _since(Series(), series) if young else _baseline(series)
    if _restarted(before, now):
        return _since(Series(), series)
    return _since(before.arms.get(side, Series()), series)


def _restarted(before: Scrape, now: Scrape) -> bool:
    return (
        before.started is not None and now.started is not None and now.started > before.started
    )


def _baseline(series: Series) -> Total:
    """Count nothing, but let the arm have a histogram, so that no later one seems the first."""
    empty = [_minus(histogram, histogram) for histogram in series.latency.values()]
    return Total(latency=_merged(empty))


def _since(before: Series, now: Series) -> Total:
    return Total(
        passed=_risen(before.passed, now.passed),
        failed=_risen(before.failed, now.failed),
        latency=_merged(
            _histogram_risen(before.latency.get(name), histogram)
            for name, histogram in now.latency.items()
        ),
    )


def _risen(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    total = 0.0
    for name, value in now.items():
        last = before.get(name, 0.0)
        total += value - last if value >= last else value
    return total


def _histogram_risen(before: Histogram | None, now: Histogram) -> Histogram:
    """Return the increase; a histogram resets as a whole, whichever bucket gives it away."""
    if before is None or before.bounds != now.bounds:
        return now
    risen = _minus(now, before)
    return risen if is_cumulative(risen.counts) else now


def _minus(now: Histogram, before: Histogram) -> Histogram:
    counts = tuple(map(operator.sub, now.counts, before.counts))
    return Histogram(bounds=now.bounds, counts=counts)


def _merged(histograms: Iterable[Histogram]) -> Histogram | None:
    total: Histogram | None = None
    for histogram in histograms:
        total = _plus(total, histogram)
    return total


def _plus(left: Histogram | None, right: Histogram | None) -> Histogram | None:
    if left is None or right is None:
        return left or right
    counts = tuple(map(operator.add, left.counts, right.counts))
    return Histogram(bounds=left.bounds, counts=counts)


def _sum(total: Total, risen: Total) -> Total:
    return Total(
        passed=total.passed + risen.passed,
        failed=total.failed + risen.failed,
        latency=_plus(total.latency, risen.latency),
    )


def _remembered(before: Scrape | None, now: Scrape) -> Scrape:
    """Keep the last value of series that a source left out, should they come back unchanged."""
    if before is None or _restarted(before, now):
        return now
    arms = {
        side: _kept(before.arms[side], series) if side in before.arms else series
        for side, series in now.arms.items()
    }
    return Scrape(arms=arms, started=now.started)


def _kept(before: Series, now: Series) -> Series:
    if (
        before.passed.keys() <= now.passed.keys()
        and before.failed.keys() <= now.failed.keys()
        and before.latency.keys() <= now.latency.keys()
    ):
        return now
    kept = Series(
        passed={**before.passed, **now.passed},
        failed={**before.failed, **now.failed},
        latency={**before.latency, **now.latency},
    )
    names = len(kept.passed) + len(kept.failed) + len(kept.latency)
    return kept if names <= _MOST_SERIES else now
