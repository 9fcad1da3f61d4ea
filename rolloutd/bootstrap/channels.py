"""Where people are told."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from rolloutd.adapters.notify.courier import Courier, Desk
from rolloutd.adapters.notify.letter import SecretFile, Sink
from rolloutd.adapters.notify.post import Post
from rolloutd.adapters.notify.slack import SlackSink
from rolloutd.adapters.notify.webhook import WebhookSink
from rolloutd.ports import Clock
from rolloutd.settings import NotifySettings
from rolloutd.telemetry.metrics import Metrics


def couriers(
    settings: NotifySettings, session: aiohttp.ClientSession, clock: Clock, metrics: Metrics
) -> Sequence[Courier]:
    """Return a courier for every channel; each delivers once it runs."""
    desk = Desk(post=Post(session), clock=clock, metrics=metrics)
    return [Courier(sink, desk) for sink in sinks(settings)]


def sinks(settings: NotifySettings) -> Sequence[Sink]:
    """Return a sink for every channel that the settings have."""
    channels: list[Sink] = []
    if settings.slack_url_file is not None:
        channels.append(SlackSink(SecretFile(settings.slack_url_file)))
    if settings.webhook_url is not None:
        file = settings.webhook_secret_file
        secret = None if file is None else SecretFile(file)
        channels.append(WebhookSink(settings.webhook_url, secret))
    return channels
