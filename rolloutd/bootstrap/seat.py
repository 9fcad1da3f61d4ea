"""The right to write: shared among replicas, or simply ours."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from rolloutd.adapters.kubernetes.claim import Candidate
from rolloutd.adapters.kubernetes.elector import Elector
from rolloutd.adapters.kubernetes.fenced import FencedApi
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.settings import ClientSettings, LeaseSettings
from rolloutd.errors import Refused
from rolloutd.ports import KubeApi

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """The right to write.

    Attributes:
        api: Refuses to write without that right.
        epoch: Number of our leadership, if there is a competition.
        exceed: Told of the number found on an object: ours is to be no earlier.
        leads: Whether we have the right at this moment.
        leader: Where the control API of another replica is that has it, if one says.
        take: Runs something for as long as we have it.
    """

    api: KubeApi
    epoch: Callable[[], int | None]
    exceed: Callable[[int], None]
    leads: Callable[[], bool]
    leader: Callable[[], str | None]
    take: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


def seat_of(api: KubeApi, lease: str | None, pace: Pace, url: str | None = None) -> Seat:
    """Return the seat that a lease, ``NAMESPACE/NAME``, gives; without one it is ours alone.

    Args:
        api: Where the lease is.
        lease: Its name.
        pace: For the times of its holder.
        url: Where other replicas find our control API.

    Raises:
        Refused: The lease's name is not of that form.
    """
    if lease is None:
        return Seat(
            api=api,
            epoch=lambda: None,
            exceed=lambda _: None,
            leads=lambda: True,
            leader=lambda: None,
            take=lambda work: work(),
        )
    namespace, _, name = lease.partition("/")
    if not (namespace and name):
        raise Refused(f"--lease {lease}: a lease is named NAMESPACE/NAME")
    identity = f"{socket.gethostname()}_{secrets.token_hex(4)}"
    candidate = Candidate(namespace=namespace, name=name, identity=identity, url=url)
    elector = Elector(api, candidate, pace, LeaseSettings())

    async def take(work: Callable[[], Awaitable[None]]) -> None:
        async def lead(epoch: int) -> None:
            log.info("leading", lease=lease, identity=identity, epoch=epoch)
            await work()

        await elector.run(lead)

    return Seat(
        api=FencedApi(api, elector.is_leader, ClientSettings().deadline),
        epoch=lambda: elector.epoch,
        exceed=elector.exceed,
        leads=elector.is_leader,
        leader=lambda: elector.holder_url,
        take=take,
    )
