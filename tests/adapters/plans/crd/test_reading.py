"""An object is judged as a file with the same text would be."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.adapters.plans.crd.reading import content, read_object
from tests.adapters.plans.crd.objects import plan_object
from tests.adapters.plans.forms import changed, plan, reading, with_spec

NAME = "RolloutPlan default/shop"

BROKEN = {
    "misspelt": changed(("hold: 5m", "hodl: 5m")),
    "falling": changed(("weight: 10,", "weight: 100,"), ("{weight: 100}]", "{weight: 50}]")),
    "gate twice": with_spec("  - {name: success-rate, type: successRate, min: 98%}"),
    "empty": changed(("canary: {subset: v2, deployment: shop-v2}", "canary:")),
    "several": changed(("hold: 5m", "hodl: 5m"), ("min: 99%", "min: 99")),
}


def test_an_object_makes_the_plan_that_its_file_makes() -> None:
    """One code behind both sources; only the origin tells them apart."""
    (located,) = read_object(plan_object(), name=NAME).plans

    assert dataclasses.replace(located.plan, origin="") == dataclasses.replace(
        plan(), origin=""
    )
    assert located.plan.origin == NAME


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_an_object_has_the_faults_that_its_file_has(text: str) -> None:
    """Codes, paths and remedies are documented once."""
    theirs = {(each.code, each.path, each.remedy) for each in reading(text).findings}
    found = read_object(plan_object(text), name=NAME)

    assert found.is_broken
    assert {(each.code, each.path, each.remedy) for each in found.findings} == theirs


def test_a_complaint_names_the_object_and_the_field() -> None:
    """An object has no lines to point at."""
    (finding,) = read_object(plan_object(BROKEN["misspelt"]), name=NAME).findings

    assert str(finding).startswith("RolloutPlan default/shop: error RD110: spec.steps[0]: ")


def test_equal_faults_in_two_places_are_two_complaints() -> None:
    """Whoever corrects one must not find the other an apply later."""
    text = changed(("weight: 10,", "wait: 10,"), ("{weight: 100}", "{wait: 100}"))
    found = read_object(plan_object(text), name=NAME).findings

    assert {"spec.steps[0]", "spec.steps[1]"} <= {each.path for each in found}


def test_two_gates_of_one_name_are_told_without_a_line() -> None:
    """There are none: "in line 0" would send people searching."""
    (finding,) = read_object(plan_object(BROKEN["gate twice"]), name=NAME).findings

    assert "line" not in finding.message


def test_what_servers_and_controllers_add_is_no_part_of_a_plan() -> None:
    """managedFields change with every status that we write."""
    seen = content(plan_object(status={"phase": "Waiting"}))

    assert set(seen) == {"apiVersion", "kind", "metadata", "spec"}
    assert seen["metadata"] == {"name": "shop", "namespace": "default"}


def test_an_object_without_metadata_is_complained_of() -> None:
    """Whatever comes over the wire, the source lives on."""
    found = read_object({"kind": "RolloutPlan", "metadata": 3}, name=NAME)

    assert found.is_broken


def test_what_is_no_json_is_a_bug_of_ours() -> None:
    """The client parses JSON: anything else was put there by our own code."""
    with pytest.raises(TypeError):
        read_object({**plan_object(), "spec": {"steps": object()}}, name=NAME)
