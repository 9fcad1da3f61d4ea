"""Everything that can stand between an operator and the daemon: one sentence each."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from rolloutd.api.control.tokens import TokenFile
from tests.api.control.office import Office, checkout
from tests.cli.remote.terminal import http, run, saying

TOKEN = "correct-horse-battery-staple"  # noqa: S105 - known to the daemon of this test alone


TLS = Path(__file__).parents[2] / "data" / "tls"
"""A certificate for loopback that signs itself."""


async def complaint(url: str, *options: str) -> str:
    """Return what a command says that can't do its work."""
    told = await run(url, "get", "-A", *options)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("Error: ")
    assert told.stderr.count("\n") == 1
    return told.stderr


async def test_nobody_listens() -> None:
    """With the address that was tried."""
    async with saying(b"") as url:
        pass

    said = await complaint(url)

    assert f"{url} can't be reached: Connection refused" in said
    assert "--server" in said


async def test_a_host_that_does_not_exist() -> None:
    """A typing error in the address."""
    assert "can't be reached" in await complaint("http://rolloutd.invalid:8080")


async def test_html_of_a_proxy() -> None:
    """A page is no answer, with any status."""
    page = http(b"<html>Bad gateway</html>", status="502 Bad Gateway", kind="text/html")
    async with saying(page) as url:
        said = await complaint(url)

    assert "answers 502 with text/html" in said
    assert "a proxy or a login page" in said


async def test_a_redirect_to_a_login_page() -> None:
    """It is not followed: the token would go along."""
    head = b"HTTP/1.1 302 Found\r\nLocation: https://sso.example/login\r\n"
    async with saying(head + b"Content-Length: 0\r\n\r\n") as url:
        assert "sends us to https://sso.example/login" in await complaint(url)


async def test_json_that_breaks_off() -> None:
    """Shorter than promised, and shorter than it should be."""
    for answer in (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
        http(b'{"items": ['),
    ):
        async with saying(answer) as url:
            assert "broke off" in await complaint(url)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b'{"items": [{"namespace": 1}]}', b'{"items": 3, "complaints": []}'],
)
async def test_json_of_something_else(body: bytes) -> None:
    """Any server may answer 200."""
    async with saying(http(body)) as url:
        assert "not what it should be" in await complaint(url)


async def test_something_that_is_no_http() -> None:
    """Such as the gRPC port."""
    async with saying(b"SSH-2.0-OpenSSH_9.9\r\n") as url:
        assert "does not speak as it should" in await complaint(url)


async def test_an_unknown_token_is_named_by_its_file(tmp_path: Path) -> None:
    """And never quoted."""
    known, mine = tmp_path / "known.yaml", tmp_path / "mine"
    known.write_text(f"{TOKEN}: {{user: jane, role: operator}}")
    mine.write_text("not-the-right-one-at-all\n")
    async with Office(access=TokenFile(known)).open(checkout()) as office:
        wrong = await complaint(office.url, "--token-file", str(mine))
        none = await complaint(office.url)
        mine.write_text(f"{TOKEN}\n")
        right = await run(office.url, "get", "-A", "--token-file", str(mine), "-o", "name")

    assert f"The one in {mine} is not known" in wrong
    assert "not-the-right-one" not in wrong
    assert "--token-file or ROLLOUTD_TOKEN_FILE" in none
    assert right.output == "shop/checkout\n"


@pytest.mark.parametrize("content", ["", "two words here", "\u00e9"])
async def test_a_token_file_without_a_token(tmp_path: Path, content: str) -> None:
    """Before anything is sent."""
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")

    assert f"--token-file {file}" in await complaint(
        "http://127.0.0.1:1", "--token-file", str(file)
    )


async def test_what_the_caller_may_not_do_is_said_by_the_daemon(tmp_path: Path) -> None:
    """A viewer who orders."""
    known, mine = tmp_path / "known.yaml", tmp_path / "mine"
    known.write_text(f"{TOKEN}: {{user: jane, role: viewer}}")
    mine.write_text(TOKEN)
    async with Office(access=TokenFile(known)).open(checkout()) as office:
        told = await run(office.url, "pause", "shop/checkout", "--token-file", str(mine))

    assert told.exit_code == 1
    assert "jane" in told.stderr


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "http://h:99999"])
async def test_an_address_that_is_none_is_a_usage_error(url: str) -> None:
    """Exit code 2, before anything is sent."""
    told = await run("", "get", "--server", url)

    assert told.exit_code == 2
    assert "http(s)://HOST[:PORT]" in told.stderr


async def test_a_base_path_of_a_proxy_is_kept() -> None:
    """Ingresses serve several things under one name."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readline())
        writer.write(http(b'{"items": [], "complaints": []}'))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await run(f"http://127.0.0.1:{port}/rolloutd/", "get", "-n", "shop")

    assert seen == [b"GET /rolloutd/api/v1/rollouts?namespace=shop HTTP/1.1\r\n"]


async def test_a_certificate_is_believed_when_its_authority_is_given() -> None:
    """And not otherwise."""
    certificate, key = TLS / "first.crt", TLS / "first.key"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(b'{"items": [], "complaints": []}'))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        unknown = await complaint(url)
        empty = await complaint(url, "--ca-file", str(key))
        known = await run(url, "get", "-A", "--ca-file", str(certificate))

    assert "is not trusted" in unknown
    assert "--ca-file" in unknown
    assert "holds no certificate" in empty
    assert known.exit_code == 0
