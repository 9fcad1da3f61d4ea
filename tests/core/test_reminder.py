"""A rollback is told at least once, whoever dies."""

from __future__ import annotations

import pytest

from rolloutd.core.actions import Happening
from rolloutd.core.reminder import FRESH, reminder
from rolloutd.core.state import Phase, Transition
from rolloutd.core.units import Percent
from tests.builders import a_plan, a_record, at


@pytest.mark.parametrize(
    ("phase", "what"),
    [(Phase.ROLLED_BACK, Happening.ROLLED_BACK), (Phase.ABORTED, Happening.ABORTED)],
)
def test_a_fresh_rollback_of_another_process_is_told_again(
    phase: Phase, what: Happening
) -> None:
    """It may have died between the write and the word."""
    line = Transition(
        at=at(0), phase=phase, step=0, weight=Percent(0), reason="5xx.", actor="ana"
    )
    record = a_record(a_plan(), phase=phase, reason="5xx.", transitions=(line,))

    words = reminder(record, at(FRESH))

    assert words is not None
    assert (words.what, words.text, words.actor) == (what, "5xx.", "ana")
    assert words.again


def test_a_record_without_a_story_is_told_without_a_name() -> None:
    """Records of other versions may leave the story out."""
    words = reminder(a_record(a_plan(), phase=Phase.ROLLED_BACK), at(1))

    assert words is not None
    assert words.actor == ""


def test_an_old_rollback_is_no_news() -> None:
    """A daemon that is restarted next week does not alarm anyone."""
    record = a_record(a_plan(), phase=Phase.ROLLED_BACK)

    assert reminder(record, at(FRESH + 1)) is None


@pytest.mark.parametrize("phase", [Phase.PROGRESSING, Phase.PAUSED, Phase.PROMOTED])
def test_nothing_else_is_told_again(phase: Phase) -> None:
    """Every restart in mid-rollout would repeat the last step."""
    assert reminder(a_record(a_plan(), phase=phase), at(1)) is None
