"""Where people are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rolloutd.adapters.kubernetes.events import EventHerald
from rolloutd.adapters.notify.courier import Courier, Desk
from rolloutd.adapters.notify.letter import SecretFile
from rolloutd.adapters.notify.links import Addresses
from rolloutd.adapters.notify.post import Post
from rolloutd.adapters.notify.sink import Sink
from rolloutd.adapters.notify.slack import SlackWebhook
from rolloutd.adapters.notify.slack_bot import Bot, SlackBot
from rolloutd.adapters.notify.webhook import WebhookSink
from rolloutd.bootstrap.outside import Outside
from rolloutd.core.units import Seconds
from rolloutd.ports import Herald, KubeCache
from rolloutd.settings import NotifySettings
from rolloutd.telemetry.metrics import Metrics


class Messenger(Herald, Protocol):
    """A herald that delivers in its own time."""

    async def run(self) -> None:
        """Deliver until cancelled."""
        ...

    async def drain(self, patience: Seconds) -> None:
        """Deliver what still waits; give up after ``patience``."""
        ...


def messengers(
    settings: NotifySettings, world: Outside, cache: KubeCache, metrics: Metrics
) -> Sequence[Messenger]:
    """Return one for every channel and one for the cluster; each delivers once it runs."""
    clock, links = world.pace.clock, settings.links
    addresses = Addresses(page=links.page, grafana=links.grafana, runbook=links.runbook)
    desk = Desk(clock=clock, metrics=metrics, addresses=addresses)
    # Not fenced: an Event steers nothing, and its name tells it from another's.
    events = EventHerald(world.api, cache, clock, metrics)
    return [events, *(Courier(sink, desk) for sink in sinks(settings, Post(world.session)))]


def sinks(settings: NotifySettings, post: Post) -> Sequence[Sink]:
    """Return a sink for every channel that the settings have."""
    channels: list[Sink] = []
    if (slack := _slack(settings, post)) is not None:
        channels.append(slack)
    if settings.webhook_url is not None:
        file = settings.webhook_secret_file
        secret = None if file is None else SecretFile(file)
        channels.append(WebhookSink(post, settings.webhook_url, secret))
    return channels


def _slack(settings: NotifySettings, post: Post) -> Sink | None:
    if settings.slack_bot is not None:
        wanted = settings.slack_bot
        bot = Bot(
            token=SecretFile(wanted.token_file),
            channel=wanted.channel,
            mention=settings.slack_mention,
            api=wanted.api,
        )
        return SlackBot(post, bot)
    if settings.slack_url_file is not None:
        return SlackWebhook(post, SecretFile(settings.slack_url_file), settings.slack_mention)
    return None
