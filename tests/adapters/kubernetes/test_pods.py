"""The index finds a Deployment's pods and nobody else's."""

from __future__ import annotations

from rolloutd.adapters.kubernetes.pods import PodIndex
from rolloutd.ports import Json
from tests.adapters.kubernetes.objects import pod


def owned(name: str, deployment: str, template: str = "77f") -> Json:
    """Return a pod of a Deployment."""
    return pod(
        name,
        metadata={
            "labels": {"app": "checkout", "pod-template-hash": template},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{deployment}-{template}"}],
        },
    )


def found(index: PodIndex, deployment: str) -> list[object]:
    """Return the pods that may be a Deployment's."""
    return list(index.candidates("shop", deployment))


def test_pods_are_found_by_their_deployment() -> None:
    """Selectors of stable and canary often overlap; owners do not."""
    index = PodIndex()
    ours, theirs = owned("a", "checkout"), owned("b", "checkout-v3")
    index.note("ADDED", ours)
    index.note("ADDED", theirs)

    assert found(index, "checkout") == [ours]
    assert found(index, "checkout-v3") == [theirs]


def test_a_pod_without_an_owner_is_everybodys_candidate() -> None:
    """Selectors decide then, as they do for Services."""
    index = PodIndex()
    bare = pod("bare")
    index.note("ADDED", bare)

    assert found(index, "checkout") == found(index, "other") == [bare]


def test_changes_replace_and_deletions_remove() -> None:
    """A pod that is gone must not be asked for its counts for ever."""
    index = PodIndex()
    index.note("ADDED", owned("a", "checkout"))
    newer = owned("a", "checkout") | {"status": {"phase": "Failed"}}
    index.note("MODIFIED", newer)
    replaced = found(index, "checkout")
    index.note("DELETED", newer)
    index.note("DELETED", newer)

    assert replaced == [newer]
    assert found(index, "checkout") == []


def test_a_pod_that_was_let_go_leaves_its_deployment() -> None:
    """People relabel a pod to debug it; its counts are the canary's no longer."""
    index = PodIndex()
    index.note("ADDED", owned("a", "checkout"))
    freed = pod("a", metadata={"labels": {"debug": "yes"}})

    index.note("MODIFIED", freed)
    after = found(index, "checkout")
    index.note("DELETED", freed)

    assert after == [freed]
    assert found(index, "checkout") == []
