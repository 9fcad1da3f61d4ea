"""Wealth and bets."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate.bet import begin, bet
from rolloutd.core.gate.rules import rules

PRIOR = rules(false_rollback=1e-3, certainty=0.99, regression=0.01).prior
NO_CAP = 1e9


def test_prior_spreads_one_unit() -> None:
    """Wealth that begins above 1 would convict by itself."""
    assert sum(PRIOR) == pytest.approx(1.0)
    assert begin(PRIOR).log == 0.0


def test_wealth_grows_with_the_alternative_that_explains_best() -> None:
    """Shares move to what is right."""
    wealth = begin(PRIOR)
    for _ in range(20):
        wealth = bet(wealth, (-1.0, 1.0, -1.0, -1.0, -1.0, -1.0), NO_CAP, PRIOR)

    assert wealth.log > 10.0
    assert max(wealth.shares) == wealth.shares[2]


def test_expected_wealth_does_not_grow_where_there_is_no_difference() -> None:
    """This is the whole promise about false rollbacks (Ville needs nothing else)."""
    worse, usual = 0.02, 0.01
    failing = [math.log(worse / usual)] * 6
    fine = [math.log((1.0 - worse) / (1.0 - usual))] * 6
    start = bet(begin(PRIOR), failing, NO_CAP, PRIOR)

    up = math.exp(bet(start, failing, NO_CAP, PRIOR).log)
    down = math.exp(bet(start, fine, NO_CAP, PRIOR).log)

    assert usual * up + (1.0 - usual) * down <= math.exp(start.log) * (1.0 + 1e-12)


def test_no_interval_gains_more_than_its_cap() -> None:
    """However bad, one interval does not convict."""
    assert bet(begin(PRIOR), [50.0] * 6, 2.0, PRIOR).log == 2.0


def test_evidence_beyond_all_bounds_stays_finite() -> None:
    """A million failures at once must not overflow."""
    assert math.isfinite(bet(begin(PRIOR), [1e6] * 6, NO_CAP, PRIOR).log)
    assert math.isfinite(bet(begin(PRIOR), [-1e6] * 6, NO_CAP, PRIOR).log)


def test_a_part_is_spread_afresh_so_that_late_regressions_are_found() -> None:
    """After hours of health there must be wealth left to bet on every alternative."""
    wealth = begin(PRIOR)
    for _ in range(5_000):
        wealth = bet(wealth, [-1.0] * 6, NO_CAP, PRIOR)

    assert min(wealth.shares) > 1e-4


def test_an_interval_that_says_nothing_changes_nothing() -> None:
    """Quiet nights neither acquit nor convict."""
    wealth = bet(begin(PRIOR), [0.5] * 6, NO_CAP, PRIOR)

    assert bet(wealth, [], NO_CAP, PRIOR) is wealth
