"""The daemon's own client lives well with the embedded API."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.adapters.kubernetes.paths import served_version, virtual_service
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.core.units import Seconds
from rolloutd.errors import Conflict, Refused
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.resources import VIRTUAL_SERVICE
from tests.sandbox.kubernetes.examples import REVIEWS, SERVICES, cluster, reviews
from tests.sandbox.kubernetes.http import live, pace, serving

WEIGHT = "/spec/http/0/route/0/weight"
WATCH = WatchSettings(backoff_first=Seconds(0.02), backoff_limit=Seconds(0.1))


def replaced(weight: int) -> list[Json]:
    """Make a patch of one weight."""
    return [{"op": "replace", "path": WEIGHT, "value": weight}]


async def test_a_cache_follows_what_the_client_patches(tmp_path: Path) -> None:
    """This loop is the daemon's eyes and hands; all of the demo rests on it."""
    seen = asyncio.Event()

    def note(_change: str, obj: Json) -> None:
        if dig(obj, "metadata", "generation") == 2:
            seen.set()

    async with serving(cluster()) as http, live(http, tmp_path) as api:
        await api.create(SERVICES, reviews())
        cache = WatchedCache(api, [virtual_service("v1")], ["default"], pace(), WATCH)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(cache.run(), name="cache")
            async with asyncio.timeout(10):
                await cache.synced()
                cache.subscribe("VirtualService", note)
                await api.patch(REVIEWS, replaced(80))
                await seen.wait()
            following.cancel()

    held = cache.get("VirtualService", "default", "reviews")
    assert dig(held, "spec") == reviews(80, 10)["spec"]


async def test_a_cache_recovers_when_history_is_forgotten(tmp_path: Path) -> None:
    """After a compaction the client is told 410, and has to list again."""
    removed = asyncio.Event()

    def note(change: str, _obj: Json) -> None:
        if change == "DELETED":
            removed.set()

    store = cluster()
    async with serving(store) as http, live(http, tmp_path) as api:
        await api.create(SERVICES, reviews())
        cache = WatchedCache(api, [virtual_service("v1")], ["default"], pace(), WATCH)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(cache.run(), name="cache")
            async with asyncio.timeout(10):
                await cache.synced()
                cache.subscribe("VirtualService", note)
                store.history.end_watches()
                await http.ask("DELETE", REVIEWS)
                store.history.forget()
                await removed.wait()
            following.cancel()

    assert cache.get("VirtualService", "default", "reviews") is None


async def test_refusals_keep_their_names(tmp_path: Path) -> None:
    """Look again, or ask a person: the daemon must not mistake the one for the other."""
    async with serving(cluster()) as http, live(http, tmp_path) as api:
        await api.create(SERVICES, reviews())
        with pytest.raises(Conflict, match="409"):
            await api.create(SERVICES, reviews())
        with pytest.raises(Conflict, match="422"):
            await api.patch(REVIEWS, [{"op": "test", "path": WEIGHT, "value": 5}])
        with pytest.raises(Refused, match="weight -1 < 0"):
            await api.patch(REVIEWS, replaced(-1))
        absent = await api.get(f"{SERVICES}/nobody")

    assert absent is None


async def test_a_list_in_pages_is_whole(tmp_path: Path) -> None:
    """A service left out of a list would be taken for deleted."""
    async with serving(cluster()) as http, live(http, tmp_path) as api:
        for number in range(1100):
            http.store.create(VIRTUAL_SERVICE, "default", reviews(name=f"r{number}"))
        found, version = await api.list(SERVICES)

    assert len({dig(obj, "metadata", "name") for obj in found}) == 1100
    assert version == str(http.store.version)


async def test_discovery_offers_the_best_version(tmp_path: Path) -> None:
    """The daemon asks which of Istio's versions are served before it watches one."""
    async with serving(cluster()) as http, live(http, tmp_path) as api:
        version = await served_version(api)

    assert version == "v1"


async def test_requests_are_counted_by_who_asks_for_what(tmp_path: Path) -> None:
    """A bench tells the daemon's calls from its own."""
    async with serving(cluster()) as http, live(http, tmp_path) as api:
        await api.create(SERVICES, reviews())
        await http.ask("GET", REVIEWS, User_Agent="bench")

    counts = {
        (verb, plural): count
        for (verb, plural, agent), count in http.serving.server.requests.items()
        if agent.startswith("rolloutd/")
    }
    assert counts == {("create", "virtualservices"): 1}
