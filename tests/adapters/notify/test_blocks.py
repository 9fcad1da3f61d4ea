"""Slack takes every message, and shows it as it was meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from slack_sdk.models.blocks import Block

from rolloutd.adapters.notify.blocks import slack_body
from rolloutd.adapters.notify.links import Link
from rolloutd.adapters.notify.messages import Message, Severity, message
from rolloutd.adapters.notify.table import GateRow
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
    for block in blocks(body):
        parsed = Block.parse(block)
        assert parsed is not None
        # Slack's own library raises where a limit is passed, and drops what it does not know.
        assert parsed.to_dict() == block
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
        a_message(
            title=text,
            why=text,
            impact=text,
            course=text,
            done=text,
            next=text,
            due=at(90),
            facts=(("a", text),),
        )
    )

    assert_slack_takes_it(body)


def test_a_long_reason_does_not_push_out_what_comes_next() -> None:
    """What to do is worth more than the end of why."""
    body = slack_body(a_message(why="w" * 9000))

    section, *_ = [block for block in blocks(body) if block["type"] == "section"]
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
        "VirtualService data-product back to stable for all traffic. "
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


def a_row(gate: str, **changes: str) -> GateRow:
    row = GateRow(
        gate=gate, canary="99 %", stable="99.9 %", limit="≥ 99.5 %", room="-0.5 pp", ruling="ok"
    )
    return dataclasses.replace(row, **changes)


def sections(message: Message) -> list[str]:
    found = [block for block in blocks(slack_body(message)) if block["type"] == "section"]
    return [texts(block)[0] for block in found]


def test_gates_are_a_table_whose_columns_line_up() -> None:
    """Canary, stable and limit are to be compared at a glance."""
    rows = (a_row("success-rate"), a_row("p99", canary="640 ms", ruling="BREACH"))

    assert sections(a_message(gates=rows))[1].splitlines() == [
        "```",
        "gate          canary  stable     limit     room",
        "success-rate    99 %  99.9 %  ≥ 99.5 %  -0.5 pp  ok",
        "p99           640 ms  99.9 %  ≥ 99.5 %  -0.5 pp  BREACH",
        "```",
    ]


def test_without_verdicts_there_is_no_table() -> None:
    """An empty one would look like a fault."""
    assert len(sections(a_message(gates=()))) == 1


def test_a_table_of_many_gates_keeps_to_the_limits() -> None:
    """Nobody reads a hundredth row in a chat."""
    rows = tuple(a_row(f"{number}-{'long' * 20}") for number in range(100))

    assert_slack_takes_it(slack_body(a_message(gates=rows)))


def test_nothing_in_a_table_ends_it() -> None:
    """Three backticks would show the rest as text."""
    (_, table) = sections(a_message(gates=(a_row("```", stable="<!here>"),)))

    assert table.count("```") == 2
    assert "&lt;!here&gt;" in table


def test_the_time_of_the_next_move_is_in_the_readers_zone() -> None:
    """Nobody adds minutes to a time in UTC in their head."""
    said = a_message(Happening.ADVANCED, due=at(600), next="50 % after 10m.")

    assert "*Next:* 50 % after 10m. (<!date^1700000600^{time}|22:23 UTC>)" in sections(said)[0]


def test_a_move_on_another_day_is_shown_with_its_date() -> None:
    """A hold over a weekend ends at "9:00" of which day?"""
    said = a_message(Happening.ADVANCED, due=at(172_800), next="50 % after 2d.")

    assert "{date_short_pretty} {time}" in sections(said)[0]


def test_links_lead_on_and_survive_what_is_in_them() -> None:
    """A bar in an address would end it early."""
    link = Link(label="Graf <ana>", url="https://g/d?a=1&b=|2>")

    shown = [
        text for block in blocks(slack_body(a_message(links=(link,)))) for text in texts(block)
    ]

    assert "<https://g/d?a=1&amp;b=%7C2%3E|Graf &lt;ana&gt;>" in shown


@pytest.mark.parametrize(
    ("severity", "called"),
    [(Severity.ALARM, True), (Severity.WARNING, False), (Severity.GOOD, False)],
)
def test_a_group_is_called_only_when_traffic_was_taken_back(
    severity: Severity,
    called: bool,  # noqa: FBT001 - a row of the table above
) -> None:
    """Who is called for a step stops coming."""
    body = slack_body(a_message(severity=severity), "S0123")

    assert ("<!subteam^S0123>" in str(body)) is called


def test_the_share_is_a_picture_while_it_moves() -> None:
    """A quarter is seen faster than it is read."""
    said = a_message(Happening.ADVANCED, severity=Severity.INFO, weight=25)

    assert sections(said)[0].startswith("`▓▓▓▓▓░░░░░░░░░░░░░░░` 25 %")
