"""The window of a threshold gate."""

from __future__ import annotations

from rolloutd.core.gate.spans import (
    Span,
    canary_rate,
    canary_total,
    extended,
    span_of,
    stable_total,
)
from rolloutd.core.units import Seconds
from tests.core.gate.cases import counts, interval

MINUTE = Seconds(60.0)


def window(*samples: Span) -> tuple[Span, ...]:
    spans: tuple[Span, ...] = ()
    for each in samples:
        spans = extended(spans, each, MINUTE)
    return spans


def nth(number: int) -> Span:
    return span_of(interval(number, counts(10, 1), counts(90, 2)))


def test_a_window_holds_what_ended_within_it() -> None:
    """Twelve intervals of five seconds make a minute."""
    assert len(window(*(nth(n) for n in range(40)))) == 12


def test_a_clock_set_back_begins_a_new_window() -> None:
    """Two time lines can't be mixed."""
    assert window(nth(500), nth(2)) == (nth(2),)


def test_intervals_without_a_reading_add_nothing() -> None:
    """Neither requests nor time."""
    unread = span_of(interval(1, None, None))
    spans = window(nth(0), unread)

    assert canary_total(spans) == counts(10, 1)
    assert stable_total(spans) == counts(90, 2)
    assert canary_rate(spans) == 2.0


def test_a_window_in_which_nothing_was_read_has_no_rate() -> None:
    """Nought seconds make no pace."""
    assert canary_rate(window(span_of(interval(1, None, None)))) == 0.0
