"""One message a run that is kept up to date, and its story in the thread."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from rolloutd.adapters.notify.letter import SecretFile
from rolloutd.adapters.notify.messages import Message
from rolloutd.adapters.notify.post import Delayed, Delivered, Post, Receipt, Rejected
from rolloutd.adapters.notify.slack_bot import RUNS_KEPT, Bot, SlackBot
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from tests.adapters.notify.stories import STORIES
from tests.builders import at
from tests.fakes.endpoint import FakeEndpoint, served

TOKEN = "xoxb-very-secret"  # noqa: S105 - nobody's


@dataclass
class FakeSlack:
    """Slack's Web API, as far as it is used.

    Attributes:
        calls: Method and body of each, in their order.
        errors: What to answer next, by method; served once each.
    """

    calls: list[tuple[str, Json]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    errors: dict[str, web.Response] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rpartition("/")[2]
        body = await request.json()
        self.calls.append((method, body))
        self.tokens.add(request.headers["Authorization"])
        if (error := self.errors.pop(method, None)) is not None:
            return error
        ts = body.get("ts", f"17000000{len(self.calls):02}.000100")
        return web.json_response({"ok": True, "channel": "C042", "ts": ts, "message": body})

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]


def trouble(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})


@asynccontextmanager
async def a_bot(folder: Path) -> AsyncIterator[tuple[SlackBot, FakeSlack]]:
    slack, file = FakeSlack(), folder / "token"
    file.write_text(TOKEN + "\n")
    endpoint = FakeEndpoint(handler=slack.answer)
    async with served(endpoint), aiohttp.ClientSession() as session:
        bot = Bot(token=SecretFile(file), channel="#shop", api=f"{endpoint.url}/api")
        yield SlackBot(Post(session, patience=Seconds(5.0)), bot), slack


def said(name: str) -> Message:
    return STORIES[name].message()


async def tell(bot: SlackBot, *names: str) -> list[Receipt]:
    return [await bot.send(said(name), at(1201)) for name in names]


async def test_a_run_is_one_message_with_its_story_in_the_thread(tmp_path: Path) -> None:
    """The channel shows where every run stands, not every step that it took."""
    async with a_bot(tmp_path) as (bot, slack):
        receipts = await tell(bot, "started", "advanced")

    assert receipts == [Delivered(), Delivered()]
    assert slack.methods() == [
        "chat.postMessage",
        "chat.postMessage",
        "chat.update",
        "chat.postMessage",
    ]
    parent, first, update, second = (body for _, body in slack.calls)
    assert parent["channel"] == "#shop"
    assert "thread_ts" not in parent
    assert (update["channel"], update["ts"]) == ("C042", "1700000001.000100")
    assert first["thread_ts"] == second["thread_ts"] == "1700000001.000100"
    assert update["blocks"] == second["blocks"] != first["blocks"]
    assert slack.tokens == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(("name", "seen"), [("rolled-back", True), ("advanced", False)])
async def test_a_rollback_is_seen_in_the_channel_too(
    tmp_path: Path, name: str, *, seen: bool
) -> None:
    """An update in place notifies nobody."""
    async with a_bot(tmp_path) as (bot, slack):
        await tell(bot, "started", name)

    assert slack.calls[-1][1]["reply_broadcast"] is seen


async def test_after_a_failure_only_what_is_missing_is_done(tmp_path: Path) -> None:
    """A second parent would split the story."""
    async with a_bot(tmp_path) as (bot, slack):
        await tell(bot, "started")
        slack.errors["chat.postMessage"] = trouble("internal_error")
        receipts = await tell(bot, "advanced", "advanced")

    assert receipts == [Delayed("Slack: internal_error"), Delivered()]
    assert slack.methods()[2:] == [
        "chat.update",
        "chat.postMessage",
        "chat.update",
        "chat.postMessage",
    ]
    assert all("thread_ts" in body for method, body in slack.calls[2:] if "post" in method)


async def test_a_deleted_message_is_written_anew(tmp_path: Path) -> None:
    """Somebody tidied up the channel; the run goes on."""
    async with a_bot(tmp_path) as (bot, slack):
        await tell(bot, "started")
        slack.errors["chat.update"] = trouble("message_not_found")
        receipts = await tell(bot, "advanced")

    assert receipts == [Delivered()]
    _, parent = slack.calls[3]
    _, reply = slack.calls[4]
    assert "thread_ts" not in parent
    assert reply["thread_ts"] == "1700000004.000100"


@pytest.mark.parametrize(
    ("answer", "receipt"),
    [
        (trouble("invalid_blocks"), Rejected("Slack: invalid_blocks")),
        (trouble("channel_not_found"), Delayed("Slack: channel_not_found")),
        (trouble("token_revoked"), Delayed("Slack: token_revoked")),
        (trouble(f"Bad {TOKEN}"), Delayed("Slack: an error without a name")),
        (web.Response(text="<html>"), Delayed("Slack's answer is not JSON")),
        (web.json_response([]), Delayed("Slack's answer is of an unknown form")),
        (web.Response(body=b" " * 300_000), Delayed("Slack's answer is not JSON")),
        (
            web.json_response({"ok": False}, status=429, headers={"Retry-After": "7"}),
            Delayed("HTTP 429", Seconds(7.0)),
        ),
    ],
    ids=lambda value: value.reason if isinstance(value, Delayed | Rejected) else "",
)
async def test_trouble_is_told_apart(
    tmp_path: Path, answer: web.Response, receipt: Receipt
) -> None:
    """A message that is malformed is given up; a token can be put right while we wait."""
    async with a_bot(tmp_path) as (bot, slack):
        slack.errors["chat.postMessage"] = answer
        receipts = await tell(bot, "started")

    assert receipts == [receipt]


async def test_no_more_runs_are_remembered_than_fit(tmp_path: Path) -> None:
    """A daemon that runs for a year does not keep every message of it."""
    async with a_bot(tmp_path) as (bot, slack):
        for run in range(RUNS_KEPT + 1):
            await bot.send(of_run(run), at(1201))
        slack.calls.clear()
        await bot.send(of_run(RUNS_KEPT), at(1201))
        await bot.send(of_run(0), at(1201))

    assert slack.methods() == [
        "chat.update",
        "chat.postMessage",
        "chat.postMessage",
        "chat.postMessage",
    ]


def of_run(run: int) -> Message:
    story = STORIES["started"]
    record = dataclasses.replace(story.record, run=run)
    return dataclasses.replace(story, record=record).message()
