"""A claim is as certain as the requests behind it."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.claim import Candidate, Claim
from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.adapters.kubernetes.settings import LeaseSettings
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Conflict, Refused, Unavailable
from rolloutd.ports import Json
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

LEASE = "/apis/coordination.k8s.io/v1/namespaces/ops/leases/rolloutd"


class SlowKube(FakeKube):
    """Takes three seconds for every write."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    async def replace(self, path: str, body: Json) -> Json:
        """Write, then take time to answer."""
        written = await super().replace(path, body)
        await self._clock.sleep(Seconds(3.0))
        return written


def claim(
    kube: FakeKube, clock: FakeClock | None = None, name: str = "a", url: str | None = None
) -> Claim:
    """Return a claim to the lease ``rolloutd``."""
    candidate = Candidate(namespace="ops", name="rolloutd", identity=name, url=url)
    return Claim(kube, candidate, clock or FakeClock(Instant(0.0)), LeaseSettings())


def modest(kube: FakeKube, clock: FakeClock, restraint: Seconds) -> Claim:
    """Return a claim by one that leaves what is free to others for a while."""
    candidate = Candidate(
        namespace="ops", name="rolloutd", identity="a", restraint=lambda: restraint
    )
    return Claim(kube, candidate, clock, LeaseSettings())


def of_layout(kube: FakeKube, clock: FakeClock, name: str, rival: str) -> Claim:
    """Return a claim to a lease that another one excludes."""
    candidate = Candidate(
        namespace="ops", name=name, identity=name, is_rival=lambda found: found == rival
    )
    return Claim(kube, candidate, clock, LeaseSettings())


async def test_validity_counts_from_before_the_request() -> None:
    """The server wrote it at once; that its answer took 3 s gives us no 3 s more."""
    clock = FakeClock(Instant(0.0))
    ours = claim(SlowKube(clock), clock)
    await ours.acquire()

    await ours.renew()

    assert (clock.now(), ours.valid_until) == (3.0, 10.0)


async def test_of_two_that_see_it_free_one_gets_it() -> None:
    """The version read decides, at the server."""
    kube = FakeKube()
    kube.put(LEASE, {"spec": {}})
    first, second = claim(kube, name="a"), claim(kube, name="b")

    kube.fail("replace", Conflict("b was faster"))
    with pytest.raises(Conflict):
        await first.acquire()
    won = await second.acquire()

    assert won
    assert not await first.acquire()
    assert first.valid_until == 0.0


async def test_a_claim_without_an_answer_is_no_claim() -> None:
    """It may be ours at the server; what we do not know we do not use."""
    kube = FakeKube()
    kube.put(LEASE, {"spec": {}})
    kube.lose_answer("replace", Unavailable("reset"))
    ours = claim(kube)

    with pytest.raises(Unavailable):
        await ours.acquire()
    lost = ours.valid_until
    again = await ours.acquire()

    assert lost == 0.0
    assert again
    assert ours.epoch == 2


async def test_a_refused_renewal_of_what_is_still_ours_is_told() -> None:
    """RBAC was changed under us: the lease runs out, and the log must say why."""
    kube = FakeKube()
    ours = claim(kube)
    await ours.acquire()
    kube.fail("replace", Refused("403"), Refused("403"))

    with pytest.raises(Refused):
        await ours.renew()

    assert ours.valid_until == 10.0


async def test_nothing_is_renewed_or_released_that_was_never_held() -> None:
    """No request, no harm."""
    kube = FakeKube()
    ours = claim(kube)

    await ours.release()

    assert not await ours.renew()
    assert kube.requests == []


async def test_another_leaders_lease_is_not_given_back() -> None:
    """We were replaced while frozen; our good manners would end another's reign."""
    kube = FakeKube()
    ours = claim(kube)
    await ours.acquire()
    kube.put(LEASE, {"spec": {"holderIdentity": "b", "leaseTransitions": 99}})

    await ours.release()

    assert kube.objects[LEASE]["spec"] == {"holderIdentity": "b", "leaseTransitions": 99}


async def test_a_release_survives_a_lost_answer_before_it() -> None:
    """The last renewal landed without our knowing; its version is read, and given back."""
    kube = FakeKube()
    ours = claim(kube)
    await ours.acquire()
    kube.lose_answer("replace", Unavailable("reset"))
    with pytest.raises(Unavailable):
        await ours.renew()

    await ours.release()

    spec = kube.objects[LEASE]["spec"]
    assert isinstance(spec, dict)
    assert spec["holderIdentity"] == ""


async def test_the_holder_says_where_to_find_it() -> None:
    """Whoever stands by sends people there, and never to itself."""
    kube, clock = FakeKube(), FakeClock(Instant(0.0))
    leader = claim(kube, clock, name="a", url="http://10.0.0.1:8080")
    standby = claim(kube, clock, name="b", url="http://10.0.0.2:8080")
    await leader.acquire()
    await standby.acquire()

    assert standby.holder_url == "http://10.0.0.1:8080"
    assert leader.holder_url is None


async def test_where_a_former_holder_was_is_not_told() -> None:
    """It gave the lease back, or another took over who says nothing."""
    kube, clock = FakeKube(), FakeClock(Instant(0.0))
    first = claim(kube, clock, name="a", url="http://10.0.0.1:8080")
    await first.acquire()
    await first.release()
    second, third = claim(kube, clock, name="b"), claim(kube, clock, name="c")
    assert third.holder_url is None
    await second.acquire()
    await third.acquire()

    assert third.holder == "b"
    assert third.holder_url is None


