"""The state of the cluster keeps Kubernetes' promises."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    POD,
    VIRTUAL_SERVICE,
)
from rolloutd.sandbox.kubernetes.store import Removal, Store, Write
from tests.sandbox.kubernetes.examples import cluster, named, reviews, web

REVIEWS = Ref(VIRTUAL_SERVICE, "default", "reviews")


def stored(body: Json | None = None) -> tuple[Store, Json]:
    """Make a cluster with a VirtualService."""
    store = cluster()
    return store, store.create(VIRTUAL_SERVICE, "default", body or reviews())


def version(obj: Json) -> int:
    """Return an object's version as a number."""
    return int(str(dig(obj, "metadata", "resourceVersion")))


def test_a_new_object_gets_its_identity() -> None:
    """Clients tell a recreated object from the old one by uid alone."""
    _, obj = stored()

    assert dig(obj, "metadata", "creationTimestamp") == "2026-03-14T12:00:00Z"
    assert dig(obj, "metadata", "generation") == 1
    assert len(str(dig(obj, "metadata", "uid"))) == 36


def test_equal_seeds_give_equal_uids() -> None:
    """A failed simulation must be repeatable to the letter."""
    assert stored()[1] == stored()[1]


def test_a_taken_name_is_refused() -> None:
    """Leader election rests on it: of two who create the lease, one must lose."""
    store, _ = stored()

    with pytest.raises(ApiFailure, match="already exists"):
        store.create(VIRTUAL_SERVICE, "default", reviews())


def test_a_stale_version_is_refused() -> None:
    """Optimistic locks are what keeps two writers from undoing each other."""
    store, old = stored()
    store.commit(REVIEWS, reviews(80, 20))

    with pytest.raises(ApiFailure) as refused:
        store.commit(REVIEWS, {**old, "spec": reviews(70, 30)["spec"]})
    assert (refused.value.code, refused.value.reason) == (409, "Conflict")


def test_another_uid_is_refused() -> None:
    """A write meant for a deleted object must not hit its namesake."""
    store, _ = stored()

    with pytest.raises(ApiFailure, match="UID in precondition"):
        store.commit(REVIEWS, reviews(uid="of-another"))


def test_versions_rise_over_all_kinds() -> None:
    """Clients order what they see of one collection by it."""
    store, first = stored()
    second = store.create(CONFIG_MAP, "default", named("settings"))

    assert version(second) > version(first)


def test_a_write_that_changes_nothing_makes_no_version() -> None:
    """Repeating a write must not wake every watcher."""
    store, old = stored()

    assert store.commit(REVIEWS, reviews()) is old


def test_generation_counts_changes_of_the_spec_alone() -> None:
    """``observedGeneration`` would never catch up with labels."""
    store, _ = stored()
    labelled = store.commit(REVIEWS, reviews(labels={"team": "x"}))
    moved = store.commit(REVIEWS, reviews(80, 20))

    assert dig(labelled, "metadata", "generation") == 1
    assert dig(moved, "metadata", "generation") == 2


def test_the_status_is_written_through_its_own_path() -> None:
    """Who applies a manifest must not wipe out what a controller reported."""
    store, _ = stored()
    status = {"conditions": [{"type": "Ready"}]}
    store.commit(REVIEWS, {"status": status, "spec": {}}, Write(subresource="status"))
    after = store.commit(REVIEWS, reviews(80, 20))

    assert after["status"] == status
    assert after["spec"] == reviews(80, 20)["spec"]


def test_a_dry_run_stores_nothing() -> None:
    """``kubectl diff`` writes this way."""
    store, old = stored()
    would = store.commit(REVIEWS, reviews(50, 50), Write(dry_run=True))

    assert would["spec"] == reviews(50, 50)["spec"]
    assert store.get(REVIEWS) is old


def test_finalizers_hold_an_object_back_until_they_are_gone() -> None:
    """A controller cleans up before its object vanishes."""
    store, _ = stored(reviews(finalizers=["example.com/clean"]))
    marked = store.delete(REVIEWS)
    is_there = store.find(REVIEWS) is not None
    store.commit(REVIEWS, reviews())

    assert dig(marked, "metadata", "deletionTimestamp") == "2026-03-14T12:00:00Z"
    assert is_there
    assert store.find(REVIEWS) is None


def test_a_precondition_protects_from_deleting_another_object() -> None:
    """A cleaner that saw an old object must not delete its successor."""
    store, _ = stored()

    with pytest.raises(ApiFailure, match="Precondition failed"):
        store.delete(REVIEWS, Removal(uid="of-another"))


def test_what_is_owned_goes_with_its_owner() -> None:
    """Deleting a Deployment must not leave pods that take traffic."""
    store = cluster()
    owner = store.create(DEPLOYMENT, "default", web())
    owners = [{"kind": "Deployment", "name": "web", "uid": dig(owner, "metadata", "uid")}]
    store.create(POD, "default", named("web-1", ownerReferences=owners))
    store.create(POD, "default", named("other"))
    store.delete(Ref(DEPLOYMENT, "default", "web"))

    assert [dig(pod, "metadata", "name") for pod in store.list(POD)] == ["other"]


def test_a_namespace_takes_its_contents_along() -> None:
    """Tests clean up this way."""
    store, _ = stored()
    store.delete(Ref(NAMESPACE, "", "default"))

    assert store.list(VIRTUAL_SERVICE) == []


def test_nothing_is_created_where_there_is_no_namespace() -> None:
    """A typo must not become a second, empty world."""
    store = cluster()

    with pytest.raises(ApiFailure, match='namespaces "shpo" not found'):
        store.create(VIRTUAL_SERVICE, "shpo", reviews())


def test_generated_names_are_filled_up() -> None:
    """Events and pods are created without a name of their own."""
    store = cluster()
    obj = store.create(POD, "default", {"metadata": {"generateName": "web-"}})

    assert len(str(dig(obj, "metadata", "name"))) == len("web-") + 5


def test_history_begins_again_after_4096_changes() -> None:
    """A client that slept too long must be told, not given half of the story."""
    store, old = stored()
    for turn in range(4097):
        store.commit(REVIEWS, reviews(turn + 1, 1))

    with pytest.raises(ApiFailure) as refused:
        store.history.since(version(old))
    assert refused.value.code == 410


def test_a_change_just_before_the_oldest_known_is_enough() -> None:
    """One refusal too many would make every client list again for nothing."""
    store, old = stored()
    for turn in range(4095):
        store.commit(REVIEWS, reviews(turn + 1, 1))

    assert len(store.history.since(version(old))) == 4095
