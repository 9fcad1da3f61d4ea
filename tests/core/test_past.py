"""What a jury is told of stable before it sits."""

from __future__ import annotations

import pytest

from rolloutd.core.observation import Counts, Histogram, History, Sample
from rolloutd.core.past import MOST_DISPERSION, dispersion, history
from rolloutd.core.units import Instant, Percent

TIMED = Histogram(bounds=(10.0,), counts=(1, 2))


def block(stable: Counts | None) -> Sample:
    return Sample(
        start=Instant(0.0),
        end=Instant(30.0),
        stable=stable,
        canary=None,
        weight=Percent(0),
        values={},
    )


def failed(*counts: int) -> list[Counts]:
    return [Counts(requests=100, failures=each) for each in counts]


def test_blocks_are_added_up() -> None:
    """Half an hour in one number, the durations with it."""
    counts = Counts(requests=100, failures=1, latency=TIMED)
    past = history([block(counts), block(None), block(counts)])

    assert past == History(
        requests=200, failures=2, latency=Histogram(bounds=(10.0,), counts=(2, 4))
    )


@pytest.mark.parametrize(
    "nothing", [[], [block(None)], [block(Counts(requests=0, failures=0))]]
)
def test_a_service_that_served_nothing_has_no_history(nothing: list[Sample]) -> None:
    """A baseline of nought over nought would be a guess."""
    assert history(nothing) is None


@pytest.mark.parametrize("other", [None, Histogram(bounds=(20.0,), counts=(1, 2))])
def test_durations_are_whole_or_none(other: Histogram | None) -> None:
    """Sums over different buckets mean nothing."""
    past = history(
        [
            block(Counts(requests=2, failures=0, latency=TIMED)),
            block(Counts(requests=2, failures=0, latency=other)),
        ]
    )

    assert past is not None
    assert past.latency is None


def test_failures_in_bursts_are_more_dispersed_than_chance() -> None:
    """Two blocks with 10 and 0 of 100: chi square 10.53 on one degree of freedom."""
    assert dispersion(failed(10, 0)) == pytest.approx(10.526, abs=0.001)


@pytest.mark.parametrize("even", [(), (5,), (5, 5, 5), (0, 0), (100, 100)])
def test_what_is_as_even_as_chance_has_a_dispersion_of_one(even: tuple[int, ...]) -> None:
    """Less would let a gate be surer than its counts."""
    assert dispersion(failed(*even)) == 1.0


def test_dispersion_has_an_end() -> None:
    """One outage must not make a gate deaf for half an hour."""
    outage = [*failed(*[0] * 59), Counts(requests=100, failures=100)]

    assert dispersion(outage) == MOST_DISPERSION
