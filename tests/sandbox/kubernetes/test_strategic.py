"""Lists of built-in kinds are merged by their keys."""

from __future__ import annotations

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.strategic import strategic_patch

POD: Json = {
    "containers": [
        {
            "name": "app",
            "image": "app:v1",
            "args": ["a", "b"],
            "ports": [{"containerPort": 80, "name": "http"}],
        },
        {"name": "proxy", "image": "proxy:v1"},
    ]
}


def patched(**change: object) -> list[Json]:
    """Return the containers after a patch of the first."""
    merged = strategic_patch(POD, {"containers": [{"name": "app", **change}]})["containers"]
    assert isinstance(merged, list)
    return merged


def test_one_container_is_changed_and_the_others_stay() -> None:
    """``kubectl set image`` names but the container that it means."""
    app, proxy = patched(image="app:v2")

    assert (app["image"], proxy["image"]) == ("app:v2", "proxy:v1")
    assert app["args"] == ["a", "b"]


def test_ports_are_told_apart_by_number() -> None:
    """A second port must not overwrite the first."""
    app, _ = patched(ports=[{"containerPort": 90}])

    assert app["ports"] == [{"containerPort": 80, "name": "http"}, {"containerPort": 90}]


def test_lists_without_a_key_are_replaced() -> None:
    """Arguments have an order; merged they would be nonsense."""
    app, _ = patched(args=["c"])

    assert app["args"] == ["c"]


def test_an_entry_is_deleted_by_its_key() -> None:
    """``kubectl edit`` removes a container this way."""
    [proxy] = patched(**{"$patch": "delete"})

    assert proxy["name"] == "proxy"


def test_nulls_and_directives_do_not_stay() -> None:
    """What steers the merge is no part of the object."""
    order = {"$setElementOrder/containers": [{"name": "app"}]}
    gone: Json = {"a": None, "$retainKeys": ["b"], **order}

    assert strategic_patch({"a": 1, "b": 2, "c": 3}, gone) == {"b": 2}


def test_values_are_taken_out_of_plain_lists() -> None:
    """Finalizers of others must survive the removal of one."""
    change: Json = {"$deleteFromPrimitiveList/finalizers": ["x"]}

    assert strategic_patch({"finalizers": ["x", "y"]}, change) == {"finalizers": ["y"]}
    assert strategic_patch({"finalizers": ["x"]}, {"finalizers": ["y"]}) == {
        "finalizers": ["x", "y"]
    }


def test_a_section_can_be_replaced_as_a_whole() -> None:
    """A change of the update strategy must not keep fields of the old one."""
    change: Json = {"strategy": {"$patch": "replace", "type": "Recreate"}}

    assert strategic_patch({"strategy": {"type": "R", "rollingUpdate": {}}}, change) == {
        "strategy": {"type": "Recreate"}
    }
