"""The patch itself, operation by operation."""

from __future__ import annotations

import pytest

from rolloutd.adapters.istio.patch import Notes, Order, operations, pointer
from rolloutd.adapters.istio.routes import Routing, find
from rolloutd.core.units import Percent
from rolloutd.errors import Refused
from rolloutd.ports import Json
from tests.adapters.istio.examples import PLAN, Written, route, to, virtual_service

NOTHING = Notes(lasting={}, passing={})


def patch(
    written: Json, canary: int, notes: Notes = NOTHING, *, epoch: int | None = None
) -> list[Json]:
    routing = find(written, PLAN, (), domain="cluster.local")
    assert isinstance(routing, Routing)
    order = Order(routing=routing, canary=Percent(canary))
    return list(operations(written, order, notes, epoch=epoch))


def test_patch_tests_then_claims_then_moves_then_notes() -> None:
    """What must still be true comes first; the version read fences the rest."""
    written = Written(
        http=[route(to("v3", 90), to("v4", 10), name="main")],
        annotations={"rolloutd.io/epoch": "3"},
    ).object()
    notes = Notes(lasting={"rolloutd.io/record.x": "r"}, passing={"why": "w"})
    notes_path = "/metadata/annotations"

    assert patch(written, 50, notes, epoch=4) == [
        {"op": "test", "path": "/spec/http/0/name", "value": "main"},
        {
            "op": "test",
            "path": "/spec/http/0/route/0/destination",
            "value": {"host": "data-product", "subset": "v3"},
        },
        {
            "op": "test",
            "path": "/spec/http/0/route/1/destination",
            "value": {"host": "data-product", "subset": "v4"},
        },
        {"op": "test", "path": f"{notes_path}/rolloutd.io~1epoch", "value": "3"},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 50},
        {"op": "replace", "path": "/spec/http/0/route/1/weight", "value": 50},
        {"op": "add", "path": f"{notes_path}/rolloutd.io~1record.x", "value": "r"},
        {"op": "add", "path": f"{notes_path}/rolloutd.io~1epoch", "value": "4"},
        {"op": "add", "path": f"{notes_path}/why", "value": "w"},
    ]


def test_annotations_are_created_where_there_are_none() -> None:
    """A member cannot be added to an object that is not there."""
    notes = Notes(lasting={"a": "1"}, passing={"b": "2"})

    assert patch(virtual_service(route(to("v3"))), 0, notes)[-1] == {
        "op": "add",
        "path": "/metadata/annotations",
        "value": {"a": "1", "b": "2"},
    }


def test_absent_canary_is_added_beside_stable() -> None:
    """A person who reads the route finds the arms together; the third one is not touched."""
    written = virtual_service(route(to("v3", 80), to("v1", 20)))

    assert patch(written, 10)[-2:] == [
        {"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 72},
        {
            "op": "add",
            "path": "/spec/http/0/route/1",
            "value": {"destination": {"host": "data-product", "subset": "v4"}, "weight": 8},
        },
    ]


def test_added_canary_takes_stables_port() -> None:
    """Istio asks for the port where a service has several."""
    target = {"host": "data-product", "subset": "v3", "port": {"number": 9090}}
    added = patch(virtual_service(route({"destination": target})), 100)[-1]

    assert added["value"] == {
        "destination": {"host": "data-product", "subset": "v4", "port": {"number": 9090}},
        "weight": 100,
    }


def test_left_out_weight_is_added() -> None:
    """``replace`` of an absent member fails the whole patch."""
    assert patch(virtual_service(route(to("v3"))), 10)[-2] == {
        "op": "add",
        "path": "/spec/http/0/route/0/weight",
        "value": 90,
    }


def test_weight_that_fits_already_is_not_mentioned() -> None:
    """Less to say is less to conflict with."""
    paths = [operation["path"] for operation in patch(virtual_service(route(to("v3", 90))), 10)]

    assert "/spec/http/0/route/0/weight" not in paths


def test_absent_canary_at_zero_is_left_absent() -> None:
    """A rollback before the first step has nothing to do."""
    assert patch(virtual_service(route(to("v3"))), 0) == []


def test_passing_notes_are_no_reason_to_write() -> None:
    """A reason for a change that does not happen is no news."""
    notes = Notes(lasting={}, passing={"why": "again"})

    assert patch(virtual_service(route(to("v3", 90), to("v4", 10))), 10, notes) == []


def test_route_in_step_is_not_written_but_still_tested() -> None:
    """The record speaks of it, so it has to be the route that was read."""
    written = virtual_service(
        route(to("v3", 90), to("v4", 10)), route(to("v3", 1), to("v4", 1))
    )
    paths = [str(operation["path"]) for operation in patch(written, 10)]

    assert "/spec/http/0/route/0/destination" in paths
    assert "/spec/http/0/route/0/weight" not in paths


def test_object_without_a_version_is_refused() -> None:
    """A write that nothing fences could overwrite anyone's."""
    written = virtual_service(route(to("v3")))
    meta = written["metadata"]
    assert isinstance(meta, dict)
    del meta["resourceVersion"]

    with pytest.raises(Refused, match="resourceVersion"):
        patch(written, 10)


def test_pointers_are_escaped() -> None:
    """Annotation keys have slashes."""
    assert pointer("a/b", "c~d", 0) == "/a~1b/c~0d/0"
