"""Runs are found by what they left on VirtualServices, and nobody else's are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.istio.records import RecordIndex
from rolloutd.core.plan import Key, Plan, Routes
from rolloutd.core.record_text import to_text
from rolloutd.core.state import Phase, Record
from rolloutd.core.stray import Stray
from rolloutd.core.units import Instant
from rolloutd.ports import Json
from tests.builders import a_plan, a_record

US = "rolloutd/rolloutd"
PLAN = dataclasses.replace(
    a_plan(), virtual_services=(Routes(virtual_service="shop", routes=()),)
)
RECORD = a_record(PLAN, routes=PLAN.virtual_services)


def marked(record: Record | str, plan: str = PLAN.key.name, owner: str = US) -> dict[str, str]:
    """Return the annotations of one run."""
    keys = ours.keys(plan)
    written = record if isinstance(record, str) else to_text(record)
    return {keys.record: written, keys.owner: ours.owner(owner, plan)}


def virtual_service(annotations: dict[str, str], name: str = "shop") -> Json:
    """Return a VirtualService with these annotations."""
    return {"metadata": {"namespace": "default", "name": name, "annotations": annotations}}


def strays(*objects: Json, plans: Sequence[Plan] = ()) -> Sequence[Stray]:
    """Return what an index finds among these."""
    index = RecordIndex(US)
    for obj in objects:
        index.changed("ADDED", obj)
    return index.strays(plans)


def test_a_run_that_no_plan_names_is_found() -> None:
    """By its key, with all that its record says."""
    assert strays(virtual_service(marked(RECORD))) == [Stray(key=PLAN.key, record=RECORD)]


def test_a_run_that_its_plan_names_is_none() -> None:
    """It is carried out."""
    assert strays(virtual_service(marked(RECORD)), plans=[PLAN]) == []


def test_a_run_of_a_plan_that_names_another_place_is_found() -> None:
    """The plan was moved."""
    elsewhere = dataclasses.replace(
        PLAN, virtual_services=(Routes(virtual_service="till", routes=()),)
    )

    assert len(strays(virtual_service(marked(RECORD)), plans=[elsewhere])) == 1


def test_a_long_name_is_found_whole() -> None:
    """The key of its annotations is cut; who is responsible goes by the full name."""
    name = "a" * 100
    found = strays(virtual_service(marked(RECORD, plan=name)))

    assert [stray.key for stray in found] == [Key("default", name)]


@pytest.mark.parametrize("phase", set(Phase) - {Phase.PROGRESSING, Phase.PAUSED})
def test_a_run_that_is_not_under_way_is_none(phase: Phase) -> None:
    """Its weights are nobody's, or everybody's."""
    record = dataclasses.replace(RECORD, phase=phase)

    assert strays(virtual_service(marked(record))) == []


@pytest.mark.parametrize(
    "annotations",
    [
        marked(RECORD, owner="other/rolloutd"),
        {ours.keys(PLAN.key.name).record: to_text(RECORD)},
        {**marked(RECORD), ours.keys(PLAN.key.name).owner: f"{US}:another-plan"},
        marked("{}"),
        {ours.keys(PLAN.key.name).owner: ours.owner(US, PLAN.key.name)},
        marked(dataclasses.replace(RECORD, routes=())),
    ],
    ids=["another's", "nobody's", "two names", "unreadable", "no record", "unknown routes"],
)
def test_what_is_not_surely_ours_is_left_alone(annotations: dict[str, str]) -> None:
    """Other installations' plans are not ours to know."""
    assert strays(virtual_service(annotations)) == []


def test_a_copy_of_a_virtual_service_is_left_alone() -> None:
    """Somebody copied it with ``kubectl get -o yaml``, our annotations and all."""
    assert strays(virtual_service(marked(RECORD), name="shop-copy")) == []


@pytest.mark.parametrize(
    ("phase", "since", "routes", "is_overruled"),
    [
        (Phase.PROGRESSING, 5.0, PLAN.virtual_services, True),
        (Phase.PROMOTED, 5.0, (), True),
        (Phase.PROMOTED, -5.0, PLAN.virtual_services, False),
        (Phase.ROLLED_BACK, 5.0, PLAN.virtual_services, False),
        (Phase.PROMOTED, 5.0, (Routes(virtual_service="till", routes=()),), False),
    ],
    ids=["under way", "promoted, routes unknown", "earlier", "rolled back", "elsewhere"],
)
def test_a_later_run_on_the_same_routes_keeps_its_weights(
    phase: Phase, since: float, routes: tuple[Routes, ...], *, is_overruled: bool
) -> None:
    """To put them back would take traffic from another plan's canary."""
    later = dataclasses.replace(
        RECORD, phase=phase, since=Instant(RECORD.since + since), routes=routes
    )
    both = {**marked(RECORD), **marked(later, plan="other", owner="x/y")}

    assert (strays(virtual_service(both)) == []) is is_overruled


def test_another_record_that_can_not_be_read_overrules_nothing() -> None:
    """Nobody knows whose weights those would be."""
    both = {**marked(RECORD), **marked("{}", plan="other")}

    assert len(strays(virtual_service(both))) == 1


def test_what_falls_to_another_replica_is_left_to_it() -> None:
    """Replicas may share plans out among them."""
    index = RecordIndex(US, lambda key: key != PLAN.key)
    index.changed("ADDED", virtual_service(marked(RECORD)))

    assert index.strays(()) == []


@pytest.mark.parametrize("change", ["DELETED", "MODIFIED"])
def test_a_mark_that_went_is_forgotten(change: str) -> None:
    """With the VirtualService, or by hand."""
    index = RecordIndex(US)
    index.changed("ADDED", virtual_service(marked(RECORD)))
    kept = marked(RECORD) if change == "DELETED" else {}
    index.changed(change, virtual_service(kept))

    assert index.strays(()) == []
