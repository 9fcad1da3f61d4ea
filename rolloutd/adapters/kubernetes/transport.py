"""Sends HTTP requests to an API server, with deadlines, bounds and patience."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from rolloutd import __version__
from rolloutd.adapters.kubernetes.credentials import Access, Credentials
from rolloutd.adapters.kubernetes.errors import Answer, failure, translated
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.core.units import Instant, Seconds, after
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock

_LEAST_PAUSE = Seconds(0.1)
"""``Retry-After: 0`` must not become a hot loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    Attributes:
        path: Below the server's base URL, with a leading slash.
        body: JSON text, or nothing.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Transport:
    """Requests on two connection pools: calls are bounded in number, watches are not."""

    def __init__(
        self, credentials: Credentials, settings: ClientSettings, clock: Clock
    ) -> None:
        self._credentials = credentials
        self._settings = settings
        self._clock = clock
        self._calls = self._session(settings.connections)
        self._streams = self._session(0)

    async def close(self) -> None:
        """Close all connections."""
        await self._calls.close()
        await self._streams.close()

    async def call(self, request: Request, deadline: Seconds) -> Answer:
        """Send a request and read its answer, within ``deadline`` whatever happens.

        Waits and tries again where a 429 or 503 says Retry-After and time remains; renews
        credentials once after a 401.

        Raises:
            Unavailable: No answer in time, or one larger than the limit.
            Refused: The credentials cannot be read.
        """
        end = after(self._clock.now(), deadline)
        answer = await self._authenticated(request, end)
        for _ in range(self._settings.attempts - 1):
            if answer.status not in {429, 503} or answer.retry_after is None:
                break
            pause = max(_LEAST_PAUSE, answer.retry_after)
            if after(self._clock.now(), pause) >= end:
                break
            await self._clock.sleep(pause)
            answer = await self._authenticated(request, end)
        return answer

    @asynccontextmanager
    async def stream(
        self, request: Request, lifetime: Seconds
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an answer that goes on; yield its chunks as they come.

        Args:
            request: A GET.
            lifetime: Longest life of the connection, in case the server never ends it.

        Raises:
            Unavailable: As ``call``, also while chunks are read.
            Conflict: The server answered 409 or 410.
            Refused: It answered any other 4xx.
        """
        access = await self._credentials.access()
        timeout = aiohttp.ClientTimeout(total=lifetime, sock_connect=self._settings.connect)
        async with self._opened(self._streams, request, access, timeout) as response:
            if response.status != 200:
                answer = await self._read(request, response)
                if answer.status == 401:
                    await self._credentials.renew(access)
                raise failure(answer)
            yield response.content.iter_any()

    async def _authenticated(self, request: Request, end: Instant) -> Answer:
        access = await self._credentials.access()
        answer = await self._once(request, access, end)
        if answer.status != 401:
            return answer
        renewed = await self._credentials.renew(access)
        # A plugin may have taken its time; a write must not go out after its deadline.
        if renewed == access or self._clock.now() >= end:
            return answer
        return await self._once(request, renewed, end)

    async def _once(self, request: Request, access: Access, end: Instant) -> Answer:
        # aiohttp takes a total of 0 for no limit at all.
        left = max(0.001, end - self._clock.now())
        timeout = aiohttp.ClientTimeout(total=left, sock_connect=self._settings.connect)
        async with self._opened(self._calls, request, access, timeout) as response:
            return await self._read(request, response)

    @asynccontextmanager
    async def _opened(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        access: Access,
        limits: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        with translated(str(request)):
            try:
                async with self._open(session, request, access, limits) as response:
                    yield response
            except aiohttp.ClientConnectorCertificateError:
                # The cluster's CA may have been rotated; the next request trusts the new one.
                await self._credentials.renew(access)
                raise

    def _open(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        access: Access,
        limits: aiohttp.ClientTimeout,
    ) -> aiohttp.client._RequestContextManager:
        headers = {"Accept": "application/json"}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if access.authorization is not None:
            headers["Authorization"] = access.authorization
        return session.request(
            request.method,
            access.host + request.path,
            params=request.query,
            data=request.body,
            headers=headers,
            timeout=limits,
            ssl=access.tls if access.tls is not None else True,
            server_hostname=access.server_name,
            proxy=access.proxy,
            allow_redirects=False,  # a redirect would carry our token to another host
        )

    async def _read(self, request: Request, response: aiohttp.ClientResponse) -> Answer:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._settings.body_limit:
                raise Unavailable(
                    f"{request}: the answer exceeds {self._settings.body_limit} bytes"
                )
        return Answer(
            what=str(request),
            status=response.status,
            body=bytes(body),
            retry_after=_seconds(response.headers.get("Retry-After")),
        )

    def _session(self, limit: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"rolloutd/{__version__}"},
            # A watch event may be as large as an object in etcd: 1.5 MiB.
            read_bufsize=2 * 1024 * 1024,
            trust_env=self._settings.trust_env,
        )


def _seconds(header: str | None) -> Seconds | None:
    """Read a Retry-After. Its other form, a date, is not used by API servers."""
    if header is None or not (header.isascii() and header.isdigit()):
        return None
    return Seconds(float(header))
