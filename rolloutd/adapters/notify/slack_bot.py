"""Slack by a bot's token: one message a run that is kept up to date, its story in the thread.

Scopes: ``chat:write``, and ``chat:write.public`` for channels that the bot did not join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never

import orjson

from rolloutd.adapters.notify.blocks import slack_body
from rolloutd.adapters.notify.letter import Letter, SecretFile
from rolloutd.adapters.notify.messages import Message
from rolloutd.adapters.notify.post import (
    Delayed,
    Delivered,
    Post,
    Receipt,
    Rejected,
    slack_word,
)
from rolloutd.adapters.notify.slack import JSON
from rolloutd.core.units import Instant
from rolloutd.ports import Json

WEB_API = "https://slack.com/api"

RUNS_KEPT = 500
"""Runs whose message is remembered. An older one would get a new message."""

_FAULTS_OF_THE_MESSAGE = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_attachments",
        "msg_too_long",
        "no_text",
    }
)
"""Sent again it would be refused again. Every other error is the token's, the channel's or
Slack's own: that may be put right while we wait."""

_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Somebody deleted the run's message, or Slack no longer lets it be edited."""

Run: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message is.

    Attributes:
        ts: Its id within the channel.
    """

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """Who writes where.

    Attributes:
        channel: Id (``C0123456789``) or name.
        mention: Id of a user group to be called on a rollback; empty calls none.
        api: Base URL of Slack's Web API; GovSlack has another.
    """

    token: SecretFile
    channel: str
    mention: str = ""
    api: str = WEB_API


class SlackBot:
    """Implements ``Sink`` for Slack's Web API.

    A new process does not know the messages of the one before it and begins a new one.
    """

    name = "slack"
    tells_every_step = True

    def __init__(self, post: Post, bot: Bot) -> None:
        self._post = post
        self._bot = bot
        self._parents: dict[Run, Posted] = {}

    async def send(self, message: Message, at: Instant) -> Receipt:
        """Bring the run's message up to date and add this one to its thread; see ``Sink``.

        Repeated after a failure, it begins with what has not been done.
        """
        del at
        body = slack_body(message, self._bot.mention)
        run = (message.occasion.rollout, message.occasion.run)
        parent = await self._parent(run, body)
        if not isinstance(parent, Posted):
            return parent
        # A reply is what people are notified of; an update happens in silence.
        reply = {**body, "thread_ts": parent.ts, "reply_broadcast": message.is_rollback}
        told = await self._call("chat.postMessage", {**reply, "channel": parent.channel})
        return Delivered() if isinstance(told, Posted) else told

    async def _parent(self, run: Run, body: Json) -> Posted | Rejected | Delayed:
        known = self._parents.get(run)
        if known is not None:
            update = {**body, "channel": known.channel, "ts": known.ts}
            match await self._call("chat.update", update):
                case Rejected(reason=reason) if reason.removeprefix("Slack: ") in _GONE:
                    del self._parents[run]
                case outcome:
                    return outcome
        posted = await self._call("chat.postMessage", {**body, "channel": self._bot.channel})
        if isinstance(posted, Posted):
            self._remember(run, posted)
        return posted

    def _remember(self, run: Run, posted: Posted) -> None:
        self._parents[run] = posted
        if len(self._parents) > RUNS_KEPT:
            del self._parents[next(iter(self._parents))]

    async def _call(self, method: str, body: Json) -> Posted | Rejected | Delayed:
        token = await self._bot.token.read()
        headers = {"Content-Type": JSON, "Authorization": f"Bearer {token}"}
        url = f"{self._bot.api.rstrip('/')}/{method}"
        letter = Letter(url=url, headers=headers, body=orjson.dumps(body))
        match await self._post.send(letter, reads=True):
            case Delivered(answer=answer):
                return _outcome(answer)
            case Rejected() | Delayed() as trouble:
                return trouble
            case never:
                assert_never(never)


def _outcome(answer: bytes) -> Posted | Rejected | Delayed:
    """Read an answer of Slack's: trouble comes with HTTP 200, too."""
    try:
        form: object = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return Delayed("Slack's answer is not JSON")
    match form:
        case {"ok": True, "channel": str(channel), "ts": str(ts)}:
            return Posted(channel, ts)
        case {"ok": False, "error": str(error)}:
            return _trouble(error)
        case _:
            return Delayed("Slack's answer is of an unknown form")


def _trouble(error: str) -> Rejected | Delayed:
    reason = f"Slack: {slack_word(error) or 'an error without a name'}"
    if error in _FAULTS_OF_THE_MESSAGE | _GONE:
        return Rejected(reason)
    return Delayed(reason)
