"""A message in Slack's Block Kit.

The title is a block of its own and the details hang under it in an attachment, because only
attachments carry a colour. No buttons: an incoming webhook can't answer them, and even a plain
URL button shows a warning in an app without an interactivity address.
"""

from __future__ import annotations

import orjson

from rolloutd.adapters.notify.letter import Letter, SecretFile
from rolloutd.adapters.notify.messages import Message, Severity
from rolloutd.core.units import Instant
from rolloutd.ports import Json

HEADER_LENGTH = 150
SECTION_LENGTH = 3000
"""Characters of one text, by Slack's reference; beyond them it refuses the whole message."""

CONTEXT_LENGTH = 2000
"""Ours: small print that is longer is not read."""

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


class SlackSink:
    """Implements ``Sink`` for an incoming webhook, whose URL is the secret."""

    name = "slack"

    def __init__(self, url: SecretFile) -> None:
        self._url = url

    async def letter(self, message: Message, at: Instant) -> Letter:
        """Write to the channel of the webhook; see ``Sink``."""
        del at
        headers = {"Content-Type": "application/json; charset=utf-8"}
        url = await self._url.read()
        return Letter(url=url, headers=headers, body=orjson.dumps(slack_body(message)))


def slack_body(message: Message) -> Json:
    """Return the body for an incoming webhook."""
    small = " · ".join(f"{name} {value}" for name, value in message.facts)
    details: list[Json] = [_section(message), _context(small)]
    return {
        # Shown where blocks are not: in a phone's notification, and to a screen reader.
        "text": _fitted(_spoken(message), SECTION_LENGTH),
        "blocks": [_header(f"{_SIGNS[message.severity]} {message.title}")],
        "attachments": [{"color": _COLOURS[message.severity], "blocks": details}],
    }


def _spoken(message: Message) -> str:
    said = (message.title + ".", message.why, message.impact, message.next)
    return " ".join(part for part in said if part)


def _header(text: str) -> Json:
    plain = _fitted(text, HEADER_LENGTH)
    return {"type": "header", "text": {"type": "plain_text", "text": plain, "emoji": False}}


def _section(message: Message) -> Json:
    parts = (("Why", message.why), ("Impact", message.impact), ("Next", message.next))
    # A third each, so that a long reason can't push out what happens next.
    room = SECTION_LENGTH // len(parts) - len("*Impact:* \n")
    lines = [f"*{name}:* {_fitted(text, room)}" for name, text in parts if text]
    return {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}}


def _context(text: str) -> Json:
    said = _fitted(text, CONTEXT_LENGTH)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": said}]}


def _fitted(text: str, limit: int) -> str:
    """Escape a text and cut it to a length, never within an escape."""
    escaped = [_ESCAPES.get(character, character) for character in text]
    if sum(map(len, escaped)) <= limit:
        return "".join(escaped)
    length, kept = 0, list[str]()
    for piece in escaped:
        length += len(piece)
        if length >= limit:
            break
        kept.append(piece)
    return "".join(kept) + "…"
