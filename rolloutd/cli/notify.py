"""``rolloutd notify``: whether people can be told, found out before it matters."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

import aiohttp
import click

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.notify.messages import Message, Occasion, Severity
from rolloutd.adapters.notify.post import Delayed, Delivered, Post, Receipt, Rejected
from rolloutd.adapters.notify.sink import Sink
from rolloutd.bootstrap import sinks
from rolloutd.cli.channels import channel_options, chosen
from rolloutd.core.actions import Happening
from rolloutd.core.units import Instant
from rolloutd.errors import Unavailable
from rolloutd.settings import NotifySettings

MEANT: Mapping[str, str] = MappingProxyType(
    {
        "InvalidUrlClientError": "its address is no http(s) URL",
        "NonHttpUrlClientError": "its address is no http(s) URL",
        "ClientConnectorDNSError": "the host in its address is not known here",
        "ClientConnectorError": "nothing listens at its address, or nothing leads there",
        "ClientConnectorCertificateError": "its certificate is not trusted here",
        "ClientConnectorSSLError": "it does not speak TLS as it should",
    }
)
"""Errors that a channel gives by name alone: their own text holds the URL, a secret."""


@click.group()
def notify() -> None:
    """Try out the channels on which people are told."""


@notify.command()
@channel_options
def test() -> None:
    """Send one message to every channel given, and say what came of it.

    It has the form of a real one. Exit code 1 when any channel did not take it.
    """
    settings = chosen()
    if not (settings.slack_url_file or settings.slack_bot or settings.webhook_url):
        raise click.UsageError("Give --slack-url-file, --slack-token-file or --webhook-url.")
    receipts = asyncio.run(_tried(settings))
    for name, receipt in receipts.items():
        click.echo(f"{name}: {_in_words(receipt)}")
    sys.exit(any(not isinstance(receipt, Delivered) for receipt in receipts.values()))


async def _tried(settings: NotifySettings) -> Mapping[str, Receipt]:
    now = SystemClock().wall()
    async with aiohttp.ClientSession() as session:
        channels = sinks(settings, Post(session))
        return {sink.name: await _sent(sink, now) for sink in channels}


async def _sent(sink: Sink, now: Instant) -> Receipt:
    try:
        return await sink.send(_rehearsal(now), now)
    except Unavailable as error:
        return Delayed(str(error))


def _rehearsal(now: Instant) -> Message:
    """Return a message that nobody can take for a real one."""
    name = "rolloutd/notify-test"
    return Message(
        # Whatever acts on events by their type does nothing on a run that goes on.
        occasion=Occasion(rollout=name, run=0, what=Happening.RESUMED, step=0, moment=now),
        severity=Severity.INFO,
        at=now,
        title=f"{name}: a test of this channel, no traffic was moved",
        why="Someone ran `rolloutd notify test`.",
        impact="",
        next="Nothing follows.",
        facts=(("rollout", name),),
        weight=0,
        actor="",
    )


def _in_words(receipt: Receipt) -> str:
    match receipt:
        case Delivered():
            return "delivered"
        case Rejected(reason=reason) | Delayed(reason=reason):
            return f"not delivered, {MEANT.get(reason, reason)}"
        case never:
            assert_never(never)
