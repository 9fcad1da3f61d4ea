"""The last minute."""

from __future__ import annotations

from rolloutd.core.gate.recent import Recent, Tick, agitated, extended, glance


def minute(count: int, seconds: float = 5.0) -> Recent:
    recent = Recent()
    for number in range(1, count + 1):
        recent = extended(recent, Tick(seconds * number, 10, 1, 90, 2, 90, 2))
    return recent


def test_sums_are_those_of_the_last_minute() -> None:
    """A window that forgets too late shows a past that is gone."""
    recent = minute(40)

    assert len(recent.ticks) == 12
    assert (recent.canary_requests, recent.canary_failures) == (120, 12)
    assert (recent.stable_requests, recent.calm_failures) == (1_080, 24)


def test_the_window_is_one_of_time_not_of_scrapes() -> None:
    """At 15 s a minute is four scrapes."""
    assert len(minute(40, seconds=15.0).ticks) == 4


def test_a_gap_empties_the_window() -> None:
    """After an outage of Prometheus the old minute says nothing."""
    recent = extended(minute(12), Tick(500.0, 10, 1, 90, 2, 90, 2))

    assert recent.canary_requests == 10


def test_a_glance_covers_fifteen_seconds_the_new_interval_included() -> None:
    """An incident must be seen before it has filled a minute."""
    assert glance(minute(12), 65.0, 90, 7) == (270, 11)


def test_agitation_takes_calm_back_and_nothing_else() -> None:
    """What was counted stays counted; it just was not calm."""
    recent = agitated(minute(12))

    assert (recent.calm_requests, recent.calm_failures) == (0, 0)
    assert recent.stable_requests == 1_080
    assert extended(recent, Tick(65.0, 10, 1, 90, 2, 90, 2)).calm_requests == 90
