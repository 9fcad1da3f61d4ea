"""The sequential gate on the success ratio, as its callers see it."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.gate import Jury, seat
from rolloutd.core.observation import Counts, History, Ruling, Sample
from rolloutd.core.plan import Confidence, Judgement
from rolloutd.core.units import Instant, Ratio
from tests.core.gate.cases import Traffic, after_hearing, counts, interval, only, plan, success

PAST = History(requests=90_000, failures=90, dispersion=1.1)
SEQUENTIAL = success(Judgement.SEQUENTIAL)
EMPTY = counts(0)


def jury(history: History | None = PAST) -> Jury:
    return seat(plan(SEQUENTIAL), history)


def rulings(samples: list[Sample], history: History | None = PAST) -> list[Ruling]:
    heard, said = jury(history), []
    for sample in samples:
        heard = after_hearing(heard, [sample])
        said.append(only(heard).ruling)
    return said


def test_a_healthy_canary_is_fine_and_then_certified() -> None:
    """Fine lets small steps go on; the certificate opens the way to half the traffic."""
    early = only(after_hearing(jury(), Traffic().samples(10)))
    late = only(after_hearing(jury(), Traffic().samples(60)))

    assert (early.ruling, early.certified) == (Ruling.FINE, False)
    assert (late.ruling, late.certified) == (Ruling.FINE, True)
    assert "to rule out a rise of 1 pp" in early.reason
    assert "a rise of 1 pp is ruled out" in late.reason


def test_a_dead_canary_is_rolled_back_after_two_intervals() -> None:
    """Flagger needs minutes for this."""
    said = rulings(Traffic(canary=1.0).samples(3))

    assert said[0] is not Ruling.BREACH
    assert said[1] is Ruling.BREACH


def test_a_breach_says_what_it_rests_on() -> None:
    """At night a person decides on this sentence whether to believe us."""
    heard = after_hearing(jury(), Traffic(canary=1.0).samples(2))

    assert only(heard).reason == (
        "Canary fails 100 % (50 of 50), stable fails 0 % (0 of 450);"
        " odds that this is chance 1 : 1 000, limit 1 : 1 000."
    )


def test_a_small_regression_is_found() -> None:
    """One request in a hundred is what threshold gates miss."""
    assert Ruling.BREACH in rulings(Traffic(canary=0.021).samples(60))


def test_an_incident_of_both_arms_blames_nobody_and_holds() -> None:
    """The canary did not bring the database down."""
    samples = [
        *Traffic().samples(12),
        *Traffic(canary=0.1, stable=0.1).samples(10, first=12),
    ]
    said = rulings(samples)

    assert Ruling.BREACH not in said
    assert said[-1] is Ruling.HOLD


def test_a_regression_within_an_incident_is_still_found() -> None:
    """A shared incident is no shelter for a canary that fares much worse."""
    samples = [
        *Traffic().samples(12),
        *Traffic(canary=0.6, stable=0.05).samples(12, first=12),
    ]

    assert Ruling.BREACH in rulings(samples)


def test_without_control_strong_suspicion_is_no_breach() -> None:
    """At 100 % an incident looks like a regression: less exposure will tell."""
    full = Traffic(weight=100, canary=0.2)
    said = rulings([*Traffic().samples(12), *full.samples(12, first=12)])

    assert said[-1] is Ruling.SUSPECT
    assert Ruling.BREACH not in said


def test_suspicion_becomes_a_breach_once_there_is_control_again() -> None:
    """Suspect is a question to be answered, not a verdict to stay."""
    full = Traffic(weight=100, canary=0.2).samples(6, first=12)
    cut = Traffic(weight=10, canary=0.2).samples(6, first=18)
    said = rulings([*Traffic().samples(12), *full, *cut])

    assert Ruling.BREACH in said


def test_one_bad_interval_convicts_nobody() -> None:
    """A blip of a few seconds is what restarts and garbage collectors make."""
    blip = interval(12, counts(25, 12), counts(225, 0))
    samples = [*Traffic().samples(12), blip, *Traffic().samples(40, first=13, seed=2)]

    assert Ruling.BREACH not in rulings(samples)


def test_low_traffic_holds_and_says_what_is_missing() -> None:
    """Five requests acquit nobody."""
    heard = after_hearing(jury(), [interval(0, counts(2), counts(23))])

    verdict = only(heard)

    assert verdict.ruling is Ruling.HOLD
    assert "more canary requests are needed" in verdict.reason
    assert "at the present 0.4 a second" in verdict.reason


@pytest.mark.parametrize(
    ("canary", "stable"),
    [(None, counts(200)), (counts(20), None), (None, None)],
    ids=["canary", "stable", "both"],
)
def test_an_unread_arm_is_blind_and_leaves_the_evidence_alone(
    canary: Counts | None, stable: Counts | None
) -> None:
    """Half an interval would look like a difference of the arms."""
    before = after_hearing(jury(), Traffic().samples(10))
    after = after_hearing(before, [interval(10, canary, stable)])

    assert only(after).ruling is Ruling.BLIND
    assert only(after).evidence == {}
    assert after_hearing(after, Traffic().samples(1, first=11)).jurors[0].state != before


def test_a_canary_without_requests_is_blind() -> None:
    """A route that matches nothing must not be promoted."""
    said = rulings([interval(n, EMPTY, counts(250)) for n in range(20)])

    assert set(said) == {Ruling.BLIND}


def test_intervals_of_nought_are_blind() -> None:
    """A service at rest shows nothing, good or bad."""
    assert set(rulings([interval(n, EMPTY, EMPTY) for n in range(20)])) == {Ruling.BLIND}


def test_before_anything_was_heard_the_gate_is_blind() -> None:
    """Silence certifies nothing."""
    assert only(jury()).ruling is Ruling.BLIND


def test_without_history_stable_is_learnt_first() -> None:
    """What is normal for this service cannot be guessed."""
    said = rulings(Traffic().samples(60), None)

    assert set(said[:11]) == {Ruling.HOLD}
    assert said[-1] is Ruling.FINE


def test_without_history_a_dead_canary_is_still_rolled_back_at_once() -> None:
    """Stable's present is control enough for what is plain to see."""
    assert Ruling.BREACH in rulings(Traffic(canary=1.0).samples(3), None)


