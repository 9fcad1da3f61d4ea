"""managedFields say who wrote what, and server-side apply goes by them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rolloutd.adapters.kubernetes.fields import dig, items, text
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes import verbs
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.locations import locate
from rolloutd.sandbox.kubernetes.store import Store, Write
from rolloutd.sandbox.kubernetes.verbs import Patch, PatchType
from tests.sandbox.kubernetes.examples import (
    DEPLOYMENTS,
    REVIEWS,
    SERVICES,
    WEB,
    cluster,
    reviews,
    web,
)


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who writes."""

    store: Store
    manager: str

    def create(self, path: str, body: Json) -> Json:
        """Add an object."""
        return verbs.create(self.store, locate(path), body, Write(manager=self.manager))

    def apply(self, path: str, body: Json, *, force: bool = False) -> Json:
        """Declare an object."""
        return self._patch(path, Patch(type=PatchType.APPLY, body=body, force=force))

    def patch(self, path: str, *operations: Json) -> Json:
        """Change an object."""
        return self._patch(path, Patch(type=PatchType.JSON, body=list(operations)))

    def _patch(self, path: str, change: Patch) -> Json:
        at, write = locate(path), Write(manager=self.manager)
        return verbs.patch(self.store, at, change, write)


def owners(obj: Json) -> dict[str, object]:
    """Return who owns what."""
    return {
        f"{text(entry, 'manager')} {text(entry, 'operation')}": dig(entry, "fieldsV1")
        for entry in items(obj, "metadata", "managedFields")
    }


def weight(value: int) -> Json:
    """Make an operation that moves traffic."""
    return {"op": "replace", "path": "/spec/http/0/route/0/weight", "value": value}


def environment(obj: Json) -> list[object]:
    """Return the names of a container's environment variables."""
    [container] = items(obj, "spec", "template", "spec", "containers")
    return [dig(each, "name") for each in items(container, "env")]


def with_env(*names: str) -> Json:
    """Declare a Deployment's container with these environment variables."""
    env = [{"name": name, "value": "1"} for name in names]
    containers = [{"name": "app", "image": "web:v1", "env": env}]
    return {
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def test_who_moves_weights_owns_all_routes() -> None:
    """Lists of custom resources are atomic: that is why we may not *apply* weights."""
    store = cluster()
    Client(store, "git").create(SERVICES, reviews())
    moved = Client(store, "rolloutd").patch(REVIEWS, weight(80))

    assert owners(moved) == {
        "git Update": {"f:spec": {"f:hosts": {}}},
        "rolloutd Update": {"f:spec": {"f:http": {}}},
    }


def test_ownership_can_be_given_back() -> None:
    """After a rollout, Git's changes of the routes must no longer be hidden by us."""
    store = cluster()
    Client(store, "git").create(SERVICES, reviews())
    ours = Client(store, "rolloutd")
    ours.patch(REVIEWS, weight(80))
    released = ours.patch(REVIEWS, {"op": "remove", "path": "/metadata/managedFields/1"})

    assert list(owners(released)) == ["git Update"]


def test_a_field_that_another_owns_is_refused() -> None:
    """Argo CD would otherwise put the weights back in the middle of a rollout."""
    store = cluster()
    git = Client(store, "git")
    git.apply(REVIEWS, reviews())
    Client(store, "rolloutd").patch(REVIEWS, weight(80))

    with pytest.raises(ApiFailure, match=r'conflict with "rolloutd" using .*: \.spec\.http$'):
        git.apply(REVIEWS, reviews())


def test_force_takes_the_field() -> None:
    """People can always take back what is theirs."""
    store = cluster()
    git = Client(store, "git")
    git.apply(REVIEWS, reviews())
    Client(store, "rolloutd").patch(REVIEWS, weight(80))
    taken = git.apply(REVIEWS, reviews(), force=True)

    assert taken["spec"] == reviews()["spec"]
    assert list(owners(taken)) == ["git Apply"]


def test_applying_the_same_again_is_no_write() -> None:
    """GitOps applies every few minutes, for ever."""
    store = cluster()
    git = Client(store, "git")
    first = git.apply(REVIEWS, reviews())

    assert git.apply(REVIEWS, reviews()) == first


def test_what_is_no_longer_declared_is_removed() -> None:
    """Deleting a line in Git must delete it in the cluster."""
    store = cluster()
    git = Client(store, "git")
    git.apply(WEB, {**web(), **with_env("A", "B")})
    after = git.apply(WEB, with_env("A"))

    assert environment(after) == ["A"]


def test_entries_of_others_stay() -> None:
    """A sidecar injector's variables must survive the next apply."""
    store = cluster()
    Client(store, "git").apply(WEB, with_env("A"))
    Client(store, "injector").apply(WEB, with_env("B"))
    after = Client(store, "git").apply(WEB, with_env("A", "C"))

    assert sorted(map(str, environment(after))) == ["A", "B", "C"]


def test_a_status_is_owned_apart() -> None:
    """A controller's report must not make it owner of the spec."""
    store = cluster()
    Client(store, "git").create(DEPLOYMENTS, web())
    at = locate(f"{WEB}/status")
    change = Patch(type=PatchType.MERGE, body={"status": {"replicas": 2}})
    after = verbs.patch(store, at, change, Write(manager="controller", subresource="status"))

    entry = items(after, "metadata", "managedFields")[-1]
    assert (text(entry, "subresource"), dig(entry, "fieldsV1")) == (
        "status",
        {"f:status": {"f:replicas": {}}},
    )
