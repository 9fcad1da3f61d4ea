"""Replicas share seats out among them, and each seat has one holder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rolloutd.bootstrap.seat import ALONE, MOST_SHARDS, Seat, seats_of
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused, Unavailable
from rolloutd.settings import Settings
from tests.adapters.kubernetes.link import Link
from tests.adapters.kubernetes.paces import fake_pace
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

LEASES = "/apis/coordination.k8s.io/v1/namespaces/ops/leases"


class Replica:
    """One daemon's seats, on its own link to the API server."""

    def __init__(self, kube: FakeKube, clock: FakeClock, number: int, shards: int) -> None:
        self.link = Link(kube)
        settings = Settings(lease="ops/rolloutd", shards=shards)
        self.seats = seats_of(self.link, settings, fake_pace(clock, number), f"http://{number}")
        self.task: asyncio.Task[None] | None = None

    def held(self) -> set[str]:
        """Return the names of the seats that it has."""
        return {seat.name for seat in self.seats if seat.leads()}

    async def run(self) -> None:
        """Compete for all seats, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for seat in self.seats:
                group.create_task(_hold(seat))


async def _hold(seat: Seat) -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    await seat.take(work)


class Replicas:
    """Daemons that compete; time stands still until advanced."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.clock = FakeClock(jumps=False)
        self.kube = FakeKube()
        self.all: list[Replica] = []
        self._group = group

    async def start(self, shards: int, head_start: Seconds = Seconds(0.3)) -> Replica:
        """Start one more, ahead of the next."""
        replica = Replica(self.kube, self.clock, len(self.all), shards)
        self.all.append(replica)
        replica.task = self._group.create_task(replica.run())
        await self.clock.advance(head_start)
        return replica

    async def stop(self, replica: Replica) -> None:
        """Ask one to end, as a rolling update does."""
        assert replica.task is not None
        replica.task.cancel()
        await self.clock.advance(Seconds(0.1))

    def holders(self) -> dict[str, list[int]]:
        """Return who believes to hold which seat."""
        names = {name for replica in self.all for name in replica.held()}
        return {
            name: [place for place, each in enumerate(self.all) if name in each.held()]
            for name in sorted(names)
        }


@asynccontextmanager
async def competing() -> AsyncIterator[Replicas]:
    async with asyncio.TaskGroup() as group:
        replicas = Replicas(group)
        yield replicas
        for replica in replicas.all:
            if replica.task is not None:
                replica.task.cancel()
        await replicas.clock.advance(Seconds(3.0))


FOUR = [f"ops/rolloutd-{number}-of-4" for number in (1, 2, 3, 4)]


async def test_three_share_four_seats() -> None:
    """That one of them does all the work is what sharding is there to prevent."""
    async with competing() as replicas:
        for _ in range(3):
            await replicas.start(4)
        await replicas.clock.advance(Seconds(15.0))
        holders = replicas.holders()
        sizes = sorted(len(each.held()) for each in replicas.all)

    assert list(holders) == FOUR
    assert all(len(each) == 1 for each in holders.values())
    assert sizes == [1, 1, 2]


async def test_one_alone_takes_all_seats() -> None:
    """Nobody comes to share: no rollout is left without a leader."""
    async with competing() as replicas:
        await replicas.start(4)
        await replicas.clock.advance(Seconds(12.0))
        holders = replicas.holders()

    assert holders == {name: [0] for name in FOUR}


async def test_of_a_replica_that_dies_only_its_seats_move() -> None:
    """The others' rollouts do not notice; the seats are taken when they have run out."""
    async with competing() as replicas:
        first, *_ = [await replicas.start(4) for _ in range(3)]
        await replicas.clock.advance(Seconds(15.0))
        before = {seat.name: seat.epoch() for each in replicas.all[1:] for seat in each.seats}
        first.link.trouble = "hang"
        await replicas.clock.advance(Seconds(13.0))
        early = replicas.holders()
        await replicas.clock.advance(Seconds(6.0))
        late = replicas.holders()
        after = {seat.name: seat.epoch() for each in replicas.all[1:] for seat in each.seats}

    assert first.held() == set()
    assert set(early) < set(late) == set(FOUR)
    assert all(len(each) == 1 for each in late.values())
    assert all(after[name] == before[name] for name in before if before[name] and name in early)


