"""One leads at a time, and the next begins soon."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rolloutd.adapters.kubernetes.claim import Candidate
from rolloutd.adapters.kubernetes.elector import Elector
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.adapters.kubernetes.settings import LeaseSettings
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Refused, Unavailable
from rolloutd.ports import Json
from tests.adapters.kubernetes.link import Link
from tests.adapters.kubernetes.paces import fake_pace, seeded
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

LEASES = "/apis/coordination.k8s.io/v1/namespaces/ops/leases"
LEASE = f"{LEASES}/rolloutd"


class Member:
    """One daemon: an elector, its own link to the API server, and when it led."""

    def __init__(self, name: str, kube: FakeKube, clock: FakeClock, seed: int = 0) -> None:
        self.name = name
        self.link = Link(kube)
        self._clock = clock
        self.elector = Elector(
            self.link,
            Candidate(namespace="ops", name="rolloutd", identity=name),
            fake_pace(clock, seed),
            LeaseSettings(),
        )
        self.reigns: list[tuple[float, float, int]] = []
        self.finished = asyncio.Event()
        self.unwinding = Seconds(0.0)

    async def lead(self, epoch: int) -> None:
        """Lead until told that all is done; note from when to when."""
        began = self._clock.now()
        try:
            await self.finished.wait()
        finally:
            if self.unwinding:
                await self._clock.sleep(self.unwinding)
            self.reigns.append((began, self._clock.now(), epoch))


class Group:
    """Daemons that compete; time stands still until advanced."""

    def __init__(self, *names: str, seed: int = 0) -> None:
        self.clock = FakeClock(jumps=False)
        self.kube = FakeKube()
        self.members = [
            Member(name, self.kube, self.clock, seed=seed + number)
            for number, name in enumerate(names)
        ]
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all, the first with a head start."""
        async with asyncio.TaskGroup() as group:
            for member in self.members:
                self._tasks[member.name] = group.create_task(
                    member.elector.run(member.lead), name=member.name
                )
                await self.clock.advance(Seconds(0.5))
            yield
            for task in self._tasks.values():
                task.cancel()
            await self.clock.advance(Seconds(3.0))  # giving back may wait for a deadline

    def stop(self, member: Member) -> None:
        """Shut one down."""
        self._tasks[member.name].cancel()

    def leaders(self) -> list[str]:
        """Return who believes to lead."""
        return [member.name for member in self.members if member.elector.is_leader()]


def lease(holder: str, transitions: int = 3) -> Json:
    """Return the Lease as another daemon left it."""
    return {
        "kind": "Lease",
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": 15,
            "leaseTransitions": transitions,
            "renewTime": "2024-01-01T00:00:00.000000Z",
        },
    }


async def test_the_first_candidate_leads_with_an_epoch() -> None:
    """A single copy must not wait for anything."""
    group = Group("a")

    async with group.running():
        assert group.leaders() == ["a"]
        assert group.members[0].elector.epoch in range(122_163_200, 122_164_200)
        assert group.members[0].elector.holder == "a"


async def test_a_candidate_waits_while_the_leader_renews() -> None:
    """Ten minutes without trouble: no change of hands."""
    group = Group("a", "b")

    async with group.running():
        await group.clock.advance(Seconds(600.0))

        assert group.leaders() == ["a"]
        assert group.members[1].elector.epoch is None
        assert group.members[1].elector.holder == "a"


async def test_a_renewal_is_one_write_and_no_read() -> None:
    """What the leader costs the API server for as long as it lives."""
    group = Group("a")

    async with group.running():
        group.kube.requests.clear()
        await group.clock.advance(Seconds(60.0))

        assert {verb for verb, _ in group.kube.requests} == {"replace"}
        assert 25 <= group.kube.count("replace") <= 30


async def test_a_dead_leader_is_followed_after_the_lease_duration() -> None:
    """Measured from when *we* first saw its last renewal: its clock may say anything."""
    group = Group("b")
    group.kube.put(LEASE, lease("a", transitions=3))

    async with group.running():
        await group.clock.advance(Seconds(14.0))
        early = group.leaders()
        await group.clock.advance(Seconds(3.5))

        assert early == []
        assert group.leaders() == ["b"]
        assert group.members[0].elector.epoch == 4


async def test_a_stopped_leader_hands_over_within_a_second() -> None:
    """A rolling update of the daemon must not blind us for 17 s."""
    group = Group("a", "b")

    async with group.running():
        await group.clock.advance(Seconds(31.0))
        group.stop(group.members[0])
        await group.clock.advance(Seconds(0.1))

        assert group.leaders() == ["b"]
        assert group.members[1].elector.epoch == group.members[0].reigns[0][2] + 1


@pytest.mark.parametrize("trouble", ["hang", "fail"])
async def test_a_leader_without_the_api_stops_before_another_starts(trouble: str) -> None:
    """Split brain is two daemons that move the same weights in different directions."""
    group = Group("a", "b")
    first, second = group.members

    async with group.running():
        await group.clock.advance(Seconds(30.0))
        cut = group.clock.now()
        first.link.trouble = trouble
        await group.clock.advance(Seconds(9.0))
        stopped = list(first.reigns)
        await group.clock.advance(Seconds(11.0))

        assert len(stopped) == 1
        assert group.leaders() == ["b"]
        assert (second.elector.epoch or 0) > stopped[0][2]
        assert stopped[0][1] - cut <= 9.0