async def test_an_epoch_found_in_use_is_exceeded_at_the_next_renewal() -> None:
    """A Lease that was deleted and made again by a slow clock would shut its holder out.

    Every VirtualService bears a later epoch, and refuses all writes of an earlier one.
    """
    kube = FakeKube()
    ours = claim(kube)
    await ours.acquire()
    ours.exceed(500_000_000)
    await ours.renew()

    assert ours.epoch == 500_000_001
    assert await ours.renew()
    assert ours.epoch == 500_000_001


async def test_a_raised_epoch_whose_answer_was_lost_is_still_ours() -> None:
    """It was written; only we did not hear of it."""
    kube = FakeKube()
    ours = claim(kube)
    await ours.acquire()
    ours.exceed(500_000_000)
    kube.lose_answer("replace", Unavailable("reset"))
    with pytest.raises(Unavailable):
        await ours.renew()

    assert await ours.renew()
    assert ours.epoch == 500_000_001


async def test_who_lost_the_lease_unawares_raises_nothing() -> None:
    """It has seen its successor's epoch, and would be the third to lead at a time."""
    kube = FakeKube()
    ours = claim(kube)
    await ours.acquire()
    kube.put(LEASE, {"spec": {"holderIdentity": "b", "leaseTransitions": 200_000_000}})
    ours.exceed(200_000_000)

    assert not await ours.renew()
    assert kube.objects[LEASE]["spec"] == {
        "holderIdentity": "b",
        "leaseTransitions": 200_000_000,
    }


async def test_an_epoch_beyond_all_reason_is_not_believed() -> None:
    """Somebody wrote it by hand; following it would leave no room in the Lease's 31 bits."""
    ours = claim(FakeKube())
    await ours.acquire()
    before = ours.epoch
    ours.exceed(2_147_483_647)
    await ours.renew()

    assert ours.epoch == before


@pytest.mark.parametrize("lease", [None, {"spec": {"holderIdentity": ""}}])
async def test_a_free_lease_is_left_to_others_for_a_while(lease: Json | None) -> None:
    """Who holds none takes it at once; so nobody ends up with all of them."""
    kube, clock = FakeKube(), FakeClock(Instant(0.0))
    if lease is not None:
        kube.put(LEASE, lease)
    ours = modest(kube, clock, Seconds(4.0))
    at_once = await ours.acquire()
    await clock.sleep(Seconds(3.9))
    soon = await ours.acquire()
    await clock.sleep(Seconds(0.1))

    assert not at_once
    assert not soon
    assert await ours.acquire()


async def test_a_lease_that_ran_out_is_left_to_nobody() -> None:
    """Its rollouts have been alone for 15 s."""
    kube, clock = FakeKube(), FakeClock(Instant(0.0))
    kube.put(LEASE, {"spec": {"holderIdentity": "b", "leaseDurationSeconds": 15}})
    ours = modest(kube, clock, Seconds(60.0))
    await ours.acquire()
    await clock.sleep(Seconds(15.0))

    assert await ours.acquire()


async def test_a_lease_counts_as_soon_as_it_is_reached_for() -> None:
    """Else a replica that takes several at the same moment would take them all."""
    seen: list[bool] = []

    class Watching(FakeKube):
        """Notes what was said of the claim during the write."""

        async def replace(self, path: str, body: Json) -> Json:
            seen.append(ours.is_wanted)
            return await super().replace(path, body)

    kube, clock = Watching(), FakeClock(Instant(0.0))
    kube.put(LEASE, {"spec": {}})
    ours = claim(kube, clock)
    before = ours.is_wanted
    await ours.acquire()
    await clock.sleep(Seconds(20.0))

    assert (before, seen, ours.is_wanted) == (False, [True], False)


RIVAL = f"{LEASE}-1-of-2"


async def test_a_lease_is_not_taken_while_a_rival_is_held() -> None:
    """A rolling update changes the number of shards: the old ones give theirs back first."""
    kube, clock = FakeKube(), FakeClock(Instant(0.0))
    held: Json = {"spec": {"holderIdentity": "b", "leaseDurationSeconds": 15}}
    kube.put(RIVAL, held)
    ours = of_layout(kube, clock, "rolloutd", "rolloutd-1-of-2")
    meanwhile = await ours.acquire()
    writes = kube.count("create")
    kube.put(RIVAL, {"spec": {"holderIdentity": ""}})

    assert (meanwhile, writes) == (False, 0)
    assert await ours.acquire()


async def test_a_rival_that_ran_out_is_none() -> None:
    """Its holder is dead: waiting for it would be for ever."""
    kube, clock = FakeKube(), FakeClock(Instant(0.0))
    held: Json = {"spec": {"holderIdentity": "b", "leaseDurationSeconds": 15}}
    kube.put(RIVAL, held)
    ours = of_layout(kube, clock, "rolloutd", "rolloutd-1-of-2")
    await ours.acquire()
    await clock.sleep(Seconds(10.0))
    kube.put(RIVAL, held)
    renewed = await ours.acquire()
    await clock.sleep(Seconds(14.0))
    early = await ours.acquire()
    await clock.sleep(Seconds(1.0))

    assert (renewed, early) == (False, False)
    assert await ours.acquire()


async def test_of_two_rivals_at_the_same_moment_not_both_win() -> None:
    """Each looks before the other has written, and then again."""
    clock = FakeClock(Instant(0.0))

    class Simultaneous(FakeKube):
        """Lets a rival take its lease between our look and our write."""

        async def create(self, path: str, body: Json) -> Json:
            self.put(RIVAL, {"spec": {"holderIdentity": "b", "leaseDurationSeconds": 15}})
            return await super().create(path, body)

    kube = Simultaneous()
    ours = of_layout(kube, clock, "rolloutd", "rolloutd-1-of-2")
    won = await ours.acquire()

    assert not won
    assert ours.valid_until == 0.0
    assert dig(kube.objects[LEASE], "spec", "holderIdentity") == ""
