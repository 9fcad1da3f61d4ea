"""One stream of failures."""

from __future__ import annotations

import pytest

from rolloutd.core.gate.control import from_history
from rolloutd.core.gate.rules import rules
from rolloutd.core.gate.stream import Stream, Tally, advanced, cap_of, opened
from rolloutd.core.observation import History

RULES = rules(false_rollback=1e-3, certainty=0.99, regression=0.01)
PAST = History(requests=90_000, failures=90)


def fresh(past: History | None = PAST) -> Stream:
    return opened(RULES, *from_history(past))


def fed(stream: Stream, *tallies: tuple[int, int, int, int], seconds: float = 5.0) -> Stream:
    for counted in tallies:
        stream = advanced(stream, RULES, Tally(seconds, seconds, *counted))
    return stream


CALM = (25, 0, 225, 0)


def test_a_blip_of_the_canary_does_not_convict_by_itself() -> None:
    """Ten seconds touch three intervals; four are needed."""
    blip = fed(fresh(), *[(250, 60, 2_250, 2)] * 3)
    longer = fed(blip, (250, 60, 2_250, 2))

    assert blip.past.log < RULES.limit
    assert longer.past.log >= RULES.limit


def test_half_of_all_requests_failing_convicts_in_two_intervals() -> None:
    """For a dead canary ten seconds are long."""
    dead = fed(fresh(), (25, 25, 225, 0), (25, 25, 225, 0))

    assert dead.past.log == pytest.approx(RULES.limit)
    assert dead.present.log >= RULES.incident_limit


def test_one_failed_request_is_no_dead_canary() -> None:
    """The only request of an interval failed: all of them, and yet just one."""
    assert fed(fresh(), (1, 1, 9, 0)).past.log < RULES.limit / 3 + 1e-9


def test_shorter_intervals_do_not_convict_sooner() -> None:
    """Who scrapes every second must not roll back after three."""
    assert cap_of(6.0, 1.0) == pytest.approx(cap_of(6.0, 5.0) / 5.0)


def test_longer_intervals_count_no_more_than_others() -> None:
    """A scrape after a gap is still one look."""
    assert cap_of(6.0, 60.0) == cap_of(6.0, 5.0)


def test_evidence_from_just_before_an_incident_is_taken_back() -> None:
    """The canary felt it first, that is all: its pods were hit a scrape earlier."""
    before = fed(fresh(), *[CALM] * 10)
    felt = fed(before, (25, 5, 225, 0), (25, 5, 225, 2))
    onset = fed(felt, (25, 5, 225, 40))

    assert felt.past.log > before.past.log + 2.0
    assert onset.past.log < felt.past.log


def test_nothing_is_certified_during_an_incident() -> None:
    """Good counts of a bad time prove nothing about good times."""
    hit = fed(fresh(), (25, 0, 225, 40))
    later = fed(hit, *[(25, 0, 225, 40)] * 6)

    assert later.certificate == hit.certificate


def test_a_certificate_must_be_earned_anew_after_a_new_baseline() -> None:
    """It said: no worse than *that*. That is gone."""
    earned = fed(fresh(), *[(100, 0, 150, 0)] * 20)
    renewed = fed(earned, *[(100, 3, 150, 5)] * 30)

    assert earned.certificate.matters < -RULES.acquittal
    assert renewed.control.baseline.since > 0.0
    assert renewed.certificate.matters > -RULES.acquittal


def test_a_regression_that_begins_late_is_found() -> None:
    """An hour of health is no licence."""
    late = fed(fresh(), *[CALM] * 720, *[(25, 3, 225, 0)] * 12)

    assert late.past.log >= RULES.limit


def test_a_regression_that_begins_late_undoes_the_certificate() -> None:
    """The certificate is about the canary as it is now."""
    earned = fed(fresh(), *[CALM] * 720)
    undone = fed(earned, *[(25, 2, 225, 0)] * 8)

    assert earned.certificate.matters <= -RULES.acquittal
    assert undone.certificate.matters > -RULES.acquittal


def test_intervals_of_nought_change_no_evidence() -> None:
    """A service at rest."""
    before = fed(fresh(), *[CALM] * 3)
    after = fed(before, (0, 0, 0, 0))

    assert after.past == before.past
    assert after.certificate == before.certificate


def test_counts_behind_the_evidence_begin_where_it_began_to_grow() -> None:
    """Hours of health would hide the bad minute in the sentence that explains it."""
    risen = fed(fresh(), *[CALM] * 100, *[(25, 3, 225, 0)] * 4)

    assert risen.rising.canary_failures == 12
    assert risen.rising.canary_requests == 100
    assert risen.whole.canary_requests == 2_600


def test_state_stays_small() -> None:
    """A rollout may last for days."""
    long = fed(fresh(), *[CALM] * 2_000)

    assert len(long.control.recent.ticks) == 12
    assert len(long.snapshots) <= 5


def test_without_history_only_the_present_counts() -> None:
    """Until stable is learnt; a canary that is plainly worse is found all the same."""
    found = fed(fresh(None), *[(25, 12, 225, 0)] * 5)

    assert not found.control.comparable
    assert found.past.log >= RULES.limit