async def test_seats_that_are_given_back_are_shared_out_again() -> None:
    """A rolling update ends one replica after another."""
    async with competing() as replicas:
        first, *_ = [await replicas.start(4) for _ in range(3)]
        await replicas.clock.advance(Seconds(15.0))
        await replicas.stop(first)
        await replicas.start(4)
        await replicas.clock.advance(Seconds(10.0))
        sizes = sorted(len(each.held()) for each in replicas.all)

    assert sizes == [0, 1, 1, 2]


async def test_others_are_told_where_the_holder_is() -> None:
    """Seat by seat: that is whom orders are passed on to."""
    async with competing() as replicas:
        one, two = [await replicas.start(2) for _ in range(2)]
        await replicas.clock.advance(Seconds(8.0))
        told = [seat.leader() for seat in one.seats], [seat.leader() for seat in two.seats]

    assert told == ([None, "http://1"], ["http://0", None])


@pytest.mark.parametrize(("old", "new"), [(1, 2), (2, 1), (2, 4)])
async def test_two_layouts_never_lead_at_once(old: int, new: int) -> None:
    """A rolling update that changes the number of shards: new replicas wait for the old."""
    async with competing() as replicas:
        was = [await replicas.start(old) for _ in range(2)]
        await replicas.clock.advance(Seconds(10.0))
        fresh = [await replicas.start(new) for _ in range(2)]
        await replicas.clock.advance(Seconds(30.0))
        meanwhile = [len(each.held()) for each in fresh]
        await replicas.stop(was[0])
        await replicas.clock.advance(Seconds(30.0))
        still = [len(each.held()) for each in fresh]
        await replicas.stop(was[1])
        await replicas.clock.advance(Seconds(30.0))
        holders = replicas.holders()

    assert meanwhile == still == [0, 0]
    assert len(holders) == new
    assert all(len(each) == 1 for each in holders.values())


async def test_a_seat_fences_writes_by_its_own_lease() -> None:
    """Leading one shard gives no right to write in another."""
    async with competing() as replicas:
        one, _ = [await replicas.start(2) for _ in range(2)]
        await replicas.clock.advance(Seconds(8.0))
        ours, theirs = one.seats
        await ours.api.create("/things", {"metadata": {"name": "a"}})
        with pytest.raises(Unavailable, match="not ours long enough"):
            await theirs.api.create("/things", {"metadata": {"name": "b"}})

    assert "/things/a" in replicas.kube.objects


def test_one_shard_has_the_lease_that_was_named() -> None:
    """As before there were shards."""
    (seat,) = Replica(FakeKube(), FakeClock(), 0, 1).seats

    assert seat.name == "ops/rolloutd"


async def test_without_a_lease_the_only_seat_is_ours() -> None:
    """A lone daemon asks nobody."""
    kube, done = FakeKube(), asyncio.Event()
    (seat,) = seats_of(kube, Settings(), fake_pace())

    async def work() -> None:
        done.set()

    await seat.take(work)
    seat.exceed(7)

    assert (seat.name, seat.leads(), seat.epoch(), seat.leader()) == (ALONE, True, None, None)
    assert done.is_set()
    assert kube.requests == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(shards=2), "give --lease"),
        (Settings(lease="ops/r", shards=0), "expected 1 to"),
        (Settings(lease="ops/r", shards=MOST_SHARDS + 1), "expected 1 to"),
        (Settings(lease="r"), "NAMESPACE/NAME"),
    ],
)
def test_what_can_not_be_shared_is_refused(settings: Settings, words: str) -> None:
    """At the start, in words that say what to write instead."""
    with pytest.raises(Refused, match=words):
        seats_of(FakeKube(), settings, fake_pace())
