"""From evidence to a ruling."""

from __future__ import annotations

import pytest

from rolloutd.core.gate.control import from_history
from rolloutd.core.gate.rules import rules
from rolloutd.core.gate.standing import (
    RULINGS,
    Finding,
    Standing,
    graver,
    missing_requests,
    reference,
    standing,
    uplifted,
)
from rolloutd.core.gate.stream import Stream, Tally, advanced, opened
from rolloutd.core.observation import History, Ruling

RULES = rules(false_rollback=1e-3, certainty=0.99, regression=0.01)
PAST = History(requests=90_000, failures=90)
CALM = (25, 0, 225, 0)


def after(*tallies: tuple[int, int, int, int], past: History | None = PAST) -> Stream:
    stream = opened(RULES, *from_history(past))
    for counted in tallies:
        stream = advanced(stream, RULES, Tally(5.0, 5.0, *counted))
    return stream


@pytest.mark.parametrize(
    ("stream", "stands"),
    [
        (after(*[(25, 25, 225, 0)] * 2), Standing.CONVICTED),
        (after(*[(250, 200, 0, 0)] * 2), Standing.SUSPECTED),
        (after((25, 0, 225, 40)), Standing.INCIDENT),
        (after(CALM, past=None), Standing.LEARNING),
        (after((5, 0, 45, 0)), Standing.UNSEEN),
        (after(*[CALM] * 4), Standing.OPEN),
        (after(*[CALM] * 60), Standing.CERTIFIED),
    ],
    ids=lambda value: value.name if isinstance(value, Standing) else "",
)
def test_evidence_has_one_standing(stream: Stream, stands: Standing) -> None:
    """Every combination of evidence is one of these."""
    assert standing(stream, RULES) is stands


def test_every_standing_has_a_ruling() -> None:
    """And only certainty and the lack of any sign are fine."""
    fine = {each for each, ruling in RULINGS.items() if ruling is Ruling.FINE}

    assert set(RULINGS) == set(Standing)
    assert fine == {Standing.OPEN, Standing.CERTIFIED}


def test_evidence_of_something_small_convicts_nobody() -> None:
    """With a million requests 0.05 pp are significant, and nobody's business."""
    tiny = after(*[(50_000, 75, 50_000, 50)] * 12)

    assert not uplifted(tiny, RULES)
    assert standing(tiny, RULES) is not Standing.CONVICTED


def test_in_an_incident_the_canary_is_held_against_the_present() -> None:
    """20 % failures are no worse than stable's 20 %."""
    assert reference(after((25, 0, 200, 40))) == pytest.approx(0.2)
    assert reference(after(CALM)) == pytest.approx(0.001, rel=0.05)


def test_fewer_requests_are_missing_the_more_were_heard() -> None:
    """The forecast counts down."""
    early, late = after(*[CALM] * 4), after(*[CALM] * 12)

    assert missing_requests(late, RULES, gross=False) < missing_requests(
        early, RULES, gross=False
    )
    assert missing_requests(late, RULES, gross=True) == 1.0


def test_a_suspicion_outweighs_a_limit_that_only_holds() -> None:
    """The one exposes less, the other does not."""
    suspect = Finding(ruling=Ruling.SUSPECT, words="suspect")
    hold = Finding(ruling=Ruling.HOLD, words="hold")
    breach = Finding(ruling=Ruling.BREACH, words="breach")
    fine = Finding(ruling=Ruling.FINE, words="fine", certified=True)

    assert graver(hold, suspect) is suspect
    assert graver(breach, suspect) is breach
    assert graver(hold, fine) is hold
    assert graver(None, fine) is fine
