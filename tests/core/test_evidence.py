"""From readings to samples."""

from __future__ import annotations

import dataclasses

from rolloutd.core.evidence import Evidence, learn, rulings
from rolloutd.core.gate.jury import seat, verdicts
from rolloutd.core.observation import Counts, Histogram, Reading, Unread
from rolloutd.core.units import Percent
from tests.builders import a_plan, at

TEN = Percent(10)


def reading(
    seconds: float, stable: int | None, canary: int | None, *, latency: bool = False
) -> Reading:
    def counts(requests: int | None) -> Counts | None:
        if requests is None:
            return None
        histogram = Histogram(bounds=(5.0,), counts=(requests // 2, requests))
        return Counts(requests=requests, failures=0, latency=histogram if latency else None)

    return Reading(at=at(seconds), stable=counts(stable), canary=counts(canary), values={})


def fresh() -> Evidence:
    return Evidence(jury=seat(a_plan()))


def test_the_first_reading_only_sets_the_base() -> None:
    """What was counted before the run began says nothing of it."""
    _, sample = learn(fresh(), reading(0, 9000, 1000), TEN, at(0))

    assert sample is None


def test_the_difference_of_two_readings_is_a_sample() -> None:
    """Requests and buckets alike."""
    evidence, _ = learn(fresh(), reading(0, 9000, 1000, latency=True), TEN, at(0))

    _, sample = learn(evidence, reading(5, 9090, 1010, latency=True), TEN, at(5))

    assert sample is not None
    assert sample.stable is not None
    assert sample.canary is not None
    assert (sample.stable.requests, sample.canary.requests) == (90, 10)
    assert sample.canary.latency is not None
    assert sample.canary.latency.counts == (5, 10)
    assert (sample.start, sample.end) == (at(0), at(5))


def test_a_look_that_gave_nothing_is_a_sample_of_nothing() -> None:
    """Gates must know that they were blind, and people why."""
    evidence, _ = learn(fresh(), reading(0, 9000, 1000), TEN, at(0))

    evidence, sample = learn(evidence, Unread(reason="refused"), TEN, at(5))

    assert sample is not None
    assert (sample.stable, sample.canary) == (None, None)
    assert evidence.unread == "refused"


def test_what_happened_while_blind_is_counted_when_sight_returns() -> None:
    """Totals are kept by the meter; nothing is lost by not looking."""
    evidence, _ = learn(fresh(), reading(0, 0, 0), TEN, at(0))
    evidence, _ = learn(evidence, Unread(reason="refused"), TEN, at(5))

    evidence, sample = learn(evidence, reading(10, 180, 20), TEN, at(10))

    assert sample is not None
    assert sample.stable is not None
    assert sample.stable.requests == 180
    assert evidence.unread == ""


def test_an_arm_that_could_not_be_read_is_not_zero() -> None:
    """One arm's pods are gone, the other's are not."""
    evidence, _ = learn(fresh(), reading(0, 0, 0), TEN, at(0))

    _, sample = learn(evidence, reading(5, 90, None), TEN, at(5))

    assert sample is not None
    assert sample.canary is None


def test_buckets_that_changed_their_edges_are_not_subtracted() -> None:
    """Somebody reconfigured the histogram in between."""
    evidence, _ = learn(fresh(), reading(0, 10, 10), TEN, at(0))

    _, sample = learn(evidence, reading(5, 20, 20, latency=True), TEN, at(5))

    assert sample is not None
    assert sample.canary is not None
    assert sample.canary.latency is None


def test_a_second_look_at_the_same_moment_is_not_one() -> None:
    """No time has passed in which anything could have happened."""
    evidence, _ = learn(fresh(), reading(0, 0, 0), TEN, at(0))

    again, sample = learn(evidence, reading(0, 9, 1), TEN, at(0))

    assert sample is None
    assert again == evidence


def test_a_gate_counts_how_often_in_a_row_it_was_fine() -> None:
    """Thirty clean looks say more than one; a look that gave nothing begins anew."""
    evidence, _ = learn(fresh(), reading(0, 0, 0), TEN, at(0))
    streaks: list[int] = []
    for each in range(1, 40):
        evidence, _ = learn(
            evidence, reading(5 * each, 9000 * each, 1000 * each), TEN, at(5 * each)
        )
        streaks.append(evidence.streaks["success-rate"])
    blind, _ = learn(evidence, Unread(reason="refused"), TEN, at(300))

    first = streaks.index(1)
    assert set(streaks[:first]) <= {0}
    assert streaks[first:] == [*range(1, len(streaks) - first + 1)]
    assert blind.streaks["success-rate"] == 0


def test_before_the_first_look_no_gate_says_anything() -> None:
    """Blind since the beginning of time would be a reason to go back."""
    assert rulings(fresh()) == ()


def test_what_a_jury_says_is_found_out_once_a_sample() -> None:
    """It is most of what a turn costs, and turns are taken in between, too."""
    evidence, _ = learn(fresh(), reading(0, 0, 0), TEN, at(0))
    evidence, _ = learn(evidence, reading(5, 9000, 1000), TEN, at(5))

    assert rulings(evidence) is rulings(evidence)
    assert rulings(evidence) == verdicts(evidence.jury)


def test_another_jury_is_never_given_the_words_of_the_one_before() -> None:
    """An edited plan seats a new one, which knows nothing yet."""
    evidence, _ = learn(fresh(), reading(0, 0, 0), TEN, at(0))
    evidence, _ = learn(evidence, reading(5, 9000, 1000), TEN, at(5))
    before = rulings(evidence)

    anew = dataclasses.replace(evidence, jury=seat(a_plan()))

    assert rulings(anew) == verdicts(anew.jury)
    assert rulings(anew) != before


def test_a_new_sample_brings_new_words() -> None:
    """An old green would hide a breach."""
    evidence, _ = learn(fresh(), reading(0, 0, 0), TEN, at(0))
    evidence, _ = learn(evidence, reading(5, 9000, 1000), TEN, at(5))
    before = rulings(evidence)

    evidence, _ = learn(evidence, reading(10, 18000, 2000), TEN, at(10))

    assert rulings(evidence) == verdicts(evidence.jury)
    assert [each.at for each in rulings(evidence)] != [each.at for each in before]
