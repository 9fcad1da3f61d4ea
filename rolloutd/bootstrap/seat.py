"""The right to write: shared among replicas, or simply ours."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from rolloutd.adapters.kubernetes.claim import Candidate
from rolloutd.adapters.kubernetes.elector import Elector
from rolloutd.adapters.kubernetes.fenced import FencedApi
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.settings import ClientSettings, LeaseSettings
from rolloutd.core.shards import Shard, shards
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused
from rolloutd.ports import KubeApi
from rolloutd.settings import Settings

log = structlog.get_logger()

ALONE = "alone"
"""What the only shard of a daemon without a lease is called."""

MOST_SHARDS = 64
"""Each costs every replica a request every 2 s, and a watch."""

STAND_BACK = Seconds(2.0)
"""How long a replica leaves a lease that nobody holds to others, for each that it has: as long
as those take between two looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """The right to write, in one shard.

    Attributes:
        name: What the shard is called: its Lease, if it has one.
        api: Refuses to write without that right.
        epoch: Number of our leadership, if there is a competition.
        exceed: Told of the number found on an object: ours is to be no earlier.
        leads: Whether we have the right at this moment.
        leader: Where the control API of another replica is that has it, if one says.
        take: Runs something for as long as we have it.
    """

    shard: Shard
    name: str
    api: KubeApi
    epoch: Callable[[], int | None]
    exceed: Callable[[int], None]
    leads: Callable[[], bool]
    leader: Callable[[], str | None]
    take: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


def seats_of(
    api: KubeApi, settings: Settings, pace: Pace, url: str | None = None
) -> tuple[Seat, ...]:
    """Return the seat of each shard; without a lease there is one, and it is ours alone.

    Args:
        api: Where the leases are.
        settings: How they are called, and how many they are.
        pace: For the times of their holders.
        url: Where other replicas find our control API.

    Raises:
        Refused: The lease's name is not of that form, or there are too many, or none to share.
    """
    of = settings.shards
    if not 1 <= of <= MOST_SHARDS:
        raise Refused(f"--shards {of}: expected 1 to {MOST_SHARDS}")
    if settings.lease is None:
        if of > 1:
            raise Refused(f"--shards {of}: replicas share by leases, so give --lease, too")
        return (_lone(api),)
    namespace, _, name = settings.lease.partition("/")
    if not (namespace and name):
        raise Refused(f"--lease {settings.lease}: a lease is named NAMESPACE/NAME")
    identity = f"{socket.gethostname()}_{secrets.token_hex(4)}"
    electors: list[Elector] = []

    def restraint() -> Seconds:
        """Say how long we leave a free lease to those who have fewer."""
        return Seconds(STAND_BACK * sum(each.is_wanted for each in electors))

    for shard in shards(of):
        candidate = Candidate(
            namespace=namespace,
            name=shard.lease(name),
            identity=identity,
            url=url,
            is_rival=partial(shard.is_of_another_layout, name),
            restraint=restraint,
        )
        electors.append(Elector(api, candidate, pace, LeaseSettings()))
    return tuple(
        _seat(api, shard, shard.lease(settings.lease), elector, identity)
        for shard, elector in zip(shards(of), electors, strict=True)
    )


def _lone(api: KubeApi) -> Seat:
    return Seat(
        shard=Shard(index=0, of=1),
        name=ALONE,
        api=api,
        epoch=lambda: None,
        exceed=lambda _: None,
        leads=lambda: True,
        leader=lambda: None,
        take=lambda work: work(),
    )


def _seat(api: KubeApi, shard: Shard, name: str, elector: Elector, identity: str) -> Seat:
    async def take(work: Callable[[], Awaitable[None]]) -> None:
        async def lead(epoch: int) -> None:
            log.info("leading", lease=name, identity=identity, epoch=epoch)
            await work()

        await elector.run(lead)

    return Seat(
        shard=shard,
        name=name,
        api=FencedApi(api, elector.is_leader, ClientSettings().deadline),
        epoch=lambda: elector.epoch,
        exceed=elector.exceed,
        leads=elector.is_leader,
        leader=lambda: elector.holder_url,
        take=take,
    )