async def test_a_short_outage_changes_nothing() -> None:
    """The API server restarts in five seconds; leadership outlasts that."""
    group = Group("a", "b")
    first, second = group.members

    async with group.running():
        await group.clock.advance(Seconds(30.0))
        first.link.trouble = second.link.trouble = "fail"
        await group.clock.advance(Seconds(5.0))
        first.link.trouble = second.link.trouble = ""
        await group.clock.advance(Seconds(30.0))

        assert group.leaders() == ["a"]
        assert first.reigns == []


async def test_a_renewal_whose_answer_was_lost_is_recognised_as_ours() -> None:
    """The next write then meets a version we do not know; stepping down would be needless."""
    group = Group("a", "b")

    async with group.running():
        group.kube.lose_answer("replace", Unavailable("reset"))
        await group.clock.advance(Seconds(20.0))

        assert group.leaders() == ["a"]
        assert group.members[0].reigns == []


async def test_a_lease_taken_by_force_ends_leadership_at_the_next_renewal() -> None:
    """An operator may hand it to another by hand."""
    group = Group("a")

    async with group.running():
        group.kube.put(LEASE, lease("other", transitions=99))
        await group.clock.advance(Seconds(2.5))

        assert group.leaders() == []
        assert len(group.members[0].reigns) == 1
        assert group.members[0].elector.holder == "other"


async def test_a_deleted_lease_is_taken_anew_with_a_larger_epoch() -> None:
    """The epoch stamped on VirtualServices must stay behind."""
    group = Group("a")

    async with group.running():
        await group.clock.advance(Seconds(120.0))
        group.kube.remove(LEASE)
        await group.clock.advance(Seconds(6.0))

        assert group.leaders() == ["a"]
        assert (group.members[0].elector.epoch or 0) > group.members[0].reigns[0][2]


async def test_a_deleted_lease_does_not_make_two_leaders() -> None:
    """The candidate hears of it before the leader does, and must not be quicker."""
    group = Group("a", "b")

    async with group.running():
        await group.clock.advance(Seconds(120.0))
        group.kube.remove(LEASE)
        for _ in range(60):
            await group.clock.advance(Seconds(0.1))
            assert len(group.leaders()) <= 1

        assert len(group.leaders()) == 1


async def test_when_the_work_is_done_the_lease_is_given_back() -> None:
    """``run`` returns with its work, and nobody has to wait for the lease to run out."""
    group = Group("a")
    member = group.members[0]
    member.finished.set()

    await asyncio.wait_for(member.elector.run(member.lead), timeout=5.0)

    assert text(group.kube.objects[LEASE], "spec", "holderIdentity") is None
    assert group.leaders() == []


async def test_when_the_work_fails_the_lease_is_given_back() -> None:
    """A bug in one copy must not keep the healthy one waiting."""
    group = Group("a")

    async def fail(_epoch: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await group.members[0].elector.run(fail)

    assert text(group.kube.objects[LEASE], "spec", "holderIdentity") is None


async def test_leadership_ends_when_the_work_has_unwound() -> None:
    """The next leader may start at once; ours must have let go of everything before."""
    group = Group("a", "b")
    first, second = group.members
    first.unwinding = Seconds(0.3)

    async with group.running():
        group.stop(first)
        await group.clock.advance(Seconds(0.25))
        meanwhile = second.elector.is_leader()
        await group.clock.advance(Seconds(0.25))

        assert not meanwhile
        assert group.leaders() == ["b"]


async def test_a_refusal_is_waited_out() -> None:
    """RBAC for leases is often forgotten and then added."""
    group = Group("a")
    group.kube.fail("get", Refused("403 leases is forbidden"))

    async with group.running():
        await group.clock.advance(Seconds(3.0))

        assert group.leaders() == ["a"]


@pytest.mark.parametrize("seed", range(40))
async def test_two_never_lead_at_once_whatever_fails(seed: int) -> None:
    """Safety under any mix of faults; and when they stop, somebody leads again."""
    group, chance = Group("a", "b", "c", seed=seed), seeded(seed)

    async with group.running():
        for _ in range(60):
            member = chance.choice(group.members)
            member.link.trouble = chance.choice(["", "", "hang", "fail", "lose"])
            for _ in range(8):
                await group.clock.advance(Seconds(chance.uniform(0.0, 1.0)))
                assert len(group.leaders()) <= 1
        for member in group.members:
            member.link.trouble = ""
        await group.clock.advance(Seconds(25.0))

        assert len(group.leaders()) == 1
    reigns = sorted(reign for member in group.members for reign in member.reigns)
    for (_, end, epoch), (begin, _, later) in itertools.pairwise(reigns):
        assert end <= begin
        assert epoch < later


def test_times_that_leave_no_room_are_refused() -> None:
    """A retry longer than the deadline would lose the lease at the first hiccup."""
    with pytest.raises(ValueError, match="duration > renew deadline"):
        LeaseSettings(renew_deadline=Seconds(3.0))


def test_the_start_of_time_is_nobodys_reign() -> None:
    """Before the first look nobody leads."""
    member = Member("a", FakeKube(), FakeClock(Instant(5.0)))

    assert not member.elector.is_leader()
    assert member.elector.holder is None
