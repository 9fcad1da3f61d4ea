"""A message as a CloudEvent, signed the way of Standard Webhooks.

Both are open standards with libraries on the receiving side, so nobody has to write a parser or
a signature check for us.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import orjson

from rolloutd.adapters.notify.letter import Letter, SecretFile
from rolloutd.adapters.notify.messages import Message
from rolloutd.adapters.notify.post import Post, Receipt
from rolloutd.core.units import Instant
from rolloutd.errors import Unavailable
from rolloutd.ports import Json

_CONTENT_TYPE = "application/cloudevents+json"


class WebhookSink:
    """Implements ``Sink`` for any receiver of CloudEvents 1.0.

    Args:
        post: Takes them there.
        url: Where events are posted.
        secret: Shared with the receiver; without one, events are not signed.
    """

    name = "webhook"
    tells_every_step = True

    def __init__(self, post: Post, url: str, secret: SecretFile | None) -> None:
        self._post = post
        self._url = url
        self._secret = secret

    async def send(self, message: Message, at: Instant) -> Receipt:
        """Post an event; see ``Sink``."""
        body = orjson.dumps(cloud_event(message))
        headers = {"Content-Type": _CONTENT_TYPE}
        if self._secret is not None:
            secret = await self._secret.read()
            headers |= signature(secret, str(message.occasion), body, at)
        return await self._post.send(Letter(url=self._url, headers=headers, body=body))


def cloud_event(message: Message) -> Json:
    """Return the event in CloudEvents' JSON format; the same occasion has the same id."""
    occasion = message.occasion
    namespace, _, name = occasion.rollout.partition("/")
    return {
        "specversion": "1.0",
        "id": str(occasion),
        "source": f"/rolloutd/namespaces/{namespace}/rollouts/{name}",
        "type": f"io.rolloutd.rollout.{occasion.what.value}",
        "subject": occasion.rollout,
        "time": datetime.fromtimestamp(message.at, UTC).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": {
            "namespace": namespace,
            "name": name,
            "run": occasion.run,
            "step": occasion.step,
            "happening": occasion.what.value,
            "severity": message.severity.value,
            "canaryWeightPercent": message.weight,
            "actor": message.actor,
            "title": message.title,
            "why": message.why,
            "impact": message.impact,
            "course": message.course,
            "done": message.done,
            "next": message.next,
            "links": {link.label: link.url for link in message.links},
        },
    }


def signature(secret: str, ident: str, body: bytes, at: Instant) -> dict[str, str]:
    """Return the headers by which a receiver knows that we sent this, and when.

    Args:
        secret: Used as it is; after the prefix ``whsec_``, decoded from base64.
        ident: Of the event; receivers drop one that they have seen.
        body: What is signed, together with ``ident`` and ``at``.
        at: Receivers refuse what is some minutes old, against replays.

    Raises:
        Unavailable: The secret is malformed.
    """
    stamp = str(int(at))
    signed = b".".join((ident.encode(), stamp.encode(), body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": ident,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    if encoded == secret:
        return secret.encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unavailable("the webhook's secret has the prefix whsec_ but no base64") from None
