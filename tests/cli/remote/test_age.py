"""Times as kubectl writes them."""

from __future__ import annotations

import pytest

from rolloutd.cli.remote.age import age, lasting
from rolloutd.core.units import Instant


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3.0, "0s"),
        (0.4, "0s"),
        (59.0, "59s"),
        (130.0, "2m10s"),
        (3600.0, "1h"),
        (3605.0, "1h"),
        (93_784.0, "1d2h"),
        (86_400.0 * 5 + 60, "5d"),
    ],
)
def test_a_time_span_is_one_word_of_two_units_at_most(seconds: float, words: str) -> None:
    """Columns stay narrow."""
    assert lasting(seconds) == words


def test_an_age_that_is_not_known_is_a_dash() -> None:
    """Neither zero nor a guess."""
    assert age(None, Instant(5.0)) == age(Instant(5.0), None) == "-"
    assert age(Instant(5.0), Instant(7.0)) == "2s"
