"""``rolloutd notify``: whether people can be told, found out before it matters."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

import aiohttp
import click

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.notify.letter import Sink
from rolloutd.adapters.notify.messages import Message, Occasion, Severity
from rolloutd.adapters.notify.post import Delayed, Delivered, Post, Receipt, Rejected
from rolloutd.bootstrap import sinks
from rolloutd.core.actions import Happening
from rolloutd.core.units import Instant
from rolloutd.errors import Unavailable
from rolloutd.settings import NotifySettings


@click.group()
def notify() -> None:
    """Try out the channels on which people are told."""


@notify.command()
@click.option(
    "--slack-url-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ROLLOUTD_SLACK_URL_FILE",
    help="File with the URL of a Slack incoming webhook.",
)
@click.option(
    "--webhook-url", envvar="ROLLOUTD_WEBHOOK_URL", help="Receiver of CloudEvents 1.0."
)
@click.option(
    "--webhook-secret-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ROLLOUTD_WEBHOOK_SECRET_FILE",
    help="File with the secret that signs those events (Standard Webhooks).",
)
def test(
    *, slack_url_file: Path | None, webhook_url: str | None, webhook_secret_file: Path | None
) -> None:
    """Send one message to every channel given, and say what came of it.

    It has the form of a real one. Exit code 1 when any channel did not take it.
    """
    settings = NotifySettings(
        slack_url_file=slack_url_file,
        webhook_url=webhook_url,
        webhook_secret_file=webhook_secret_file,
    )
    channels = sinks(settings)
    if not channels:
        raise click.UsageError("Give --slack-url-file or --webhook-url.")
    receipts = asyncio.run(_tried({sink.name: sink for sink in channels}))
    for name, receipt in receipts.items():
        click.echo(f"{name}: {_in_words(receipt)}")
    sys.exit(any(not isinstance(receipt, Delivered) for receipt in receipts.values()))


async def _tried(channels: Mapping[str, Sink]) -> Mapping[str, Receipt]:
    now = SystemClock().wall()
    async with aiohttp.ClientSession() as session:
        post = Post(session)
        return {name: await _sent(post, sink, now) for name, sink in channels.items()}


async def _sent(post: Post, sink: Sink, now: Instant) -> Receipt:
    try:
        letter = await sink.letter(_rehearsal(now), now)
    except Unavailable as error:
        return Delayed(str(error))
    return await post.send(letter)


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
            return f"not delivered, {reason}"
        case never:
            assert_never(never)
