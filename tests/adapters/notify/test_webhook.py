"""Any receiver of CloudEvents can take our messages, and prove that they are ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import aiohttp
import pytest
from aiohttp import web

from rolloutd.adapters.notify.letter import Letter, SecretFile
from rolloutd.adapters.notify.messages import Message, message
from rolloutd.adapters.notify.post import Delivered, Post
from rolloutd.adapters.notify.webhook import WebhookSink, cloud_event, signature
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.state import Phase
from rolloutd.core.units import Instant
from rolloutd.errors import Unavailable
from tests.builders import a_plan, a_record, at
from tests.fakes.endpoint import FakeEndpoint, served


def a_message() -> Message:
    plan = a_plan()
    record = a_record(plan, phase=Phase.ROLLED_BACK, since=at(60))
    return message(
        plan, record, Announce(what=Happening.ROLLED_BACK, text="Rolled back: 5xx."), at(60)
    )


def test_an_event_has_what_cloudevents_requires() -> None:
    """The four required attributes, and a time in RFC 3339."""
    event = cloud_event(a_message())

    assert {key: event[key] for key in ("specversion", "id", "source", "type", "time")} == {
        "specversion": "1.0",
        "id": "default/data-product/1/rolledBack/0/1700000060.000",
        "source": "/rolloutd/namespaces/default/rollouts/data-product",
        "type": "io.rolloutd.rollout.rolledBack",
        "time": "2023-11-14T22:14:20.000+00:00",
    }


def test_the_data_says_what_people_are_told() -> None:
    """A receiver that opens a ticket needs the reason, not just the fact."""
    data = cloud_event(a_message())["data"]

    assert isinstance(data, dict)
    assert data["why"] == "Rolled back: 5xx."
    assert (data["severity"], data["canaryWeightPercent"], data["run"]) == ("alarm", 0, 1)


Received: TypeAlias = list[tuple[Mapping[str, str], bytes]]


@asynccontextmanager
async def a_receiver(
    secret: SecretFile | None,
) -> AsyncIterator[tuple[WebhookSink, Received]]:
    """Serve a receiver that keeps headers and bodies; yield a sink that posts to it."""
    received: Received = []

    async def keep(request: web.Request) -> web.StreamResponse:
        received.append((request.headers, await request.read()))
        return web.Response()

    async with (
        served(FakeEndpoint(handler=keep)) as endpoint,
        aiohttp.ClientSession() as session,
    ):
        yield WebhookSink(Post(session), f"{endpoint.url}/hook", secret), received


async def test_an_event_arrives_signed_over_its_very_bytes(tmp_path: Path) -> None:
    """Checked here as the standard has receivers check it."""
    file = tmp_path / "secret"
    file.write_text("whsec_" + base64.b64encode(b"0123456789abcdef").decode() + "\n")

    async with a_receiver(SecretFile(file)) as (sink, received):
        receipt = await sink.send(a_message(), at(61))

    ((headers, body),) = received
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"0123456789abcdef", signed, hashlib.sha256).digest()
    assert receipt == Delivered()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert headers["webhook-timestamp"] == "1700000061"
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert json.loads(body)["id"] == headers["webhook-id"]


async def test_without_a_secret_nothing_is_signed() -> None:
    """A receiver on the same host may not need it."""
    async with a_receiver(None) as (sink, received):
        await sink.send(a_message(), at(61))

    ((headers, _),) = received
    assert not [name for name in headers if name.lower().startswith("webhook")]


def test_the_standards_own_example_has_its_signature() -> None:
    """The example of the Standard Webhooks specification's reference libraries."""
    headers = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        Instant(1614265330.0),
    )

    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-signature"] == expected


def test_a_secret_of_plain_text_is_used_as_it_is() -> None:
    """Not everyone's secret was made by a library."""
    expected = hmac.new(b"plain", b"i.0.{}", hashlib.sha256).digest()

    headers = signature("plain", "i", b"{}", Instant(0.0))

    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"


def test_a_malformed_secret_is_named_and_not_shown() -> None:
    """Guessed at, it would sign with a key that nobody has."""
    with pytest.raises(Unavailable) as caught:
        signature("whsec_???", "i", b"{}", Instant(0.0))

    assert "???" not in str(caught.value)


def test_a_letter_does_not_show_its_address_or_headers() -> None:
    """A letter that ends in a log must not take the secret along."""
    letter = Letter(url="http://x/token", headers={"webhook-signature": "v1,s"}, body=b"{}")

    assert "token" not in repr(letter)
    assert "v1," not in repr(letter)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
async def test_an_unusable_secret_is_no_crash(tmp_path: Path, content: bytes) -> None:
    """It may be put right while we wait."""
    file = tmp_path / "secret"
    file.write_bytes(content)

    with pytest.raises(Unavailable, match="secret"):
        await SecretFile(file).read()
