"""After a conflict the cache knows what is there."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.rereading import RereadingApi
from rolloutd.errors import Conflict, Unavailable
from rolloutd.ports import Json, KubeApi
from tests.adapters.kubernetes.objects import SHOP, service
from tests.fakes.kube import FakeKube

STALE: Json = {"op": "replace", "path": "/metadata/resourceVersion", "value": "0"}


async def test_a_conflict_brings_the_cache_up_to_date() -> None:
    """Deciding again on the same stale object would conflict again, until the watch came."""
    kube, absorbed = FakeKube(), list[tuple[str, Json]]()
    there = kube.put(f"{SHOP}/a", service("a", weight=50))
    api: KubeApi = RereadingApi(kube, lambda kind, obj: absorbed.append((kind, obj)))

    with pytest.raises(Conflict):
        await api.patch(f"{SHOP}/a", [STALE])

    assert absorbed == [("VirtualService", there)]


async def test_a_failed_reread_does_not_hide_the_conflict() -> None:
    """The engine must hear that the world moved, not that a second request failed."""
    kube, absorbed = FakeKube(), list[Json]()
    kube.put(f"{SHOP}/a", service("a"))
    kube.fail("get", Unavailable("502"))
    api = RereadingApi(kube, lambda _kind, obj: absorbed.append(obj))

    with pytest.raises(Conflict):
        await api.patch(f"{SHOP}/a", [STALE])

    assert absorbed == []


async def test_a_patch_that_fits_costs_one_request() -> None:
    """A step is exactly one write and no read."""
    kube = FakeKube()
    kube.put(f"{SHOP}/a", service("a"))
    api = RereadingApi(kube, lambda _kind, _obj: None)

    await api.patch(f"{SHOP}/a", [{"op": "replace", "path": "/spec/weight", "value": 10}])

    assert kube.requests == [("patch", f"{SHOP}/a")]