def test_without_history_and_without_stable_requests_nothing_is_ruled() -> None:
    """No past, no present: no control of any kind."""
    samples = [interval(n, counts(250, 5), EMPTY, weight=100) for n in range(40)]

    assert set(rulings(samples, None)) == {Ruling.HOLD}


def test_history_of_another_version_is_replaced_by_what_stable_does_now() -> None:
    """A stale history must neither convict the canary nor hold it for ever."""
    stale = History(requests=900_000, failures=9, dispersion=1.0)
    said = rulings(Traffic(canary=0.02, stable=0.02).samples(120), stale)

    assert Ruling.BREACH not in said
    assert said[-1] is Ruling.FINE


@pytest.mark.parametrize(
    "nonsense",
    [
        History(requests=0, failures=0),
        History(requests=10, failures=11),
        History(requests=-5, failures=-6),
    ],
)
def test_a_history_that_makes_no_sense_is_no_history(nonsense: History) -> None:
    """It is read from a database that people fill."""
    samples = Traffic().samples(30)

    assert rulings(samples, nonsense) == rulings(samples, None)


@pytest.mark.parametrize("dispersion", [float("nan"), float("inf"), -1.0, 1e9])
def test_a_dispersion_that_makes_no_sense_frees_nobody(dispersion: float) -> None:
    """An endless dispersion would devalue all evidence to nothing."""
    odd = dataclasses.replace(PAST, dispersion=dispersion)

    assert Ruling.BREACH in rulings(Traffic(canary=1.0).samples(40), odd)


def test_a_clock_set_back_costs_no_evidence() -> None:
    """Requests are counted by their number, not by the date on them."""
    first = Traffic(canary=1.0).samples(1)[0]
    second = dataclasses.replace(first, start=Instant(first.start - 3_600.0))
    second = dataclasses.replace(second, end=Instant(first.end - 3_600.0))

    assert rulings([first, second])[-1] is Ruling.BREACH


def test_a_duplicate_counts_once() -> None:
    """One bad interval sent twice is one bad interval."""
    first = Traffic(canary=1.0).samples(1)[0]

    assert rulings([first, first, first])[-1] is not Ruling.BREACH


def test_a_tolerated_drop_is_tolerated() -> None:
    """Who allows 5 pp is not rolled back for 2."""
    patient = seat(plan(success(Judgement.SEQUENTIAL, max_drop=0.05)), PAST)
    heard = after_hearing(patient, Traffic(canary=0.02).samples(60))

    assert only(heard).ruling is Ruling.FINE


def test_an_absolute_limit_is_enforced_with_evidence() -> None:
    """A canary beyond the limit, alone, goes back."""
    strict = seat(plan(success(Judgement.SEQUENTIAL, minimum=0.99)), PAST)
    heard = after_hearing(strict, Traffic(canary=0.08).samples(30))

    assert only(heard).ruling is Ruling.BREACH


def test_when_stable_breaks_the_limit_too_the_gate_holds_and_says_shared_incident() -> None:
    """The limit is broken, but not by the canary."""
    strict = seat(plan(success(Judgement.SEQUENTIAL, minimum=0.99)), PAST)
    both = Traffic(weight=50, canary=0.05, stable=0.05).samples(40)
    heard = after_hearing(strict, both)

    assert only(heard).ruling is Ruling.HOLD
    assert "shared incident" in only(heard).reason


def test_a_canary_beyond_the_limit_but_no_worse_than_history_is_not_fine() -> None:
    """A service that always broke its limit is not promoted as if it kept it."""
    past = History(requests=90_000, failures=1_800)
    strict = seat(plan(success(Judgement.SEQUENTIAL, minimum=0.99)), past)
    heard = after_hearing(strict, Traffic(weight=50, canary=0.03, stable=0.02).samples(60))

    assert only(heard).ruling is not Ruling.FINE


def test_shadow_gates_are_judged_and_not_enforced() -> None:
    """A new gate is tried on real traffic before it may act."""
    shadow = seat(plan(success(Judgement.SHADOW)), PAST)
    verdict = only(after_hearing(shadow, Traffic(canary=1.0).samples(2)))

    assert verdict.ruling is Ruling.BREACH
    assert not verdict.enforced


def test_a_stricter_bound_asks_for_more_evidence() -> None:
    """The knob does what it says."""
    strict = plan(SEQUENTIAL, confidence=Confidence(false_rollback=Ratio(1e-6)))
    lax = only(after_hearing(jury(), Traffic().samples(1)))
    hard = only(after_hearing(seat(strict, PAST), Traffic().samples(1)))

    assert hard.evidence["evidenceNeeded"] == pytest.approx(2 * lax.evidence["evidenceNeeded"])


def test_room_shrinks_as_evidence_grows() -> None:
    """Dashboards show how close a conviction is."""
    healthy = only(after_hearing(jury(), Traffic().samples(10)))
    broken = only(after_hearing(jury(), Traffic(canary=1.0).samples(2)))

    assert healthy.room == 1.0
    assert broken.room is not None
    assert broken.room <= 0.01
