"""Workloads are read from the cache and say what meters and decisions need."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.adapters.kubernetes.readiness import counted
from rolloutd.adapters.kubernetes.trim import STATS_PORT
from rolloutd.adapters.kubernetes.workloads import CachedWorkloads
from rolloutd.errors import Refused, Unavailable
from rolloutd.ports import Json, OnChange, Workloads
from tests.adapters.kubernetes.objects import DEPLOYMENTS, deployment, pod
from tests.fakes.kube import FakeKube


class Shelf:
    """A cache that holds what it is given."""

    def __init__(self, *objects: tuple[str, Json]) -> None:
        self._objects = objects

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return one object."""
        for obj in self.list(kind, namespace):
            metadata = obj["metadata"]
            assert isinstance(metadata, dict)
            if metadata["name"] == name:
                return obj
        return None

    def list(self, kind: str, namespace: str) -> Collection[Json]:
        """Return all objects of a kind; there is but one namespace here."""
        assert namespace == "shop"
        return [obj for each, obj in self._objects if each == kind]

    def subscribe(self, kind: str, listener: OnChange) -> None:
        """Tell of what is held; nothing ever changes."""
        for obj in self.list(kind, "shop"):
            listener("ADDED", obj)


def workloads(*pods: Json, kube: FakeKube | None = None, replicas: int = 2) -> Workloads:
    """Return workloads over one Deployment ``checkout`` and some pods."""
    held = deployment(spec={"replicas": replicas})
    objects = [("Deployment", held), *(("Pod", each) for each in pods)]
    return CachedWorkloads(Shelf(*objects), kube or FakeKube())


def addresses(*pods: Json) -> list[str]:
    """Return where the pods of ``checkout`` are."""
    return [each.address for each in workloads(*pods).pods("shop", "checkout")]


def test_a_deployment_that_is_not_there_is_none() -> None:
    """Not there is not the same as not ready."""
    assert workloads().deployment("shop", "nobody") is None


def test_a_deployment_is_seen_as_it_is() -> None:
    """The engine asks by name and gets readiness and revision."""
    found = workloads().deployment("shop", "checkout")

    assert found is not None
    assert found.ready


def test_pods_come_by_name_with_address_and_start() -> None:
    """Meters need a stable order and know what a young pod counted before they saw it."""
    found = workloads(pod("b"), pod("a")).pods("shop", "checkout")

    assert [each.name for each in found] == ["a", "b"]
    assert (found[0].address, found[0].started) == ("10.0.0.7", 1_704_067_200.0)


@pytest.mark.parametrize(
    "absent",
    [
        pytest.param(pod("a", status={"phase": "Pending"}), id="pending"),
        pytest.param(pod("a", status={"podIP": ""}), id="no address"),
        pytest.param(
            pod("a", metadata={"deletionTimestamp": "2024-01-01T00:00:00Z"}), id="terminating"
        ),
        pytest.param(pod("a", metadata={"labels": {"app": "other"}}), id="another app"),
        pytest.param(
            pod(
                "a",
                metadata={
                    "labels": {"app": "checkout", "pod-template-hash": "77f"},
                    "ownerReferences": [{"kind": "ReplicaSet", "name": "checkout-v3-77f"}],
                },
            ),
            id="another Deployment's, by its ReplicaSet",
        ),
    ],
)
def test_pods_that_do_not_serve_are_left_out(absent: Json) -> None:
    """A meter would wait for them until its deadline, at every look."""
    assert addresses(absent) == []


def test_a_pod_of_the_deployments_own_replica_set_is_taken() -> None:
    """The ReplicaSet is named after the Deployment and the template's hash."""
    own = pod(
        "a",
        metadata={
            "labels": {"app": "checkout", "pod-template-hash": "77f"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "checkout-77f"}],
        },
    )

    assert addresses(own) == ["10.0.0.7"]


@pytest.mark.parametrize(
    ("ip", "annotation", "address"),
    [
        ("10.0.0.7", "15090", "10.0.0.7:15090"),
        ("fd00::7", "15090", "[fd00::7]:15090"),
        ("fd00::7", "", "[fd00::7]"),
        ("10.0.0.7", "http", "10.0.0.7"),
        ("10.0.0.7", "70000", "10.0.0.7"),
    ],
)
def test_the_stats_port_annotation_becomes_part_of_the_address(
    ip: str, annotation: str, address: str
) -> None:
    """The result must fit into a URL as it is; nonsense falls back to the plan's port."""
    annotated = pod(
        "a",
        metadata={"annotations": {STATS_PORT: annotation}},
        status={"podIP": ip},
    )

    assert addresses(annotated) == [address]


@pytest.mark.parametrize("stamp", [None, "soon"])
def test_a_pod_without_a_start_counts_as_old(stamp: str | None) -> None:
    """Old is the careful reading: its totals so far are not taken for news."""
    found = workloads(pod("a", status={"startTime": stamp})).pods("shop", "checkout")

    assert found[0].started == 0.0


def a_service() -> tuple[FakeKube, Workloads]:
    """Return a server with a Deployment ``checkout``, and workloads that have seen it."""
    kube = FakeKube()
    kube.put(f"{DEPLOYMENTS}/checkout", deployment())
    held = kube.objects[f"{DEPLOYMENTS}/checkout"]
    return kube, CachedWorkloads(Shelf(("Deployment", held)), kube)


def replicas(kube: FakeKube) -> object:
    """Return how many ``checkout`` is to have."""
    return dig(kube.objects[f"{DEPLOYMENTS}/checkout"], "spec", "replicas")


def version(found: Workloads) -> int:
    """Return the version in which ``checkout`` was seen."""
    checkout = found.deployment("shop", "checkout")
    assert checkout is not None
    return checkout.version


async def test_scaling_down_sets_replicas_to_zero() -> None:
    """Through /scale: it needs no right to change the Deployment itself."""
    kube, found = a_service()

    await found.scale_to_zero("shop", "checkout", version(found))

    assert replicas(kube) == 0


async def test_what_has_changed_since_is_not_scaled_down() -> None:
    """A person scaled it up, to give it traffic: an order from before must not undo that."""
    kube, found = a_service()
    kube.put(f"{DEPLOYMENTS}/checkout", deployment(spec={"replicas": 4}))

    with pytest.raises(Unavailable):
        await found.scale_to_zero("shop", "checkout", version(found))

    assert replicas(kube) == 4


async def test_an_order_for_another_version_is_not_even_sent() -> None:
    """The server would refuse it; the next turn decides on what is there by then."""
    kube, found = a_service()

    with pytest.raises(Unavailable):
        await found.scale_to_zero("shop", "checkout", version(found) - 1)

    assert kube.requests == []


async def test_scaling_down_twice_asks_once() -> None:
    """Orders are restated every turn; the API server need not hear all of them."""
    kube = FakeKube()

    await workloads(kube=kube, replicas=0).scale_to_zero("shop", "checkout", 7)

    assert kube.requests == []


async def test_scaling_what_is_not_there_is_refused() -> None:
    """The plan names a Deployment that does not exist; a person must hear of it."""
    with pytest.raises(Refused):
        await workloads().scale_to_zero("shop", "nobody", 7)


@pytest.mark.parametrize("written", [None, "", "abc", "\u0664"])
def test_a_version_that_does_not_count_is_unknown(written: str | None) -> None:
    """Then nothing is scaled down: what can't be compared can't be fenced."""
    assert counted({"metadata": {"resourceVersion": written}}) == 0
