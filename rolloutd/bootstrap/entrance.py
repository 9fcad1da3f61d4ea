"""Where the control API is: for people, and for the other replicas."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp

from rolloutd.api.control.app import CONFIRMATION
from rolloutd.api.control.relay import Relay
from rolloutd.api.tls import ServingTls
from rolloutd.bootstrap.listening import reserve, url_of
from rolloutd.core.units import Seconds
from rolloutd.ports import Clock
from rolloutd.settings import ApiSettings

PATIENCE = Seconds(CONFIRMATION + 5.0)
"""How long a replica waits for the leader's answer to an order: for its words, too, when the
cluster has not confirmed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """An address that is held before there is anything to serve.

    Attributes:
        url: Where people find it.
        advertised: Where other replicas find it; ``None`` where that can't be told.
    """

    held: socket.socket
    url: str
    advertised: str | None
    tls: ServingTls | None


@contextmanager
def entrance(settings: ApiSettings, clock: Clock) -> Iterator[Entrance]:
    """Hold the address of the control API until the block is left.

    Raises:
        Refused: It can't be had, or the certificate can't be used.
    """
    tls = None if settings.tls is None else ServingTls(settings.tls, clock)
    with reserve(settings.host, settings.port) as held:
        url = url_of(held, tls=tls is not None)
        yield Entrance(
            held=held,
            url=url,
            advertised=settings.advertised or _reachable(held, url),
            tls=tls,
        )


@asynccontextmanager
async def relays(
    leaders: Sequence[Callable[[], str | None]], tls: ServingTls | None
) -> AsyncIterator[Sequence[Relay]]:
    """Be ready to ask the leader of each shard, until the block is left.

    Replicas are known to each other by the certificate that they share: under TLS the leader
    has to show ours.
    """
    session = aiohttp.ClientSession(
        # Never reused: an order must not be lost on a connection that has just been closed.
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
    async with session:
        yield [
            Relay(session, leader, lambda: True if tls is None else tls.fingerprint, PATIENCE)
            for leader in leaders
        ]


def _reachable(held: socket.socket, url: str) -> str | None:
    """Return a URL for others: where we listen everywhere, the address of this host."""
    bound, number = held.getsockname()[:2]
    if not ipaddress.ip_address(bound).is_unspecified:
        return url
    with contextlib.suppress(OSError):
        # In a pod, the kubelet has put its address into /etc/hosts.
        host = socket.gethostbyname(socket.gethostname())
        return f"{url.partition('://')[0]}://{host}:{number}"
    return None
