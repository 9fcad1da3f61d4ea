"""The cache holds what its scope promises and tells who asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.paths import POD, virtual_service
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.core.units import Instant, Seconds
from rolloutd.ports import Json, KubeCache
from tests.adapters.kubernetes.objects import PODS, SHOP, pod, service, weight
from tests.adapters.kubernetes.paces import fake_pace
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

OTHER = "/apis/networking.istio.io/v1/namespaces/other/virtualservices"


class Bench:
    """A cache of VirtualServices and pods over a fake API server."""

    def __init__(self, namespaces: Collection[str] = ()) -> None:
        self.clock = FakeClock(Instant(0.0), jumps=False)
        self.kube = FakeKube()
        self.cache = WatchedCache(
            self.kube,
            [virtual_service("v1"), POD],
            namespaces,
            fake_pace(self.clock),
            WatchSettings(),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[KubeCache]:
        """Run the cache meanwhile, from its first lists on."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.cache.run(), name="cache")
            await self.cache.synced()
            yield self.cache
            task.cancel()


async def test_a_cluster_wide_cache_holds_all_namespaces() -> None:
    """One watch per kind, however many namespaces."""
    bench = Bench()
    bench.kube.put(f"{SHOP}/a", service("a", weight=1))
    bench.kube.put(f"{OTHER}/a", service("a") | {"metadata": {"namespace": "other"}})

    async with bench.running() as cache:
        assert weight(cache.get("VirtualService", "shop", "a")) == 1
        assert len(cache.list("VirtualService", "other")) == 1
    assert bench.kube.count("watch") <= 2


async def test_a_namespaced_cache_asks_for_its_namespaces_alone() -> None:
    """A Role in two namespaces must be enough."""
    bench = Bench(namespaces=["shop", "other"])
    bench.kube.put(f"{SHOP}/a", service("a"))

    async with bench.running() as cache:
        assert cache.get("VirtualService", "shop", "a") is not None
        assert cache.get("VirtualService", "elsewhere", "a") is None
        assert cache.list("VirtualService", "elsewhere") == ()
    assert all("/namespaces/" in path for _, path in bench.kube.requests)


async def test_subscribers_hear_of_their_kind() -> None:
    """A change wakes the rollouts it concerns and nobody else."""
    bench, heard = Bench(), list[str]()
    bench.cache.subscribe("VirtualService", lambda change, _obj: heard.append(change))

    async with bench.running():
        bench.kube.put(f"{PODS}/p", pod("p"))
        bench.kube.put(f"{SHOP}/a", service("a"))
        bench.kube.put(f"{SHOP}/a", service("a", weight=1))
        bench.kube.remove(f"{SHOP}/a")
        await bench.clock.advance(Seconds(1.0))

    assert heard == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_late_subscriber_hears_of_what_is_there() -> None:
    """An index built after the first list must not miss what was in it."""
    bench, heard = Bench(), list[str]()
    bench.kube.put(f"{SHOP}/a", service("a"))

    async with bench.running():
        bench.cache.subscribe("VirtualService", lambda change, _obj: heard.append(change))

    assert heard == ["ADDED"]


async def test_it_is_synced_only_when_every_kind_is() -> None:
    """Before that, absence means nothing, and nothing may be concluded from it."""
    bench = Bench()
    bench.kube.hang("list")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.cache.run(), name="cache")
        await bench.clock.advance(Seconds(1.0))
        early = bench.cache.is_synced
        bench.kube.resume()
        await bench.clock.advance(Seconds(150.0))
        late = bench.cache.is_synced
        task.cancel()

    assert (early, late) == (False, True)


async def test_our_own_write_is_in_the_cache_before_the_watch_tells() -> None:
    """The next look must not decide on the weight before our write."""
    bench = Bench()

    async with bench.running() as cache:
        bench.kube.hang("watch")
        written = bench.kube.put(f"{SHOP}/a", service("a", weight=30))
        bench.cache.absorb("VirtualService", written)

        assert weight(cache.get("VirtualService", "shop", "a")) == 30


async def test_a_kind_that_is_not_followed_is_not_absorbed() -> None:
    """Leases and scales pass by too."""
    bench = Bench()
    lease: Json = {"kind": "Lease", "metadata": {"name": "l", "namespace": "shop"}}

    assert not bench.cache.absorb("Lease", lease)


async def test_its_age_is_that_of_its_oldest_watch() -> None:
    """One dead watch among four is enough to be careless."""
    bench = Bench()

    async with bench.running():
        await bench.clock.advance(Seconds(10.0))
        bench.kube.put(f"{SHOP}/a", service("a"))
        await bench.clock.advance(Seconds(1.0))

        assert bench.cache.age() == 11.0
