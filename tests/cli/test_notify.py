"""A channel is tried out before it matters."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rolloutd.cli import main
from tests.fakes.endpoint import FakeEndpoint, served


async def invoked(*arguments: str) -> Result:
    """Run the command on a thread, so that this loop can answer it."""
    called = partial(CliRunner().invoke, main, ["notify", "test", *arguments])
    return await asyncio.to_thread(called)


async def test_a_message_arrives_and_says_that_it_is_a_test(tmp_path: Path) -> None:
    """Nobody may take it for a real rollout."""
    file = tmp_path / "url"
    async with served(FakeEndpoint(body=b"ok")) as slack:
        file.write_text(f"{slack.url}/services/T0\n")
        result = await invoked("--slack-url-file", str(file))

    assert (result.exit_code, result.output) == (0, "slack: delivered\n")
    ((_, path, body),) = slack.requests
    assert path == "/services/T0"
    assert "no traffic was moved" in json.loads(body)["text"]


async def test_a_channel_that_refuses_is_named_with_its_reason_and_without_its_url(
    tmp_path: Path,
) -> None:
    """The output lands in tickets."""
    file = tmp_path / "url"
    async with served(FakeEndpoint(body=b"no_service", status=404)) as slack:
        file.write_text(f"{slack.url}/services/T0SECRET")
        result = await invoked("--slack-url-file", str(file), "--webhook-url", f"{slack.url}/w")

    assert result.exit_code == 1
    assert result.output == (
        "slack: not delivered, HTTP 404: no_service\n"
        "webhook: not delivered, HTTP 404: no_service\n"
    )


async def test_a_missing_file_is_said_and_no_trace_shown(tmp_path: Path) -> None:
    """The commonest mistake of all: the Secret is not mounted there."""
    file = tmp_path / "absent"

    result = await invoked("--slack-url-file", str(file))

    assert result.exit_code == 1
    assert result.output == (f"slack: not delivered, {file} can't be read: FileNotFoundError\n")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("hooks.example/T0SECRET", "its address is no http(s) URL"),
        ("ftp://hooks.example/T0SECRET", "its address is no http(s) URL"),
        (
            "http://127.0.0.1:1/T0SECRET",
            "nothing listens at its address, or nothing leads there",
        ),
    ],
)
async def test_a_wrong_address_is_said_in_words(
    tmp_path: Path, address: str, words: str
) -> None:
    """Whoever set the channel up knows no Python; the address itself is a secret."""
    file = tmp_path / "url"
    file.write_text(address)

    result = await invoked("--slack-url-file", str(file))

    assert (result.exit_code, result.output) == (1, f"slack: not delivered, {words}\n")


async def test_without_a_channel_it_is_a_usage_error() -> None:
    """Success without an attempt would be a lie."""
    result = await invoked()

    assert result.exit_code == 2
    assert "--slack-url-file" in result.output


async def test_a_bot_is_tried_out_as_it_will_write(tmp_path: Path) -> None:
    """A message and a reply in its thread: both rights are needed."""
    file = tmp_path / "token"
    file.write_text("xoxb-1")
    answer = b'{"ok": true, "channel": "C1", "ts": "1.1"}'
    async with served(FakeEndpoint(body=answer)) as slack:
        result = await invoked(
            *("--slack-token-file", str(file), "--slack-channel", "#shop"),
            *("--slack-api", f"{slack.url}/api"),
        )

    assert (result.exit_code, result.output) == (0, "slack: delivered\n")
    assert [path for _, path, _ in slack.requests] == ["/api/chat.postMessage"] * 2
