"""Slack by an incoming webhook: nothing to install but an address, and one channel, flat."""

from __future__ import annotations

import orjson

from rolloutd.adapters.notify.blocks import slack_body
from rolloutd.adapters.notify.letter import Letter, SecretFile
from rolloutd.adapters.notify.messages import Message
from rolloutd.adapters.notify.post import Post, Receipt
from rolloutd.core.units import Instant

JSON = "application/json; charset=utf-8"


class SlackWebhook:
    """Implements ``Sink`` for an incoming webhook, whose URL is the secret.

    It answers ``ok`` and nothing else, so a message can't be found again to be updated.

    Args:
        post: Takes it there.
        url: Where.
        mention: Id of a user group to be called on a rollback.
    """

    name = "slack"
    tells_every_step = False

    def __init__(self, post: Post, url: SecretFile, mention: str = "") -> None:
        self._post = post
        self._url = url
        self._mention = mention

    async def send(self, message: Message, at: Instant) -> Receipt:
        """Write to the channel of the webhook; see ``Sink``."""
        del at
        url = await self._url.read()
        body = orjson.dumps(slack_body(message, self._mention))
        return await self._post.send(Letter(url=url, headers={"Content-Type": JSON}, body=body))
