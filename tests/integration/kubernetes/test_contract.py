"""The fake and the live client keep the same promises, or tests on the fake mean nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rolloutd.adapters.kubernetes.api import LiveApi
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.adapters.kubernetes.transport import Transport
from rolloutd.errors import Conflict, Refused
from rolloutd.ports import Json, KubeApi
from tests.adapters.kubernetes.objects import SERVICES, SHOP, service, weight
from tests.adapters.kubernetes.paces import fake_pace
from tests.fakes.kube import FakeKube
from tests.integration.kubernetes.http_kube import HttpKube
from tests.integration.kubernetes.loop_clock import LoopClock
from tests.integration.kubernetes.test_api import Tokens

ITEM = f"{SHOP}/a"


@pytest.fixture(params=["fake", "live"])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[KubeApi]:
    """Return one of the two."""
    if request.param == "fake":
        yield FakeKube()
        return
    server, settings, pace = HttpKube(), ClientSettings(), fake_pace(LoopClock())
    async with server.serving():
        transport = Transport(Tokens(server.url), settings, pace.clock)
        yield LiveApi(transport, settings, pace)
        await transport.close()


def version(obj: Json | None) -> object:
    """Return the resourceVersion."""
    assert obj is not None
    metadata = obj["metadata"]
    assert isinstance(metadata, dict)
    return metadata["resourceVersion"]


async def test_what_was_created_is_read(api: KubeApi) -> None:
    """And what was not is ``None``."""
    created = await api.create(SHOP, service("a", weight=1))

    assert await api.get(ITEM) == created
    assert await api.get(f"{SHOP}/b") is None


async def test_a_name_is_taken_once(api: KubeApi) -> None:
    """Two candidates create the same lease: one learns that it lost."""
    await api.create(SHOP, service("a"))

    with pytest.raises(Conflict):
        await api.create(SHOP, service("a"))


async def test_only_the_version_read_can_be_replaced(api: KubeApi) -> None:
    """Optimistic locking is the base of leases."""
    first = await api.create(SHOP, service("a"))
    second = await api.replace(ITEM, first)

    with pytest.raises(Conflict):
        await api.replace(ITEM, first)
    assert version(await api.get(ITEM)) == version(second)


async def test_a_failed_test_changes_nothing(api: KubeApi) -> None:
    """The patch is one transaction: weights and record, or neither."""
    before = await api.create(SHOP, service("a", weight=1))

    with pytest.raises(Conflict):
        await api.patch(
            ITEM,
            [
                {"op": "replace", "path": "/spec/weight", "value": 2},
                {"op": "test", "path": "/metadata/name", "value": "b"},
            ],
        )
    assert await api.get(ITEM) == before


async def test_patches_return_the_new_object(api: KubeApi) -> None:
    """It goes straight into the cache."""
    await api.create(SHOP, service("a", weight=1))

    patched = await api.patch(ITEM, [{"op": "replace", "path": "/spec/weight", "value": 2}])
    merged = await api.merge(ITEM, {"spec": {"weight": 3}})

    assert (weight(patched), weight(merged)) == (2, 3)
    assert version(patched) != version(merged)


async def test_what_is_not_there_cannot_be_patched(api: KubeApi) -> None:
    """A person has to look: the plan names what does not exist."""
    with pytest.raises(Refused):
        await api.patch(ITEM, [])


async def test_a_watch_goes_on_where_a_list_ended(api: KubeApi) -> None:
    """No event between the two is lost, none comes twice."""
    await api.create(SHOP, service("a", weight=1))
    listed, since = await api.list(SERVICES)
    await api.create(SHOP, service("b", weight=2))
    await api.merge(ITEM, {"spec": {"weight": 3}})

    events = []
    async for change, obj in api.watch(SERVICES, since):
        events.append((change, weight(obj)))
        if len(events) == 2:
            break

    assert [weight(obj) for obj in listed] == [1]
    assert events == [("ADDED", 2), ("MODIFIED", 3)]
