"""Who tells people is put together so that they can do no harm."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from rolloutd.adapters.notify.post import Post
from rolloutd.bootstrap.channels import deliver, sinks
from rolloutd.core.actions import Announce
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Seconds
from rolloutd.settings import NotifySettings, SlackBotSettings
from tests.builders import T0
from tests.fakes.clock import FakeClock

URL, TOKEN = Path("/secrets/url"), Path("/secrets/token")
BOT = SlackBotSettings(token_file=TOKEN, channel="#shop")


class StumblingMessenger:
    """Has a bug that shows once."""

    def __init__(self) -> None:
        self.runs = 0

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Take no message."""

    async def run(self) -> None:
        """Stumble, then deliver for ever."""
        self.runs += 1
        if self.runs == 1:
            raise ZeroDivisionError("a bug of ours")
        await asyncio.Event().wait()

    async def drain(self, patience: Seconds) -> None:
        """Have nothing left."""


async def test_a_bug_in_a_messenger_leaves_the_daemon_running() -> None:
    """A malformed message would end the watch over every canary."""
    messenger, clock = StumblingMessenger(), FakeClock(T0)

    with capture_logs() as lines:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(deliver(messenger, clock))
            await clock.sleep(Seconds(60.0))
            task.cancel()

    assert messenger.runs == 2
    assert [line["event"] for line in lines] == ["messenger_crashed"]


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        (NotifySettings(), []),
        (NotifySettings(slack_url_file=URL), ["SlackWebhook"]),
        (NotifySettings(slack_bot=BOT), ["SlackBot"]),
        (NotifySettings(slack_bot=BOT, slack_url_file=URL), ["SlackBot"]),
        (
            NotifySettings(slack_url_file=URL, webhook_url="https://w"),
            ["SlackWebhook", "WebhookSink"],
        ),
    ],
    ids=["none", "webhook", "bot", "bot before webhook", "both kinds"],
)
async def test_there_is_a_sink_for_what_was_chosen(
    settings: NotifySettings, kinds: list[str]
) -> None:
    """Both kinds of Slack would tell everything twice: the bot takes the webhook's place."""
    async with aiohttp.ClientSession() as session:
        chosen = sinks(settings, Post(session))

    assert [type(sink).__name__ for sink in chosen] == kinds
