"""A claim is as certain as the requests behind it."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.claim import Candidate, Claim
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
