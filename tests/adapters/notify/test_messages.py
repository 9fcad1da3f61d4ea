"""What people read, and what they are spared."""

from __future__ import annotations

import pytest

from rolloutd.adapters.notify.messages import Message, Severity, is_news, message
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.plan import Afterwards, OnBlind, Plan
from rolloutd.core.state import Cause, Pause, Phase, Record, Transition
from rolloutd.core.units import Percent, Seconds
from tests.builders import T0, a_plan, a_record, at, pause, rise

NAMED = "data-product -n default"
PLAN = a_plan(rise(5), rise(10), rise(50), rise(75), rise(100, 0.0))


def told(
    record: Record, what: Happening, text: str = "Because.", actor: str = "", plan: Plan = PLAN
) -> Message:
    return message(plan, record, Announce(what=what, text=text, actor=actor), at(100))


def a_line(weight: int, when: float) -> Transition:
    return Transition(
        at=at(when), phase=Phase.PROGRESSING, step=0, weight=Percent(weight), reason="."
    )


def test_a_rollback_says_why_how_much_and_for_how_long() -> None:
    """The three questions that everyone asks at once."""
    record = a_record(PLAN, phase=Phase.ROLLED_BACK, weight=Percent(50), step=2, since=at(470))

    said = told(record, Happening.ROLLED_BACK, "Rolled back: 5xx 4.1 %, limit 1 %.")

    assert said.title == "default/data-product: v4 rolled back from 50 %"
    assert said.why == "Rolled back: 5xx 4.1 %, limit 1 %."
    assert said.impact == "The canary had 50 % of the traffic; the run began 7m 50s before."
    assert "`rolloutd retry data-product -n default`" in said.next
    assert (said.severity, said.is_rollback, said.weight) == (Severity.ALARM, True, 0)


def test_exposure_counts_what_a_suspect_really_had_and_what_it_had_before() -> None:
    """10 % at the end is not the whole truth when it was 50 % a minute earlier."""
    record = a_record(
        PLAN,
        phase=Phase.ROLLED_BACK,
        weight=Percent(50),
        suspect=True,
        since=at(60),
        transitions=(a_line(75, -500), a_line(50, 10), a_line(10, 40)),
    )

    assert told(record, Happening.ROLLED_BACK).impact == (
        "The canary had 10 % of the traffic, and 50 % at most before; the run began 1m before."
    )


def test_an_abort_before_the_start_reports_no_exposure() -> None:
    """Nobody should look for damage that can't be there."""
    record = a_record(PLAN, phase=Phase.ABORTED, weight=Percent(0))

    said = told(record, Happening.ABORTED, actor="ana")

    assert said.title == "default/data-product: v4 aborted at 0 % by ana"
    assert said.impact == "The canary had no traffic."


def test_a_promotion_says_how_long_it_took() -> None:
    """The figure for the change ticket."""
    record = a_record(PLAN, phase=Phase.PROMOTED, weight=Percent(100), since=at(2472))

    said = told(record, Happening.PROMOTED)

    assert said.title == "default/data-product: v4 promoted to 100 % in 41m 12s"
    assert said.severity is Severity.GOOD
    assert said.next == "data-product is left running; nothing more is done."


@pytest.mark.parametrize(
    ("cause", "until", "expected"),
    [
        (
            Cause.PERSON,
            None,
            f"A person decides: `rolloutd resume {NAMED}` or `rolloutd rollback {NAMED}`.",
        ),
        (Cause.PLAN, at(300), "Goes on by itself after 5m."),
        (Cause.HANDS_OFF, None, "Goes on when the rolloutd.io/pause annotation is removed."),
        (Cause.PLAN_REMOVED, None, "Goes on when the plan is back."),
    ],
)
def test_a_pause_says_what_ends_it(cause: Cause, until: float | None, expected: str) -> None:
    """A pause that nobody knows how to end lasts the night."""
    held = Pause(cause=cause, actor="ana", reason="", until=None if until is None else at(300))
    record = a_record(PLAN, phase=Phase.PAUSED, pause=held)

    assert told(record, Happening.PAUSED, actor="ana").next == expected


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (a_plan(rise(10), rise(50)), "50 % after 1m at this weight, if the gates are fine."),
        (a_plan(rise(10)), "Promoted after 1m at this weight, if the gates are fine."),
        (a_plan(rise(10), pause()), "A pause after 1m at this weight: a person must resume."),
        (a_plan(rise(10), pause(300)), "A pause of 5m after 1m at this weight."),
    ],
)
def test_an_advance_says_what_comes_next(plan: Plan, expected: str) -> None:
    """So that people know whether to stay."""
    assert told(a_record(plan), Happening.STARTED, plan=plan).next == expected


def test_only_the_first_and_the_last_advance_are_news() -> None:
    """A channel that is told of every step is muted, and then misses the rollback."""
    news = [
        step
        for step in range(1, 5)
        if is_news(PLAN, a_record(PLAN, step=step), Happening.ADVANCED)
    ]

    assert news == [1, 3]


