"""Slack takes every message, and shows it as it was meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from rolloutd.adapters.notify.blocks import slack_body
from rolloutd.adapters.notify.messages import Message, message
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.state import Phase
from rolloutd.ports import Json
from tests.builders import a_plan, a_record, at

LIMITS = {"header": 150, "section": 3000, "context": 3000}
"""Characters of a text in each block, by Slack's Block Kit reference."""


def a_message(what: Happening = Happening.ROLLED_BACK, **changes: object) -> Message:
    plan = a_plan()
    record = a_record(plan, phase=Phase.ROLLED_BACK, since=at(60))
    said = message(plan, record, Announce(what=what, text="Rolled back: 5xx."), at(60))
    return dataclasses.replace(said, **changes)  # type: ignore[arg-type] # tests name fields


def objects(value: object) -> Iterator[Json]:
    """Yield every JSON object within."""
    match value:
        case dict():
            yield value
            for inner in value.values():
                yield from objects(inner)
        case list():
            for inner in value:
                yield from objects(inner)
        case _:
            return


def blocks(body: Json) -> list[Json]:
    return [each for each in objects(body) if each.get("type") in LIMITS]


def texts(block: Json) -> list[str]:
    return [str(each["text"]) for each in objects(block) if isinstance(each.get("text"), str)]


def assert_slack_takes_it(body: Json) -> None:
    """Check what Slack documents; it refuses the whole message over one such fault."""
    known = {*LIMITS, "plain_text", "mrkdwn"}
    assert {each["type"] for each in objects(body) if "type" in each} <= known
    assert 0 < len(str(body["text"])) <= 4000
    assert len(blocks(body)) <= 50
    for block in blocks(body):
        assert texts(block)
        assert all(0 < len(text) <= LIMITS[str(block["type"])] for text in texts(block))
        if block["type"] == "header":
            assert [each["type"] for each in objects(block)] == ["header", "plain_text"]
        if block["type"] == "context":
            assert 1 <= len(list(objects(block))) - 1 <= 10


@pytest.mark.parametrize("what", list(Happening))
def test_every_happening_keeps_to_the_limits(what: Happening) -> None:
    """A refused message is a rollback that nobody heard of."""
    assert_slack_takes_it(slack_body(a_message(what)))


@pytest.mark.parametrize("filling", ["x", "&", "<", "é", "🚀", "&lt;"])
@pytest.mark.parametrize("length", [1, 149, 150, 151, 998, 3000, 30_000])
def test_texts_of_any_length_keep_to_the_limits(filling: str, length: int) -> None:
    """Reasons come from people, and their escapes count."""
    text = filling * length
    body = slack_body(
        a_message(title=text, why=text, impact=text, next=text, facts=(("a", text),))
    )

    assert_slack_takes_it(body)


def test_a_long_reason_does_not_push_out_what_comes_next() -> None:
    """What to do is worth more than the end of why."""
    body = slack_body(a_message(why="w" * 9000))

    (section,) = [block for block in blocks(body) if block["type"] == "section"]
    assert "*Next:* A new canary" in texts(section)[0]


def test_what_people_wrote_calls_nobody() -> None:
    """A reason with ``<!channel>`` in it would wake everyone."""
    body = slack_body(a_message(why="<!channel> a & b", title="t <@U1>"))

    assert "<" not in "".join(text for block in blocks(body) for text in texts(block))
    assert "&lt;!channel&gt; a &amp; b" in str(body)


def test_a_cut_never_leaves_half_an_escape() -> None:
    """``&am`` would be shown as it is."""
    body = slack_body(a_message(title="&" * 400))

    (header,) = [block for block in blocks(body) if block["type"] == "header"]
    assert texts(header)[0].endswith("&amp;…")


def test_the_fallback_is_the_whole_message_in_sentences() -> None:
    """It is what a phone shows and a screen reader says."""
    assert slack_body(a_message())["text"] == (
        "default/data-product: v4 rolled back from 10 %. Rolled back: 5xx. "
        "The canary had 10 % of the traffic; the run began 1m before. "
        "VirtualService data-product sent everything to stable. "
        "A new canary or plan starts a new run; "
        "`rolloutd retry data-product -n default` repeats this one."
    )


def test_nothing_can_be_clicked_that_has_no_answer() -> None:
    """An incoming webhook can't answer buttons; they would show a warning."""
    kinds = {
        each.get("type") for what in Happening for each in objects(slack_body(a_message(what)))
    }

    assert kinds.isdisjoint({"actions", "button"})


def test_severity_is_shown_by_colour_and_by_sign() -> None:
    """One man in twelve can't tell red from green."""
    alarm, fine = slack_body(a_message()), slack_body(a_message(Happening.PROMOTED))

    colours = [
        each["color"] for body in (alarm, fine) for each in objects(body) if "color" in each
    ]
    assert len(set(colours)) == 2
    assert [texts(blocks(body)[0])[0][0] for body in (alarm, fine)] == ["⟲", "✓"]
