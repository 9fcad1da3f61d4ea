"""What all judged questions have in common."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.gate.juror import NOT_YET, blind, elapsed_since, enforced
from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Judgement
from rolloutd.core.units import Instant
from tests.core.gate.cases import counts, interval, success

SAMPLE = interval(2, counts(1), counts(1))


@pytest.mark.parametrize("judgement", Judgement)
def test_only_shadows_are_not_enforced(judgement: Judgement) -> None:
    """A gate on trial must not stop a rollout."""
    assert enforced(success(judgement)) is (judgement is not Judgement.SHADOW)


def test_a_blind_verdict_carries_no_numbers() -> None:
    """There are none."""
    verdict = blind(success(), Instant(5.0), "Nothing was read.")

    assert verdict.ruling is Ruling.BLIND
    assert not verdict.certified
    assert (verdict.canary, verdict.room, dict(verdict.evidence)) == (None, None, {})


def test_time_passes_from_end_to_end() -> None:
    """A gap counts as time in which nothing was heard."""
    assert elapsed_since(Instant(SAMPLE.end - 30.0), SAMPLE) == 30.0


@pytest.mark.parametrize("last", [NOT_YET, Instant(SAMPLE.end + 3_600.0)])
def test_without_a_usable_last_end_the_interval_counts_alone(last: Instant) -> None:
    """The first sample, and the first after a clock was set back."""
    assert elapsed_since(last, dataclasses.replace(SAMPLE)) == 5.0
