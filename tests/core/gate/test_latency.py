"""The sequential gate on durations, as its callers see it."""

from __future__ import annotations

import dataclasses
import json
import random

import pytest

from rolloutd.core.gate import Jury, from_json, seat, to_json
from rolloutd.core.observation import Counts, Histogram, History, Ruling, Sample
from rolloutd.core.plan import Judgement
from tests.core.gate.cases import Pace, after_hearing, counts, interval, latency, only, plan

SEQUENTIAL = latency(Judgement.SEQUENTIAL)
DRAW = random.Random(7)  # noqa: S311 - noise, not secrets
PAST = History(requests=20_000, failures=20, latency=Pace().times(DRAW, 20_000))


def jury(history: History | None = PAST) -> Jury:
    return seat(plan(SEQUENTIAL), history)


def rulings(samples: list[Sample], history: History | None = PAST) -> list[Ruling]:
    heard, said = jury(history), []
    for sample in samples:
        heard = after_hearing(heard, [sample])
        said.append(only(heard).ruling)
    return said


def test_an_equally_fast_canary_is_certified() -> None:
    """It is no slower by what matters, and that is shown, not assumed."""
    verdict = only(after_hearing(jury(), Pace().samples(40)))

    assert verdict.ruling is Ruling.FINE
    assert verdict.certified
    assert "being 1.25 times as slow is ruled out" in verdict.reason


def test_a_canary_half_as_slow_again_is_rolled_back() -> None:
    """p99 stays below 250 ms all the time: a threshold on the bucket edge sees nothing."""
    assert Ruling.BREACH in rulings(Pace(canary=1.5).samples(30))


def test_a_few_requests_that_hang_are_enough() -> None:
    """Means and medians do not move when 3 in 100 wait for a lock."""
    assert Ruling.BREACH in rulings(Pace(stuck=0.03).samples(60))


def test_a_breach_names_the_edge_at_which_the_arms_differ() -> None:
    """A person checks the claim on a dashboard."""
    heard = after_hearing(jury(), Pace(canary=3.0).samples(20))

    assert "canary takes over 100 ms in" in only(heard).reason
    assert "limit 1 : 1 000" in only(heard).reason


def test_nothing_is_held_against_a_canary_that_warms_up() -> None:
    """Caches fill and code compiles in the first minute."""
    cold, warm = Pace(canary=4.0).samples(12), Pace().samples(40, first=12)
    said = rulings([*cold, *warm])

    assert set(said[:11]) == {Ruling.HOLD}
    assert Ruling.BREACH not in said


def test_a_slowness_of_both_arms_blames_nobody() -> None:
    """A slow database slows both."""
    both = Pace(canary=3.0, stable=3.0).samples(12, first=20)
    said = rulings([*Pace().samples(20), *both, *Pace().samples(20, first=32)])

    assert Ruling.BREACH not in said


def test_without_history_stable_is_learnt_while_the_canary_warms_up() -> None:
    """The first minute is long enough to see how long requests take."""
    assert Ruling.BREACH in rulings(Pace(canary=1.5).samples(30), None)
    assert Ruling.BREACH not in rulings(Pace().samples(60), None)


def test_history_by_other_edges_is_not_used() -> None:
    """Another proxy version may have other buckets."""
    other = Histogram(bounds=(3.0, 30.0), counts=(0, 100, 200))
    odd = dataclasses.replace(PAST, latency=other)
    samples = Pace().samples(30)

    assert rulings(samples, odd) == rulings(samples, None)


def test_arms_are_compared_by_the_edges_that_both_have() -> None:
    """During a proxy upgrade the arms' histograms differ."""
    samples = [
        dataclasses.replace(sample, canary=_coarser(sample))
        for sample in Pace(canary=3.0).samples(30)
    ]

    assert Ruling.BREACH in rulings(samples)


