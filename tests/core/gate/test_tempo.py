"""A stream of durations in sentences."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate.norms import norm
from rolloutd.core.gate.slowness import Interval, Slowness, Terms, moved, opened
from rolloutd.core.gate.tempo import _each, compared, evidence, quantiles
from rolloutd.core.observation import Ruling
from rolloutd.core.units import Ratio

EDGES = (50.0, 100.0)
TERMS = Terms(limit=math.log(1_000), acquittal=math.log(100), slowdown=1.25)
P99 = Ratio(0.99)
ALIKE = Interval(5.0, (35, 12, 3), (315, 108, 27))
SLOW = Interval(5.0, (15, 20, 15), (315, 108, 27))
ALONE = Interval(5.0, (350, 120, 30), (0, 0, 0))


def after(
    *intervals: Interval, past: tuple[float, ...] = (7_000.0, 2_400.0, 600.0)
) -> Slowness:
    stream = opened(norm(EDGES, past))
    for interval in intervals:
        stream = moved(stream, TERMS, interval)
    return stream


@pytest.mark.parametrize(
    ("stream", "ruling", "words"),
    [
        (after(ALIKE), Ruling.HOLD, "the canary warms up: 55 s to go"),
        (
            after(Interval(5.0, (7, 2, 1), (9, 4, 2)), past=(0.0, 0.0, 0.0)),
            Ruling.HOLD,
            "how long stable's requests usually take is being learnt",
        ),
        (after(*[ALIKE] * 12, *[SLOW] * 8), Ruling.BREACH, "canary takes over 100 ms in"),
        (
            after(*[ALIKE] * 60),
            Ruling.FINE,
            "over the run, being 1.25 times as slow is ruled out",
        ),
        (after(*[ALIKE] * 14), Ruling.FINE, "to rule out that it is 1.25 times as slow"),
        (after(*[ALIKE] * 12), Ruling.HOLD, "to rule out that it is 3.81 times as slow"),
        (after(*[ALONE] * 20), Ruling.HOLD, "stable has no requests to compare with"),
    ],
    ids=["warming", "learning", "slow", "certified", "open", "unseen", "alone"],
)
def test_every_standing_has_its_words(stream: Slowness, ruling: Ruling, words: str) -> None:
    """A gate that holds says for what it waits."""
    found = compared(stream, TERMS, P99)

    assert found.ruling is ruling
    assert words in found.words


def test_words_show_the_quantile_that_was_asked_about() -> None:
    """The evidence looks at all buckets; the user asked about one number."""
    assert compared(after(ALIKE), TERMS, Ratio(0.5)).words.startswith("canary's p50 is")


def test_a_quantile_beyond_the_last_edge_is_said_to_be_beyond() -> None:
    """100 ms would be a lie."""
    assert "canary's p99 is over 100 ms" in compared(after(ALIKE), TERMS, P99).words


def test_an_arm_without_requests_has_no_quantile() -> None:
    """Nought of nought."""
    canary, stable = quantiles(after(ALONE), P99)

    assert canary is not None
    assert stable is None
    assert "stable's unknown" in compared(after(ALONE), TERMS, P99).words


def test_evidence_comes_with_what_is_needed() -> None:
    """A number without its limit says nothing."""
    found = evidence(after(*[ALIKE] * 20), TERMS)

    assert found["canaryRequests"] == 1_000.0
    assert found["evidence"] < found["evidenceNeeded"]
    assert found["dispersion"] >= 1.0


def test_a_request_proves_next_to_nothing_while_stable_is_unknown() -> None:
    """Nothing is divided by nought on the way to the words."""
    unknown = opened(norm((5.0, 10.0), (0.0, 0.0, 0.0)))
    terms = Terms(limit=7.0, acquittal=4.6, slowdown=1.25)

    assert 0.0 < _each(unknown, terms, gross=True) < 1e-6
