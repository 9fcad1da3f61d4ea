"""By way of a proxy, or past it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rolloutd.cli.remote.proxy import Proxy, is_excepted, proxy_for
from rolloutd.errors import Refused
from tests.cli.remote.terminal import http, run

TLS = Path(__file__).parents[2] / "data" / "tls"
"""``named`` is the certificate of ``rolloutd.example``, which signs itself."""

EMPTY = http(b'{"items": [], "complaints": []}')


class Between:
    """A proxy that takes whoever is named for one server.

    Attributes:
        heads: What it was asked.
        port: Of the server; ``None`` refuses tunnels.
    """

    def __init__(self, port: int | None = None) -> None:
        self.heads: list[str] = []
        self.port = port

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Serve while the block lasts; yields HOST:PORT."""
        async with asyncio.TaskGroup() as calls:

            def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                calls.create_task(self._serve(reader, writer), name="call")

            server = await asyncio.start_server(take, "127.0.0.1", 0)
            async with server:
                yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if not head.startswith("CONNECT"):
            writer.write(EMPTY)
        elif self.port is None:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        else:
            await self._tunnel(self.port, reader, writer)
        await _hang_up(writer)

    async def _tunnel(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, away = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(there, writer), name="to the client")
            group.create_task(_copy(reader, away), name="to the server")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    await _hang_up(writer)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def behind_tls() -> AsyncIterator[int]:
    """Serve an empty list as ``rolloutd.example``; yields the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EMPTY)
        await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "named.crt", TLS / "named.key")
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_https_goes_through_a_tunnel_of_the_proxy() -> None:
    """It sees whom we call and nothing else; the certificate is that of who was called."""
    async with behind_tls() as port:
        between = Between(port)
        async with between.open() as proxy:
            told = await run(
                "https://rolloutd.example",
                "get",
                "--ca-file",
                str(TLS / "named.crt"),
                HTTPS_PROXY=f"http://ana:se%20cret@{proxy}",
            )

    assert told.exit_code == 0
    assert told.stderr.startswith("No rollouts")
    lines = between.heads[0].splitlines()
    assert lines[0].split()[:2] == ["CONNECT", "rolloutd.example:443"]
    assert "Proxy-Authorization: Basic YW5hOnNlIGNyZXQ=" in lines


async def test_plain_http_is_asked_of_the_proxy_by_its_whole_address() -> None:
    """That is how a proxy knows where to ask."""
    between = Between()
    async with between.open() as proxy:
        told = await run("http://rolloutd.example:8080/base", "get", http_proxy=proxy)

    assert told.exit_code == 0
    assert between.heads[0].startswith("GET http://rolloutd.example:8080/base/api/v1/rollouts")
    assert "\r\nHost: rolloutd.example:8080\r\n" in between.heads[0]


async def test_a_proxy_that_refuses_is_named() -> None:
    """Or one would look for the fault at the daemon."""
    async with Between().open() as proxy:
        told = await run("https://rolloutd.example", "get", HTTPS_PROXY=f"http://a:b@{proxy}")

    assert told.exit_code == 1
    assert "407 Proxy Authentication Required" in told.stderr
    assert f"by way of the proxy {proxy}: NO_PROXY makes exceptions" in told.stderr


async def test_what_is_no_proxy_is_said_without_its_password() -> None:
    """It would stand in the log of a pipeline."""
    told = await run("https://rolloutd.example", "get", HTTPS_PROXY="socks5://ana:secret@p")

    assert told.exit_code == 1
    assert "HTTPS_PROXY has to be http://" in told.stderr
    assert "secret" not in told.stderr


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://rolloutd.example", {}),
        ("https://rolloutd.example", {"HTTP_PROXY": "http://p:1"}),
        ("http://rolloutd.example", {"HTTPS_PROXY": "http://p:1"}),
        ("https://rolloutd.example", {"HTTPS_PROXY": ""}),
        ("https://rolloutd.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example"}),
        ("http://127.0.0.1:8080", {"HTTP_PROXY": "http://p:1"}),
        ("http://[::1]:8080", {"HTTP_PROXY": "http://p:1"}),
        ("http://localhost:8080", {"HTTP_PROXY": "http://p:1"}),
    ],
)
def test_the_straight_way(url: str, environment: Mapping[str, str]) -> None:
    """Without a proxy for that scheme, past it by exception, and always to this machine."""
    assert proxy_for(url, environment) is None


@pytest.mark.parametrize(
    ("named", "proxy"),
    [
        ("http://p:3128", Proxy(host="p", port=3128, headers={})),
        ("p:3128", Proxy(host="p", port=3128, headers={})),
        ("http://p/", Proxy(host="p", port=80, headers={})),
        (
            "http://ana@p",
            Proxy(host="p", port=80, headers={"Proxy-Authorization": "Basic YW5hOg=="}),
        ),
    ],
)
def test_a_proxy_is_named_in_several_ways(named: str, proxy: Proxy) -> None:
    """As other programs take it."""
    assert proxy_for("https://rolloutd.example", {"HTTPS_PROXY": named}) == proxy


@pytest.mark.parametrize("named", ["https://p", "http://", "http://p:port", "http://[p"])
def test_what_can_be_no_proxy_is_refused(named: str) -> None:
    """Rather than gone past: the straight way may be forbidden."""
    with pytest.raises(Refused, match="HTTPS_PROXY has to be"):
        proxy_for("https://rolloutd.example", {"HTTPS_PROXY": named})


def test_lower_case_counts_first() -> None:
    """As with curl."""
    environment = {"HTTPS_PROXY": "http://upper", "https_proxy": "http://lower"}

    proxy = proxy_for("https://rolloutd.example", environment)

    assert proxy is not None
    assert proxy.host == "lower"


@pytest.mark.parametrize(
    ("host", "exceptions"),
    [
        ("rolloutd.shop.svc", "*"),
        ("rolloutd.shop.svc", "other, .svc"),
        ("rolloutd.shop.svc", "shop.svc"),
        ("rolloutd.shop.svc", "*.svc"),
        ("rolloutd.shop.svc", "Rolloutd.Shop.svc"),
        ("rolloutd.shop.svc", "svc:8443"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3:8443"),
        ("fd00::1", "fd00::/8"),
        ("fd00::1", "[fd00::1]:8443"),
        ("fd00::1", "[fd00::1]"),
    ],
)
def test_exceptions(host: str, exceptions: str) -> None:
    """Names with all below them, addresses and their ranges, each with a port if it has one."""
    assert is_excepted(host, 8443, exceptions)


@pytest.mark.parametrize(
    ("host", "exceptions"),
    [
        ("rolloutd.shop.svc", ""),
        ("rolloutd.shop.svc", " , "),
        ("rolloutd.shop.svc", "hop.svc"),
        ("rolloutd.shop.svc", "svc:443"),
        ("rolloutd.shop.svc", "10.0.0.0/8"),
        ("10.1.2.3", "10.2.0.0/16"),
        ("10.1.2.3", "10.1.2.3:443"),
        ("10.1.2.3", "3"),
    ],
)
def test_no_exceptions(host: str, exceptions: str) -> None:
    """What only looks alike."""
    assert not is_excepted(host, 8443, exceptions)