def _coarser(sample: Sample) -> Counts:
    assert sample.canary is not None
    times = sample.canary.latency
    assert times is not None
    kept = [0, *range(3, len(times.bounds))]
    fewer = Histogram(
        bounds=tuple(times.bounds[index] for index in kept),
        counts=(*(times.counts[index] for index in kept), times.counts[-1]),
    )
    return counts(sample.canary.requests, 0, fewer)


def test_histograms_without_a_common_edge_are_blind() -> None:
    """There is nothing to compare."""
    one = Histogram(bounds=(10.0,), counts=(5, 10))
    other = Histogram(bounds=(20.0,), counts=(5, 10))

    said = rulings([interval(0, counts(10, 0, one), counts(10, 0, other))])

    assert said == [Ruling.BLIND]


def test_counts_without_durations_are_blind() -> None:
    """Requests without times say nothing about time."""
    assert rulings([interval(0, counts(10), counts(10))]) == [Ruling.BLIND]


def test_an_unread_arm_is_blind() -> None:
    """Not knowing is not health."""
    assert rulings([interval(0, None, counts(10))]) == [Ruling.BLIND]


def test_a_canary_without_requests_is_blind() -> None:
    """Nothing was slow because nothing was."""
    none = Histogram(bounds=(10.0,), counts=(0, 0))
    some = Histogram(bounds=(10.0,), counts=(50, 200))
    samples = [interval(n, counts(0, 0, none), counts(200, 0, some)) for n in range(13)]

    assert set(rulings(samples, None)) == {Ruling.BLIND}


def test_before_anything_was_heard_the_gate_is_blind() -> None:
    """Silence certifies nothing."""
    assert only(jury()).ruling is Ruling.BLIND


def test_without_control_nothing_new_is_concluded() -> None:
    """At 100 % a slow canary can't be told from a slow service."""
    alone = Pace(weight=100, canary=2.0).samples(30)
    said = rulings(alone)

    assert set(said) == {Ruling.HOLD}


def test_an_absolute_maximum_is_enforced_with_evidence() -> None:
    """Who promised p99 below 250 ms wants to keep it."""
    strict = seat(plan(latency(Judgement.SEQUENTIAL, maximum=250.0)), PAST)
    heard = after_hearing(strict, Pace(canary=4.0).samples(30))

    assert only(heard).ruling is Ruling.BREACH


def test_when_stable_breaks_the_maximum_too_nobody_is_blamed() -> None:
    """The promise is broken, but not by the canary."""
    strict = seat(plan(latency(Judgement.SEQUENTIAL, maximum=250.0)), PAST)
    heard = after_hearing(strict, Pace(weight=50, canary=4.0, stable=4.0).samples(30))

    assert only(heard).ruling is Ruling.HOLD
    assert "shared incident" in only(heard).reason


def test_a_maximum_beyond_the_last_bucket_holds() -> None:
    """A limit that no bucket can show is not kept by default."""
    blunt = seat(plan(latency(Judgement.SEQUENTIAL, maximum=60_000.0)), PAST)
    heard = after_hearing(blunt, Pace().samples(40))

    assert only(heard).ruling is Ruling.HOLD
    assert "beyond the last bucket" in only(heard).reason


def test_a_tolerated_ratio_is_tolerated() -> None:
    """Who allows twice the time gets a certificate about twice the time."""
    lenient = seat(plan(latency(Judgement.SEQUENTIAL, max_ratio=2.0)), PAST)
    heard = after_hearing(lenient, Pace().samples(40))

    assert "being 2 times as slow is ruled out" in only(heard).reason


@pytest.mark.parametrize("history", [PAST, None], ids=["history", "none"])
def test_state_survives_json_to_the_last_bit(history: History | None) -> None:
    """A restart in mid-run must not change a verdict."""
    samples = Pace(canary=1.2).samples(30)
    watched = plan(SEQUENTIAL)
    half = after_hearing(seat(watched, history), samples[:15])
    restored = from_json(watched, json.loads(json.dumps(to_json(half))))

    assert restored == half
    assert only(after_hearing(restored, samples[15:])) == only(
        after_hearing(half, samples[15:])
    )
