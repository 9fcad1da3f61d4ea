"""Numbers in words."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate.explain import (
    failing,
    lasting,
    millis,
    odds,
    points,
    sentence,
    share,
    wanting,
    whole,
)
from rolloutd.core.units import Seconds
from tests.core.gate.cases import counts


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.021, "2.1 %"),
        (0.001, "0.10 %"),
        (0.00012, "0.012 %"),
        (0.999, "99.90 %"),
        (0.5, "50.0 %"),
    ],
)
def test_a_share_has_the_digits_that_matter(ratio: float, words: str) -> None:
    """99.9 and 99.99 are a world apart."""
    assert share(ratio) == words


def test_counts_are_grouped() -> None:
    """Seven digits in a row can't be read at night."""
    assert whole(1_234_567) == "1 234 567"


def test_differences_are_percentage_points() -> None:
    """One percent more and one percentage point more differ by a factor of a hundred."""
    assert points(0.005) == "0.5 pp"


@pytest.mark.parametrize(("time", "words"), [(412.4, "412 ms"), (2.25, "2.2 ms")])
def test_durations_keep_two_digits_when_small(time: float, words: str) -> None:
    """Rounding 1.4 ms to 1 ms hides a third."""
    assert millis(time) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (42.0, "42 s"), (180.0, "3 min"), (7_200.0, "2 h")]
)
def test_forecasts_are_rough(seconds: float, words: str) -> None:
    """A guess with decimals looks like knowledge."""
    assert lasting(Seconds(seconds)) == words


@pytest.mark.parametrize(
    ("against", "words"),
    [
        (0.5, "1 : 1"),
        (7.0, "1 : 7"),
        (1_000.0, "1 : 1 000"),
        (48_123.0, "1 : 48 000"),
        (1e15, "1 : 10^15"),
    ],
)
def test_odds_have_two_digits(against: float, words: str) -> None:
    """The size matters, not the last digit."""
    assert odds(math.log(against)) == words


def test_overwhelming_odds_do_not_overflow() -> None:
    """e to the thousand is no float."""
    assert odds(1_000.0) == "1 : 10^260"


def test_an_arm_without_requests_has_no_ratio() -> None:
    """0 of 0 is not 0 %."""
    assert failing("stable", counts(0)) == "stable has no requests"


def test_missing_requests_come_with_their_time() -> None:
    """How many, and how long that takes now."""
    assert wanting(99.2, 4.0) == (
        "100 more canary requests are needed: about 25 s at the present 4 a second"
    )


def test_without_traffic_there_is_no_forecast() -> None:
    """For ever is not a number of seconds."""
    assert wanting(5.0, 0.0).endswith("none arrive at present")


def test_a_sentence_begins_large_and_ends() -> None:
    """Once."""
    assert sentence("so it is") == "So it is."
    assert sentence("So it is.") == "So it is."
