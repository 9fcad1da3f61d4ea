"""Only a leader writes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from rolloutd.adapters.kubernetes.fenced import FencedApi
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import KubeApi
from tests.adapters.kubernetes.objects import SHOP, service
from tests.fakes.kube import FakeKube

ITEM = f"{SHOP}/a"


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda api: api.create(SHOP, service("b")), id="create"),
        pytest.param(lambda api: api.replace(ITEM, service("a")), id="replace"),
        pytest.param(lambda api: api.patch(ITEM, []), id="patch"),
        pytest.param(lambda api: api.merge(ITEM, {}), id="merge"),
    ],
)
@pytest.mark.parametrize("left", [4.9, 5.1])
async def test_a_write_begins_only_if_the_lease_outlives_it(
    write: Callable[[KubeApi], Awaitable[object]], left: float
) -> None:
    """A write under way when another takes over is two leaders at once."""
    kube = FakeKube()
    kube.put(ITEM, service("a"))
    api = FencedApi(kube, lambda margin: margin < left, margin=Seconds(5.0))

    try:
        await write(api)
        written = True
    except Unavailable:
        written = False

    assert written is (left > 5.0)
    assert bool(kube.requests) is written


async def test_reading_needs_no_lease() -> None:
    """A follower keeps its cache warm, so that it leads within a second."""
    kube = FakeKube()
    kube.put(ITEM, service("a"))
    api = FencedApi(kube, lambda _margin: False, margin=Seconds(5.0))

    listed, version = await api.list(SHOP)

    assert len(listed) == 1
    assert await api.get(ITEM) is not None
    assert api.watch(SHOP, version) is not None
