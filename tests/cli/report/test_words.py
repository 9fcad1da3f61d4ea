"""Numbers and rulings, as a person reads them."""

from __future__ import annotations

import pytest

from rolloutd.api.control.run_models import CourseForm
from rolloutd.cli.report.words import amount, headline, impact, outcome, ruling, since
from rolloutd.core.observation import Ruling
from rolloutd.core.state import Phase
from tests.cli.report.runs import START, a_run, a_series, later, line


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.99942, "ratio", "99.94 %"),
        (0.1, "ratio", "10 %"),
        (212.34, "ms", "212 ms"),
        (1.234, "ms", "1.23 ms"),
        (12_345.0, "ms", "12.3 s"),
        (1.23456, "", "1.235"),
        (None, "ms", "\N{EN DASH}"),
    ],
)
def test_values_are_written_in_their_unit(value: float | None, unit: str, said: str) -> None:
    """As on the dashboard, with the digits that count."""
    assert amount(value, unit) == said


def test_the_headline_says_what_came_of_it() -> None:
    """One sentence for whoever reads no further."""
    promoted = a_run(outcome="promoted")
    aborted = a_run(outcome="aborted", actor="ana")

    assert headline(promoted) == "v4 took all traffic over from v3, in 10m."
    assert headline(a_run()) == (
        "v4 did not stay: all traffic went back to v3 after 10m; the daemon ended it."
    )
    assert headline(aborted).endswith("after 10m; ana ended it.")
    assert [outcome(run) for run in (promoted, a_run(), aborted)] == [
        "promoted",
        "rolled back",
        "aborted",
    ]


def test_the_impact_says_how_many_requests_it_cost() -> None:
    """The first question of a change review."""
    space = "\N{NARROW NO-BREAK SPACE}"

    assert impact(a_run()) == [
        "The canary had 25 % of the traffic at most.",
        f"It served about 12{space}000 requests, of which 36 failed (0.3 %).",
        "90 of 100 looks at the metrics found all gates fine.",
        "Closest to a breach was p99, at 25 %: 17 % of the way to it left.",
    ]


def test_what_was_counted_from_the_middle_on_is_a_lower_bound() -> None:
    """Another process saw the beginning."""
    course = CourseForm(since=later(120), requests=0, failures=0, looks=5, fine=5, closest=None)

    assert impact(a_run(course=course))[1:] == [
        "It served at least 0 requests, of which 0 failed.",
        "5 of 5 looks at the metrics found all gates fine.",
    ]


def test_what_was_served_after_the_promotion_was_not_counted() -> None:
    """Taken back twenty minutes later, at 100 %: most of the impact is in those."""
    story = [line(0, 10, Phase.PROGRESSING, "Started."), line(60, 100, Phase.PROMOTED, "Done.")]
    taken_back = a_run(
        outcome="aborted", timeline=[*story, line(90, 0, Phase.ABORTED, "Back.")]
    )

    assert impact(taken_back)[1].startswith("It served at least 12")
    assert impact(a_run(outcome="promoted", timeline=story))[1].startswith("It served about 12")


def test_what_was_not_counted_is_said_so() -> None:
    """Nothing would read like no impact."""
    run = a_run(course=None, timeline=[], series=a_series())

    assert impact(run) == [
        "The canary had 25 % of the traffic at most.",
        "Its requests were not counted.",
    ]


def test_a_limit_that_was_passed_has_no_room() -> None:
    """A negative share of room is no words."""
    run = a_run()
    assert run.course is not None
    assert run.course.closest is not None
    beyond = run.course.closest.model_copy(update={"room": -0.2})

    course = run.course.model_copy(update={"closest": beyond})

    assert impact(a_run(course=course))[-1] == "p99 was in breach, at 25 %."


def test_every_ruling_has_words() -> None:
    """No two of them the same."""
    assert len({ruling(said) for said in Ruling}) == len(Ruling)


def test_times_are_told_from_the_start() -> None:
    """A retry was ordered before it."""
    assert since(START, later(605)) == "+10m 5s"
    assert since(START, later(-60)) == "-1m"
