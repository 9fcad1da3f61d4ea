"""What an order would do."""

from __future__ import annotations

import pytest

from rolloutd.cli.remote.effects import effect_of
from tests.cli.remote.pictures import a_full


@pytest.mark.parametrize(
    ("verb", "effect"),
    [
        ("rollback", "All traffic goes to v3; v4 loses the 25 % it has."),
        ("skip", "The hold at 25 % ends now: v4 gets a pause."),
        ("promote", "The hold at 25 % ends now: v4 gets a pause."),
        ("pause", "It stays at 25 % until resumed; gates keep judging."),
        ("resume", "It goes on at 25 % where the pause began."),
        ("retry", "Run 5 begins with the first step."),
        ("start", "v4 gets 10 %."),
    ],
)
def test_each_verb_says_its_effect(verb: str, effect: str) -> None:
    """Before anybody agrees to it."""
    assert effect_of(verb, a_full()) == effect


def test_a_full_promotion_says_what_is_passed_over() -> None:
    """Steps that gates would have judged."""
    said = effect_of("promote", a_full(), full=True)
    last = effect_of("promote", a_full(step=2), full=True)

    assert said == "All traffic goes to v4 at once; 2 steps are passed over unjudged."
    assert "1 step is" in last


def test_the_last_hold_ends_in_promotion() -> None:
    """There is no step after it."""
    assert effect_of("skip", a_full(step=3)).endswith("v4 is promoted.")


def test_a_plan_whose_steps_are_not_known_still_says_something() -> None:
    """A replica that does not lead may know little."""
    assert effect_of("start", a_full(steps=())) == "v4 gets its share."
