"""A message in Slack's Block Kit.

The title is a block of its own and the details hang under it in an attachment, because only
attachments carry a colour. No buttons: an incoming webhook can't answer them, and even a plain
URL button shows a warning in an app without an interactivity address; links do the same work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import assert_never

from rolloutd.adapters.notify.links import Link
from rolloutd.adapters.notify.messages import Message, Severity
from rolloutd.adapters.notify.table import HEADINGS, GateRow
from rolloutd.core.units import Instant
from rolloutd.ports import Json

HEADER_LENGTH = 150
SECTION_LENGTH = 3000
"""Characters of one text, by Slack's reference; beyond them it refuses the whole message."""

CONTEXT_LENGTH = 2000
"""Ours: small print that is longer is not read."""

CELL_LENGTH = 20
GATES_SHOWN = 15
"""A table of so many rows and such cells stays below SECTION_LENGTH."""

BAR_LENGTH = 20

FRAME = 300
"""What a section holds besides its sentences at most: names, the bar, and a time."""

_COLOURS = {
    Severity.INFO: "#2563eb",
    Severity.GOOD: "#16a34a",
    Severity.WARNING: "#d97706",
    Severity.ALARM: "#dc2626",
}
_SIGNS = {
    Severity.INFO: "▶",
    Severity.GOOD: "✓",
    Severity.WARNING: "⚠",
    Severity.ALARM: "⟲",
}
"""For those who can't tell the colours apart."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""All that Slack asks to escape. It also disarms ``<!channel>`` in people's reasons."""


def slack_body(message: Message, mention: str = "") -> Json:
    """Return what a message is for Slack, the channel apart.

    Args:
        message: What to say.
        mention: Id of a user group to be called where traffic was taken back; empty calls none.
    """
    return {
        # Shown where blocks are not: in a phone's notification, and to a screen reader.
        "text": fitted(_spoken(message), SECTION_LENGTH),
        "blocks": [_header(f"{_SIGNS[message.severity]} {message.title}")],
        "attachments": [
            {"color": _COLOURS[message.severity], "blocks": list(_details(message, mention))}
        ],
    }


def _details(message: Message, mention: str) -> Iterator[Json]:
    yield _section(_sentences(message))
    if message.gates:
        yield _section(_table(message.gates[:GATES_SHOWN]))
    if message.links:
        yield _context(" · ".join(map(_link, message.links)))
    small = " · ".join(f"{name} {value}" for name, value in message.facts)
    yield _context(fitted(small, CONTEXT_LENGTH) + _called(message, mention))


def _spoken(message: Message) -> str:
    parts = (
        message.title + ".",
        message.why,
        message.impact,
        message.course,
        message.done,
        message.next,
    )
    return " ".join(part for part in parts if part)


def _header(text: str) -> Json:
    plain = fitted(text, HEADER_LENGTH)
    return {"type": "header", "text": {"type": "plain_text", "text": plain, "emoji": False}}


def _sentences(message: Message) -> str:
    parts = (
        ("Why", message.why),
        ("Impact", message.impact),
        ("Course", message.course),
        ("Done", message.done),
        ("Next", message.next),
    )
    said = [(name, text) for name, text in parts if text]
    # A share each, so that a long reason can't push out what happens next.
    room = (SECTION_LENGTH - FRAME) // len(said)
    lines = [f"*{name}:* {fitted(text, room)}" for name, text in said]
    if message.due is not None and message.next:
        lines[-1] += f" {_time(message.due, message.at)}"
    return "\n".join([*_bar(message), *lines])


def _bar(message: Message) -> Iterator[str]:
    """Yield the canary's share as a picture, where that is what the message is about."""
    match message.severity:
        case Severity.INFO | Severity.WARNING:
            filled = round(message.weight / 100 * BAR_LENGTH)
            yield f"`{'▓' * filled}{'░' * (BAR_LENGTH - filled)}` {message.weight} %"
        case Severity.GOOD | Severity.ALARM:
            return
        case never:
            assert_never(never)


def _time(due: Instant, now: Instant) -> str:
    """Return a time that every reader sees in their own zone."""
    plain = datetime.fromtimestamp(due, UTC).strftime("%H:%M UTC")
    form = "{time}" if due - now < 43_200 else "{date_short_pretty} {time}"
    return f"(<!date^{int(due)}^{form}|{plain}>)"


def _table(rows: Sequence[GateRow]) -> str:
    cells = [_cells(row) for row in (HEADINGS, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(
            # Names and words to the left, numbers to the right.
            cell.ljust(width) if index in {0, len(widths) - 1} else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
    # Nothing within may end the fence.
    table = "\n".join(lines).replace("`", "'")
    return f"```\n{escaped(table)}\n```"


def _cells(row: GateRow) -> tuple[str, ...]:
    return tuple(
        cell if len(cell) <= CELL_LENGTH else f"{cell[: CELL_LENGTH - 1]}…"
        for cell in (row.gate, row.canary, row.stable, row.limit, row.room, row.ruling)
    )


def _link(link: Link) -> str:
    # A bar or a bracket in an address would end it early.
    url = link.url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E")
    return f"<{url.replace('&', '&amp;')}|{escaped(link.label)}>"


def _called(message: Message, mention: str) -> str:
    if not mention or message.severity is not Severity.ALARM:
        return ""
    return f" · <!subteam^{mention}>"


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(text: str) -> Json:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def fitted(text: str, limit: int) -> str:
    """Escape a text and cut it to a length, never within an escape."""
    pieces = [_ESCAPES.get(character, character) for character in text]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    length, kept = 0, list[str]()
    for piece in pieces:
        length += len(piece)
        if length >= limit:
            break
        kept.append(piece)
    return "".join(kept) + "…"
