"""No token is ever written anywhere."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from rolloutd.api.control.app import control_app
from rolloutd.api.control.tokens import TokenFile
from rolloutd.bootstrap.listening import reserve, serve
from rolloutd.telemetry.logging import configure
from tests.api.control.office import SHOP, Office, checkout
from tests.api.control.test_tokens import owned, swap

SECRET = "s3cr3t-that-must-not-be-seen"  # noqa: S105 - what is looked for
OTHER = f"another-{SECRET}"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Return all that is logged, down to debug."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers, root.level
    configure(form="json", level="debug", stream=stream)
    yield stream
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


def request(line: str, *headers: str, body: str = "") -> bytes:
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", "Connection: close", *headers])
    length = f"\r\nContent-Length: {len(body)}" if body else ""
    return f"{head}{length}\r\n\r\n{body}".encode()


JSON = "Content-Type: application/json"
REQUESTS = {
    "right": request(f"GET {SHOP}", f"Authorization: Bearer {SECRET}"),
    "wrong": request(f"GET {SHOP}", f"Authorization: Bearer {OTHER}"),
    "another scheme": request(f"GET {SHOP}", f"Authorization: Basic {SECRET}"),
    "cookie": request(f"GET {SHOP}", f"Cookie: rolloutd={SECRET}; __Host-rolloutd={OTHER}"),
    "too long": request(f"GET {SHOP}", f"Authorization: Bearer {SECRET * 400}"),
    "broken head": request(f"GET {SHOP}", f"Authorization {SECRET}"),
    "broken line": f"{SECRET}\r\n\r\n".encode(),
    "query": request(f"GET {SHOP}?token={SECRET}", f"Authorization: Bearer {SECRET}"),
    "path": request(f"GET /api/v1/{SECRET}", f"Authorization: Bearer {SECRET}"),
    "login": request("POST /api/v1/session", JSON, body=f'{{"token": "{SECRET}"}}'),
    "failed login": request("POST /api/v1/session", JSON, body=f'{{"token": "{OTHER}"}}'),
    "broken login": request("POST /api/v1/session", JSON, body=f'{{"token": "{SECRET}'),
    "listed login": request("POST /api/v1/session", JSON, body=f'{{"token": ["{SECRET}"]}}'),
    "misspelt login": request("POST /api/v1/session", JSON, body=f'{{"tokn": "{SECRET}"}}'),
    "plain login": request("POST /api/v1/session", body=SECRET),
    "order": request(
        f"POST {SHOP}/pause",
        JSON,
        f"Authorization: Bearer {SECRET}",
        f"Idempotency-Key: {OTHER}",
        body='{"reason": "drill"}',
    ),
    "order with a token": request(
        f"POST {SHOP}/pause",
        JSON,
        f"Authorization: Bearer {SECRET}",
        body=f'{{"reason": 7, "expectedStep": "{SECRET}"}}',
    ),
}


@asynccontextmanager
async def replica(tokens: Path) -> AsyncIterator[tuple[Office, str, int]]:
    """Serve as the daemon does."""
    office = Office(access=TokenFile(tokens))
    with reserve("127.0.0.1", 0) as held:
        async with office.open(checkout()), serve(control_app(office.desk()), held):
            host, port = held.getsockname()[:2]
            yield office, host, port


async def test_whatever_is_sent_no_log_has_it(tmp_path: Path, written: io.StringIO) -> None:
    """A log is read by more people than may move traffic."""
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(owned(SECRET))
    answers: dict[str, bytes] = {}
    async with replica(tokens) as (office, host, port), asyncio.timeout(60):
        for name, sent in REQUESTS.items():
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(sent)
            answers[name] = await reader.read()
            writer.close()
        swap(tokens, f"'{SECRET}: broken")
        await office.get(SHOP, Authorization=f"Bearer {SECRET}")
        record = office.meshes.of(checkout().key).holds

    assert {name for name, answer in answers.items() if not answer} == set()
    assert "order_received" in written.getvalue()
    assert "tokens_refused" in written.getvalue()
    assert SECRET not in written.getvalue()
    assert SECRET not in repr(record)
    told = {name for name, answer in answers.items() if SECRET.encode() in answer}
    assert told <= {"broken head", "broken line", "too long", "path"}