def test_everything_else_that_happens_to_traffic_is_news() -> None:
    """A new happening is told unless someone decides otherwise."""
    record = a_record(PLAN)
    quiet = {what for what in Happening if not is_news(PLAN, record, what)}

    assert quiet == {Happening.ADVANCED, Happening.SCALED_DOWN}


@pytest.mark.parametrize("what", list(Happening))
def test_every_happening_has_a_title_of_one_line_and_its_place(what: Happening) -> None:
    """The title alone is what a phone shows."""
    title = told(a_record(PLAN), what).title

    assert title.startswith("default/data-product: ")
    assert "\n" not in title
    assert not title.endswith(".")


def test_the_same_move_is_the_same_occasion_and_a_later_one_is_not() -> None:
    """The second pause at one step is news; the first one, told again, is not."""
    first = a_record(PLAN, phase=Phase.PAUSED, transitions=(a_line(10, 20),))
    later = a_record(PLAN, phase=Phase.PAUSED, transitions=(a_line(10, 20), a_line(10, 90)))

    occasions = [told(record, Happening.PAUSED).occasion for record in (first, first, later)]

    assert occasions[0] == occasions[1] != occasions[2]


def test_half_a_character_does_not_reach_a_sink() -> None:
    """No encoder takes a lone surrogate, and a courier that dies takes the daemon along."""
    said = told(a_record(PLAN), Happening.PAUSED, "bad \ud800 text", actor="\udfff")

    assert said.why == "bad ? text"
    assert said.actor == "?"


def test_the_facts_place_the_message() -> None:
    """Which service, which versions, which run: for those who come later."""
    assert told(a_record(PLAN), Happening.STARTED).facts == (
        ("rollout", "default/data-product"),
        ("versions", "v3 → v4"),
        ("traffic", "stable 90 %, canary 10 %"),
        ("step", "1 of 5"),
        ("run", "1"),
    )


def test_a_suspect_canary_is_not_promised_a_next_step() -> None:
    """It stays where it was cut to until the gates have spoken."""
    record = a_record(PLAN, weight=Percent(50), suspect=True, started=T0)

    assert told(record, Happening.SUSPECT).title.endswith("looks worse, cut to 10 %")
    assert told(record, Happening.RESUMED).next.startswith("It stays at 10 %")


def test_blindness_says_what_the_plan_has_done_about_it() -> None:
    """Holding is a choice, not neglect."""
    said = told(a_record(PLAN), Happening.BLIND)

    assert said.next == "The weights stay as they are until there is evidence again."


def test_a_promotion_with_an_end_for_stable_says_until_when_it_can_be_undone() -> None:
    """After that, rolling back takes a deployment."""
    plan = a_plan(scale_down_after=Seconds(1800.0))
    record = a_record(plan, phase=Phase.PROMOTED, weight=Percent(100))

    said = told(record, Happening.PROMOTED, plan=plan)

    assert said.next == "data-product is scaled to 0 in 30m; until then it can be undone."


def test_blindness_that_is_rolled_back_says_so() -> None:
    """Whoever wants to stop that has until then."""
    plan = a_plan(on_blind=OnBlind(hold=Seconds(1200.0), then=Afterwards.ROLLBACK))

    assert told(a_record(plan), Happening.BLIND, plan=plan).next == (
        "The plan has it rolled back."
    )


def test_a_channel_with_threads_hears_of_every_step() -> None:
    """There it floods nobody."""
    news = [
        step
        for step in range(1, 5)
        if is_news(PLAN, a_record(PLAN, step=step), Happening.ADVANCED, every_step=True)
    ]

    assert news == [1, 2, 3, 4]


def test_a_pause_on_a_breach_is_told_as_one() -> None:
    """Merely "paused" would sound like lunch."""
    held = Pause(cause=Cause.BREACH, actor="", reason="")
    record = a_record(PLAN, phase=Phase.PAUSED, pause=held)

    assert told(record, Happening.PAUSED).title.endswith("v4 broke its gates, paused at 10 %")


@pytest.mark.parametrize(
    ("record", "what", "due"),
    [
        (a_record(PLAN, weight=Percent(5)), Happening.STARTED, at(60)),
        (a_record(PLAN, suspect=True), Happening.RESUMED, None),
        (a_record(PLAN), Happening.BLIND, None),
        (a_record(PLAN, phase=Phase.PROMOTED), Happening.PROMOTED, None),
        (
            a_record(
                PLAN,
                phase=Phase.PAUSED,
                pause=Pause(cause=Cause.PLAN, actor="", reason="", until=at(300)),
            ),
            Happening.PAUSED,
            at(300),
        ),
    ],
)
def test_the_next_move_has_a_time_only_where_there_is_one(
    record: Record, what: Happening, due: float | None
) -> None:
    """A time that passes without anything happening makes people doubt the rest."""
    assert told(record, what).due == due


def test_a_supersession_is_no_alarm_and_is_never_lost() -> None:
    """A newer canary is wanted: nothing is wrong, but traffic did move."""
    said = told(a_record(PLAN, phase=Phase.ROLLED_BACK), Happening.SUPERSEDED)

    assert (said.severity, said.is_rollback) == (Severity.INFO, True)
    assert said.next == "The new canary starts a run of its own."
