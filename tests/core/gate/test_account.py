"""A stream's evidence in sentences."""

from __future__ import annotations

import pytest

from rolloutd.core.gate.account import account, canary_pace, evidence
from rolloutd.core.gate.control import from_history
from rolloutd.core.gate.rules import rules
from rolloutd.core.gate.standing import standing
from rolloutd.core.gate.stream import Stream, Tally, advanced, opened
from rolloutd.core.observation import History

RULES = rules(false_rollback=1e-3, certainty=0.99, regression=0.01)
PAST = History(requests=90_000, failures=90)
CALM = (25, 0, 225, 0)


def after(*tallies: tuple[int, int, int, int], past: History | None = PAST) -> Stream:
    stream = opened(RULES, *from_history(past))
    for counted in tallies:
        stream = advanced(stream, RULES, Tally(5.0, 5.0, *counted))
    return stream


def said(stream: Stream) -> str:
    return account(stream, RULES, standing(stream, RULES), "fails")


def test_a_conviction_names_both_arms_and_the_odds() -> None:
    """All that is needed to disagree."""
    assert said(after(*[(25, 25, 225, 0)] * 2)) == (
        "canary fails 100 % (50 of 50), stable fails 0 % (0 of 450);"
        " odds that this is chance 1 : 1 000, limit 1 : 1 000"
    )


def test_a_suspicion_says_what_is_not_ruled_out() -> None:
    """And how far that is."""
    assert said(after(*[(250, 200, 0, 0)] * 2)).endswith(
        "but an incident of both arms is not ruled out (1 : 1, needed 1 : 10)"
    )


def test_an_incident_says_what_stable_does_and_usually_does() -> None:
    """The reader looks at stable then, not at the canary."""
    assert "stable itself fails 20.0 % at present, usually 0.10 %" in said(
        after((25, 0, 200, 40))
    )


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (after(CALM, past=None), "is being learnt: 55 s to go"),
        (after(*[(5, 0, 5, 0)] * 13, past=None), "36 of its requests to go"),
        (after((5, 0, 5, 0), past=None), "55 s and 95 of its requests to go"),
    ],
    ids=["time", "requests", "both"],
)
def test_learning_says_what_it_waits_for(stream: Stream, words: str) -> None:
    """Time, requests, or both."""
    assert words in said(stream)


def test_without_stable_s_requests_nothing_is_awaited() -> None:
    """At 100 % they will not come: a person decides, and should know why."""
    assert said(after(*[(250, 0, 0, 0)] * 13, past=None)).endswith(
        "stable gets no requests, so its usual ratio can't be learnt, and there is nothing to"
        " compare with"
    )


def test_too_little_says_how_many_requests_and_how_long() -> None:
    """Low traffic is the commonest reason to wait."""
    assert "more canary requests are needed: about" in said(after((5, 0, 45, 0)))


def test_too_little_that_looks_bad_says_how_bad() -> None:
    """A canary that fails throughout does not wait for more requests to be acquitted."""
    assert said(after((25, 25, 225, 0))).endswith(
        "odds that this is chance 1 : 31, limit 1 : 1 000: not enough to convict yet"
    )


def test_open_says_what_is_not_ruled_out_yet() -> None:
    """The size of the regression is the user's own."""
    assert "to rule out a rise of 1 pp" in said(after(*[CALM] * 4))


def test_certified_says_how_sure() -> None:
    """1 : 100 is what the default asks for."""
    assert "a rise of 1 pp is ruled out (1 : 10 000)" in said(after(*[CALM] * 100))


def test_pace_is_that_of_the_last_minute_or_of_what_there_is_of_it() -> None:
    """After ten seconds there is no minute to divide by."""
    assert canary_pace(after(CALM, CALM)) == 5.0
    assert canary_pace(after(*[CALM] * 40)) == 5.0


def test_evidence_comes_with_what_is_needed() -> None:
    """A number without its limit says nothing."""
    found = evidence(after(CALM), RULES)

    assert found["canaryRequests"] == 25.0
    assert found["evidence"] < found["evidenceNeeded"]
    assert found["notIncidentNeeded"] == pytest.approx(2.302585)
