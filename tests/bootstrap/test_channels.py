"""Who tells people is put together from the settings."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from rolloutd.adapters.notify.post import Post
from rolloutd.bootstrap.channels import sinks
from rolloutd.settings import NotifySettings, SlackBotSettings

URL, TOKEN = Path("/secrets/url"), Path("/secrets/token")
BOT = SlackBotSettings(token_file=TOKEN, channel="#shop")


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
