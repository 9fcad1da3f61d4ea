"""The API without HTTP answers as the live client does."""

from __future__ import annotations

import asyncio

import pytest

from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.errors import Conflict, Refused
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.direct import DirectApi
from rolloutd.sandbox.kubernetes.store import Store
from tests.sandbox.kubernetes.examples import (
    DEPLOYMENTS,
    REVIEWS,
    SERVICES,
    WEB,
    cluster,
    reviews,
    web,
)

WEIGHT = "/spec/http/0/route/0/weight"


async def served() -> tuple[Store, DirectApi]:
    """Make a cluster with a VirtualService."""
    store = cluster()
    api = DirectApi(store)
    await api.create(SERVICES, reviews())
    return store, api


def replaced(weight: int) -> list[Json]:
    """Make a patch of one weight."""
    return [{"op": "replace", "path": WEIGHT, "value": weight}]


async def test_absence_is_a_value() -> None:
    """The elector creates the lease where there is none."""
    _, api = await served()

    assert await api.get(f"{SERVICES}/nobody") is None


async def test_a_failed_test_is_a_conflict() -> None:
    """It means that somebody wrote: look again, decide again."""
    _, api = await served()

    with pytest.raises(Conflict):
        await api.patch(REVIEWS, [{"op": "test", "path": WEIGHT, "value": 5}])


async def test_a_patch_that_names_an_old_version_is_a_conflict() -> None:
    """So the daemon's patches are fenced."""
    _, api = await served()
    old = dig(await api.get(REVIEWS), "metadata", "resourceVersion")
    await api.patch(REVIEWS, replaced(80))
    fence: Json = {"op": "replace", "path": "/metadata/resourceVersion", "value": old}

    with pytest.raises(Conflict):
        await api.patch(REVIEWS, [fence, *replaced(70)])


async def test_a_negative_weight_is_refused_as_istio_refuses() -> None:
    """Only the webhook stands between a bad weight and Envoy."""
    _, api = await served()

    with pytest.raises(Refused, match=r"(?s)validation\.istio\.io.*weight -1 < 0"):
        await api.patch(REVIEWS, replaced(-1))


async def test_weights_need_not_sum_to_a_hundred() -> None:
    """Istio divides by the sum; who tests with our sandbox must meet such routes too."""
    _, api = await served()
    obj = await api.patch(REVIEWS, replaced(30))

    assert obj["spec"] == reviews(30, 10)["spec"]


async def test_every_version_shows_the_same_object() -> None:
    """People's manifests name v1beta1 while the daemon prefers v1."""
    _, api = await served()
    old = await api.get(REVIEWS.replace("/v1/", "/v1alpha3/"))
    new = await api.get(REVIEWS)

    assert old == {**(new or {}), "apiVersion": "networking.istio.io/v1alpha3"}


async def test_events_of_both_groups_are_one() -> None:
    """``kubectl get events`` reads the old form of what the daemon writes in the new."""
    _, api = await served()
    event: Json = {"metadata": {"name": "e"}, "note": "moved", "regarding": {"name": "reviews"}}
    await api.create("/apis/events.k8s.io/v1/namespaces/default/events", event)
    seen = await api.get("/api/v1/namespaces/default/events/e")

    assert (dig(seen, "message"), dig(seen, "involvedObject", "name")) == ("moved", "reviews")


async def test_scaling_goes_through_its_own_form() -> None:
    """The daemon takes the old version to 0 this way."""
    _, api = await served()
    await api.create(DEPLOYMENTS, web())
    scale = await api.merge(f"{WEB}/scale", {"spec": {"replicas": 0}})

    assert scale["kind"] == "Scale"
    assert dig(await api.get(WEB), "spec", "replicas") == 0


async def test_a_scale_of_a_version_that_is_past_is_a_conflict() -> None:
    """As on a real server: what names the workload's version is done to no other."""
    _, api = await served()
    read = await api.create(DEPLOYMENTS, web())
    await api.merge(WEB, {"metadata": {"labels": {"touched": "yes"}}})
    lock = {"resourceVersion": dig(read, "metadata", "resourceVersion")}

    with pytest.raises(Conflict):
        await api.merge(f"{WEB}/scale", {"metadata": lock, "spec": {"replicas": 0}})

    assert dig(await api.get(WEB), "spec", "replicas") != 0


async def test_a_watch_tells_what_was_missed_and_what_comes() -> None:
    """Between a list and its watch nothing may fall through."""
    store, api = await served()
    _, version = await api.list(SERVICES)
    await api.patch(REVIEWS, replaced(80))
    seen: list[tuple[str, object]] = []

    async def follow() -> None:
        async for change, obj in api.watch(SERVICES, version):
            seen.append((change, dig(obj, "metadata", "generation")))

    async with asyncio.TaskGroup() as group:
        group.create_task(follow(), name="watch")
        while not store.history.followers:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)  # noqa: TID251 - a loop turn, not a wait
        await api.patch(REVIEWS, replaced(70))
        store.history.end_watches()

    assert seen == [("MODIFIED", 2), ("MODIFIED", 3)]


async def test_a_forgotten_version_is_a_conflict() -> None:
    """The reflector lists again then."""
    store, api = await served()
    store.history.forget()

    with pytest.raises(Conflict, match="too old"):
        await anext(aiter(api.watch(SERVICES, "100")))


async def test_answers_are_the_callers_own() -> None:
    """A caller that changes its answer must not change the cluster."""
    _, api = await served()
    answer = await api.get(REVIEWS)
    assert answer is not None
    answer["spec"] = None

    assert dig(await api.get(REVIEWS), "spec", "hosts") == ["reviews"]
