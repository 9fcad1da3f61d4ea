"""Passes requests on to the replica that leads, as they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TypeAlias

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from rolloutd.api.control.bodies import read
from rolloutd.api.control.problems import problem
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable

RELAYED = "X-Rolloutd-Relayed"
"""On what was passed on once: that is never passed on again."""

LED = "X-Rolloutd-Led"
"""On the answer to that: the shards for which it speaks."""

CONNECT = Seconds(2.0)
"""Longest wait for a connection within a cluster."""

LOOK = Seconds(5.0)
"""Longest wait for the beginning of an answer to who only looks: the records are at hand."""

SILENCE = Seconds(40.0)
"""Longest wait for the next bytes: events have a heartbeat every 15 s."""

STALLED = Seconds(30.0)
"""Longest wait for a browser to take more events."""

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes. The state of a thousand rollouts takes about one."""

HOPS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",  # codespell:ignore
        "trailer",
        "transfer-encoding",
        "upgrade",
        LED.lower(),
    }
)
"""Headers that concern one connection alone."""

NEVER_ASKED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)
"""What can go wrong before a request is sent."""

Tls: TypeAlias = Callable[[], aiohttp.Fingerprint | bool]
"""Which certificate the leader must show; ``True`` for one that the system trusts."""


class Relay:
    """Asks the leader.

    Args:
        session: Of its own: events keep connections for hours.
        leader: Base URL of the leader's API; ``None`` while there is none.
        patience: Longest wait for the answer to an order.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        leader: Callable[[], str | None],
        tls: Tls,
        patience: Seconds,
    ) -> None:
        self._session = session
        self._leader = leader
        self._tls = tls
        self._patience = patience

    @property
    def leader(self) -> str | None:
        """Base URL of the leader's API; ``None`` while there is none."""
        return self._leader()

    async def look(self, request: web.Request) -> tuple[CIMultiDictProxy[str], bytes]:
        """Ask the leader, too, what we are asked; return the headers and the whole body.

        Raises:
            Unavailable: It does not answer, or not with what was asked for.
        """
        leader = self._known()
        with _translated(leader):
            async with asyncio.timeout(LOOK), self._ask(leader, request, b"") as answer:
                return _good(answer, leader).headers, await _whole(answer.content)

    @asynccontextmanager
    async def listen(self, request: web.Request) -> AsyncIterator[aiohttp.StreamReader]:
        """Ask the leader, too, for events; what it sends can be read until the block is left.

        Raises:
            Unavailable: It does not answer, or not with events.
        """
        leader = self._known()
        with _translated(leader):
            async with (
                asyncio.timeout(LOOK) as limit,
                self._ask(leader, request, b"") as answer,
            ):
                limit.reschedule(None)
                yield _good(answer, leader).content

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Return the leader's answer, or begin to stream it.

        Raises:
            Unavailable: The leader could not be asked, and has not been.
            BadRequestError: There is no body to pass on.
        """
        leader = self._known()
        body = await read(request)
        looks = request.method == "GET"
        try:
            async with (
                asyncio.timeout(LOOK if looks else self._patience) as limit,
                self._ask(leader, request, body) as answer,
            ):
                limit.reschedule(None)
                return await self._answered(request, answer)
        except NEVER_ASKED as error:
            raise Unavailable(f"the leader at {leader} can't be reached") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            if looks:
                raise Unavailable(f"the leader at {leader} does not answer") from error
            return _lost()

    def _known(self) -> str:
        leader = self._leader()
        if leader is None:
            raise Unavailable("nobody is known to lead at present")
        return leader

    def _ask(
        self, leader: str, request: web.Request, body: bytes
    ) -> aiohttp.client._RequestContextManager:
        headers = _passed(request.headers.items())
        # The leader compares it with the Origin, and with what it is called.
        headers["Host"] = request.host
        headers[RELAYED] = "1"
        return self._session.request(
            request.method,
            # Not as it was typed: that may be a whole URL, and of another host.
            URL(leader + request.rel_url.raw_path_qs, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
            ssl=self._tls(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE),
        )

    async def _answered(
        self, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        if request.method == "GET" and answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise Unavailable("the replica that led does not lead any more")
        headers = _passed(answer.headers.items())
        if answer.content_type == "text/event-stream":
            return await _streamed(request, answer, headers)
        body = await _whole(answer.content)
        return web.Response(status=answer.status, headers=headers, body=body)


@contextmanager
def _translated(leader: str) -> Iterator[None]:
    """Say of the leader what went wrong with a request that changes nothing."""
    try:
        yield
    except NEVER_ASKED as error:
        raise Unavailable(f"the leader at {leader} can't be reached") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"the leader at {leader} does not answer") from error


def _good(answer: aiohttp.ClientResponse, leader: str) -> aiohttp.ClientResponse:
    if answer.status != HTTPStatus.OK:
        raise Unavailable(f"the leader at {leader} answers {answer.status}")
    return answer


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """Read a body to its end: ``StreamReader.read`` returns what has come so far."""
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError(f"more than {LARGEST_ANSWER} bytes")
    return bytes(body)


async def _streamed(
    request: web.Request, answer: aiohttp.ClientResponse, headers: CIMultiDict[str]
) -> web.StreamResponse:
    stream = web.StreamResponse(status=answer.status, headers=headers)
    try:
        await stream.prepare(request)
        async for chunk in answer.content.iter_any():
            async with asyncio.timeout(STALLED):
                await stream.write(chunk)
    except (ConnectionError, TimeoutError, aiohttp.ClientError):
        # Begun, so there is no other answer any more: the browser comes back by itself.
        if request.transport is not None:
            request.transport.abort()
    return stream


def _lost() -> web.Response:
    detail = (
        "The leader's answer got lost: the order may or may not have been carried out. Send it "
        "again with the same Idempotency-Key to learn what became of it."
    )
    return problem(HTTPStatus.GATEWAY_TIMEOUT, "unconfirmed", detail)


def _passed(headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in HOPS)
