"""The dashboard's files, as a browser gets them."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from rolloutd.api.web.pages import add_pages, pages

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application()
    add_pages(app)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def test_the_page_is_locked_up(client: Client) -> None:
    """Nothing inline, nothing from elsewhere, and nobody frames it."""
    answer = await client.get("/")
    policy = answer.headers["Content-Security-Policy"].split("; ")

    assert answer.status == 200
    assert answer.content_type == "text/html"
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= set(policy)
    assert {"base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", sorted(set(pages()) - {"index.html"}))
async def test_every_part_has_its_type(client: Client, path: str) -> None:
    """A script or a style sheet of another type is not taken."""
    answer = await client.get(f"/ui/{path}")

    assert answer.status == 200
    assert (
        answer.content_type
        == {"css": "text/css", "js": "text/javascript"}[path.rpartition(".")[2]]
    )


async def test_licences_and_notes_are_not_served(client: Client) -> None:
    """Only what a page needs."""
    answer = await client.get("/ui/vendor/uPlot.LICENSE")

    assert answer.status == 404


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("identity", False),
        ("gzip;q=0", False),
    ],
)
async def test_it_is_compressed_for_those_who_take_it(
    client: Client, accepted: str, *, packed: bool
) -> None:
    """A third of the bytes; whoever can't read that gets the rest as it is."""
    answer = await client.get("/ui/js/app.js", headers={"Accept-Encoding": accepted})
    body = await answer.read()

    assert ("Content-Encoding" in answer.headers) is packed
    assert (gzip.decompress(body) if packed else body) == pages()["js/app.js"].body
    assert answer.headers["Vary"] == "Accept-Encoding"


async def test_what_a_browser_has_is_not_sent_again(client: Client) -> None:
    """It asks each time, so a new daemon never meets an old page, and gets 304."""
    first = await client.get("/ui/js/app.js")
    known = {"If-None-Match": first.headers["ETag"]}
    again = await client.get("/ui/js/app.js", headers=known)
    other = await client.get("/ui/js/api.js", headers=known)

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, await again.read()) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status == 200


async def test_it_is_read_only(client: Client) -> None:
    """There is nothing to post to a file."""
    answer = await client.post("/")

    assert answer.status == 405


def test_nothing_is_fetched_from_elsewhere() -> None:
    """No CDN: it works in a closed network, and tells nobody who looks."""
    own = {path: page.body.decode() for path, page in pages().items() if "vendor" not in path}
    links = {path for path, text in own.items() if "https://" in text or "src=//" in text}

    assert links == set()
    assert not any("innerHTML" in text.replace("`innerHTML`", "") for text in own.values())
