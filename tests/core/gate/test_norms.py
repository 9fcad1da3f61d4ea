"""How long stable's requests usually take."""

from __future__ import annotations

import pytest

from rolloutd.core.gate.norms import Norm, norm, watched

EDGES = (50.0, 100.0)
USUAL = (700.0, 250.0, 50.0)


def after(usual: Norm, *rows: tuple[int, ...]) -> Norm:
    for number, row in enumerate(rows, start=1):
        usual = watched(usual, usual.shape(1.25), row, 5.0 * number, 5.0)
    return usual


def test_a_histogram_of_the_past_gives_alternatives_at_once() -> None:
    """Nothing need be learnt that is known."""
    assert norm(EDGES, USUAL).shape(1.25) is not None


def test_without_a_past_there_is_no_shape_until_enough_was_seen() -> None:
    """Forty requests say nothing about a p99."""
    empty = norm(EDGES, (0.0, 0.0, 0.0))
    few, enough = after(empty, (30, 9, 1)), after(empty, *[(30, 9, 1)] * 4)

    assert few.shape(1.25) is None
    assert enough.shape(1.25) is not None


def test_alternatives_stay_for_a_minute_and_are_then_derived_anew() -> None:
    """Deriving them at every scrape costs more than it brings."""
    minute = after(norm(EDGES, USUAL), *[(70, 25, 5)] * 11)
    later = after(norm(EDGES, USUAL), *[(70, 25, 5)] * 12)

    assert minute.derived == (700, 250, 50)
    assert later.derived != minute.derived


def test_old_durations_fade() -> None:
    """What the service was like in the morning is no norm for the evening."""
    faded = after(norm(EDGES, USUAL), *[(0, 0, 0)] * 240)

    assert sum(faded.counts) == pytest.approx(1_000.0 * 2.718281828459045**-2)


def test_steady_durations_have_a_dispersion_of_one() -> None:
    """Never below: evidence is not inflated by luck."""
    assert after(norm(EDGES, USUAL), *[(70, 25, 5)] * 200).dispersion == 1.0


def test_wobbling_durations_have_more() -> None:
    """Their evidence counts for less."""
    wobbling = [(90, 9, 1), (40, 45, 15)] * 30

    assert after(norm(EDGES, USUAL), *wobbling).dispersion > 5.0


def test_one_wild_interval_does_not_blind_the_gate() -> None:
    """An incident of stable is no noise."""
    wild = after(norm(EDGES, USUAL), *[(70, 25, 5)] * 30, (0, 0, 10_000))

    assert wild.dispersion < 2.0


def test_an_interval_without_requests_leaves_the_dispersion() -> None:
    """No requests are not steady requests."""
    before = after(norm(EDGES, USUAL), (90, 9, 1))

    assert after(before, (0, 0, 0)).spread == before.spread
