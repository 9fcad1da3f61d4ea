"""The pods that run are those that were asked for, and Envoy knows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from rolloutd.sandbox.envoy.layout import Address
from rolloutd.sandbox.services.business_product import BusinessProduct
from rolloutd.sandbox.services.faults import Crash, Switchboard
from rolloutd.sandbox.services.fleet import Fleet
from tests.fakes.clock import FakeClock
from tests.sandbox.examples import chance


class FakeEnvoy:
    """Remembers the endpoints it was told, by version, in the order told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, list[Address]]] = []

    async def resolve(self, version: str, pods: Sequence[Address]) -> None:
        """Take note."""
        self.told.append((version, list(pods)))


@pytest.fixture
def envoy() -> FakeEnvoy:
    """Told of endpoints."""
    return FakeEnvoy()


@pytest.fixture
def faults() -> Switchboard:
    """What the pods suffer."""
    return Switchboard(chance())


@pytest.fixture
async def fleet(envoy: FakeEnvoy, faults: Switchboard) -> AsyncIterator[Fleet]:
    """No pods yet."""
    made = Fleet(faults, envoy.resolve, FakeClock(), chance())
    yield made
    await made.stop()


async def who_answers(pods: Sequence[Address]) -> list[str]:
    """Ask every address who is there; an empty name is nobody."""
    names = []
    for pod in pods:
        caller = BusinessProduct("asking", f"{pod.host}:{pod.port}", FakeClock())
        names.append((await caller.call()).pod)
        await caller.close()
    return names


async def test_envoy_is_told_of_pods_that_answer(fleet: Fleet, envoy: FakeEnvoy) -> None:
    """An endpoint that does not listen yet would fail calls."""
    await fleet.scale("v3", ["a", "b", "c"])

    ((version, pods),) = envoy.told
    assert version == "v3"
    assert await who_answers(pods) == ["a", "b", "c"]


async def test_pods_that_stay_keep_their_place(fleet: Fleet, envoy: FakeEnvoy) -> None:
    """Scaling must not disturb who has nothing to do with it."""
    await fleet.scale("v3", ["a", "b"])
    await fleet.scale("v3", ["b", "c"])

    (_, before), (_, after) = envoy.told
    assert after[0] == before[1]
    assert await who_answers([before[0], *after]) == ["", "b", "c"]


async def test_a_crash_leaves_endpoints_and_nobody_behind_them(
    fleet: Fleet, envoy: FakeEnvoy, faults: Switchboard
) -> None:
    """Envoy learns of it from calls, as in the first seconds of a real crash."""
    await fleet.scale("v3", ["a"])
    await fleet.scale("v4", ["b"])
    faults.inflict("v4", Crash())
    await fleet.suit("v4")

    assert await who_answers([*envoy.told[0][1], *envoy.told[1][1]]) == ["a", ""]
    assert len(envoy.told) == 2


async def test_crashed_pods_come_back_where_they_were(
    fleet: Fleet, envoy: FakeEnvoy, faults: Switchboard
) -> None:
    """A restarted container keeps its pod's address."""
    await fleet.scale("v4", ["b"])
    faults.inflict("v4", Crash())
    await fleet.suit("v4")
    faults.mend("v4")
    await fleet.suit("v4")

    assert await who_answers(envoy.told[0][1]) == ["b"]


async def test_stopping_ends_all_pods(fleet: Fleet, envoy: FakeEnvoy) -> None:
    """Also those of a version that is not called any more."""
    await fleet.scale("v3", ["a"])
    await fleet.scale("v4", ["b"])
    await fleet.stop()

    assert await who_answers([*envoy.told[0][1], *envoy.told[1][1]]) == ["", ""]
