"""A fake Slack shows what the real one would be sent, story by story."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.models.blocks import Block

from rolloutd.adapters.notify.letter import SecretFile
from rolloutd.adapters.notify.post import Delivered, Post
from rolloutd.adapters.notify.slack import SlackWebhook
from rolloutd.core.actions import Happening
from tests.adapters.notify.stories import GOLDEN, MENTION, STORIES, golden, shown
from tests.builders import at
from tests.fakes.endpoint import FakeEndpoint, served


@pytest.mark.parametrize("name", STORIES)
async def test_slack_receives_the_story_as_it_is_kept(name: str, tmp_path: Path) -> None:
    """A change of words is seen in review, as people will read them."""
    file = tmp_path / "url"
    async with served(FakeEndpoint(body=b"ok")) as slack, aiohttp.ClientSession() as session:
        file.write_text(f"{slack.url}/services/T0")
        sink = SlackWebhook(Post(session), SecretFile(file), MENTION)
        receipt = await sink.send(STORIES[name].message(), at(1201))

    ((method, path, body),) = slack.requests
    assert receipt == Delivered()
    assert (method, path) == ("POST", "/services/T0")
    assert shown(json.loads(body)) == golden(name).read_text()


@pytest.mark.parametrize("name", STORIES)
def test_slacks_own_library_takes_every_story(name: str) -> None:
    """It raises where a limit is passed, and leaves out what Slack does not know."""
    body = json.loads(golden(name).read_text())
    found = [*body["blocks"], *body["attachments"][0]["blocks"]]

    parsed = [Block.parse(block) for block in found]

    assert [block.to_dict() for block in parsed if block is not None] == found


def test_no_story_is_kept_that_is_not_told() -> None:
    """A golden file without its story would stand there for ever."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(STORIES)


def test_every_happening_that_is_news_has_its_story() -> None:
    """What nobody has looked at, nobody knows to be readable."""
    told = {story.words.what for story in STORIES.values()}

    assert set(Happening) - told == {Happening.SCALED_DOWN}
