"""The definition obeys the rules of structural schemas, and says what the models say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped] # its schemas are what we want
import pytest
import yaml
from jsonschema import Draft4Validator  # type: ignore[import-untyped] # has no stubs

from rolloutd.adapters.kubernetes.fields import items, section, text
from rolloutd.adapters.plans.crd.definition import definition
from rolloutd.engine.conditions import TYPES
from rolloutd.ports import Json
from tests.adapters.plans.forms import PLAN, changed, findings, with_spec

ROOT = Path(__file__).parents[4]
OPEN = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
KEYWORDS = {
    *("type", "format", "description", "enum", "pattern", "properties", "required", "items"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "oneOf"),
    *("minItems", "maxItems", "minLength", "maxLength"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", *OPEN),
}
"""What an ``apiextensions.k8s.io/v1`` server takes, of what we use."""


def version() -> Json:
    """Return the only version that is served."""
    (found,) = items(definition(), "spec", "versions")
    return section(found)


def document() -> Json:
    """Return the schema of a whole object."""
    return section(version(), "schema", "openAPIV3Schema")


def nodes(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every schema of a field, with its path; those within junctors are left out."""
    yield path, schema
    for name, each in section(schema, "properties").items():
        yield from nodes(section(each), f"{path}.{name}")
    if "items" in schema:
        yield from nodes(section(schema, "items"), f"{path}[]")


def junctions(schema: Json) -> Iterator[tuple[Json, Json]]:
    """Yield every member of a junctor with the schema in which it stands."""
    for _, node in nodes(schema):
        for member in items(node, "oneOf"):
            yield node, section(member)


def problems(obj: Json) -> list[str]:
    """Judge an object as the server would."""
    # The older draft writes exclusive bounds as OpenAPI 3.0 does.
    return [each.message for each in Draft4Validator(document()).iter_errors(obj)]


def test_kubernetes_takes_the_definition() -> None:
    """A definition that is refused leaves nothing to create plans in."""
    kubernetes_validate.validate(definition(), "1.37", strict=True)

    assert text(definition(), "metadata", "name") == "rolloutplans.rolloutd.io"


@pytest.mark.parametrize(
    ("path", "node"), [*nodes(document())], ids=lambda value: str(value)[:40]
)
def test_every_field_has_one_type_or_is_open(path: str, node: Json) -> None:
    """The first rule of structural schemas."""
    is_open = any(node.get(key) is True for key in OPEN)

    assert isinstance(node.get("type"), str) != is_open, path
    assert node.keys() <= KEYWORDS, path


def test_junctors_only_compare_values() -> None:
    """Within ``oneOf`` no type and no description may stand, and no field that is new."""
    members = list(junctions(document()))

    assert len(members) >= 9
    for outside, member in members:
        fields, known = section(member, "properties"), section(outside, "properties").keys()
        assert member.keys() <= {"properties", "required"}
        assert all(section(each).keys() == {"enum"} for each in fields.values())
        assert fields.keys() <= known
        assert {str(each) for each in items(member, "required")} <= known


def test_metadata_says_no_more_than_how_a_name_looks() -> None:
    """More is refused by the server."""
    metadata = section(document(), "properties", "metadata")

    assert metadata["type"] == "object"
    assert set(section(metadata, "properties")) == {"name"}


def test_what_is_checked_in_is_what_the_models_say() -> None:
    """`rolloutd schema --crd > deploy/crd/rolloutplans.yaml` renews it."""
    written = (ROOT / "deploy/crd/rolloutplans.yaml").read_text()

    assert yaml.safe_load(written) == definition()


def test_the_status_is_a_subresource_with_a_condition_of_each_type() -> None:
    """Without it, writing a status would count as an edit of the plan."""
    listed = section(document(), *("properties", "status", "properties", "conditions"))

    assert version()["subresources"] == {"status": {}}
    assert listed["x-kubernetes-list-map-keys"] == ["type"]
    assert all(kind in str(listed["description"]) for kind in TYPES)


def test_columns_are_those_that_people_look_for() -> None:
    """`kubectl get rp`."""
    columns = [text(each, "name") for each in items(version(), "additionalPrinterColumns")]

    assert columns == ["Phase", "Weight", "Step", "Gates", "Age"]


EXAMPLES = sorted((ROOT / "config").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_taken(path: Path) -> None:
    """The same file is a plan in a directory and an object in a cluster."""
    for each in yaml.safe_load_all(path.read_text()):
        assert problems(each) == []


GOOD = [
    PLAN,
    with_spec("start: manual"),
    with_spec('start: {cron: "0 9 * * mon-fri"}'),
    with_spec("metrics: {source: sidecars, grpcFailures: [14, INTERNAL]}"),
    changed(("virtualService: {name: shop}", "virtualService: [{name: shop}, {name: b}]")),
    changed(("{weight: 100}]", "{pause: {for: 1m}}, {pause: {}}, {weight: 100}]")),
    changed(
        (
            "type: successRate, min: 99%",
            "type: promql, query: up, max: 0.5, stableQuery: up, vsStable: {maxRatio: 3}",
        )
    ),
]


@pytest.mark.parametrize("plan", GOOD)
def test_what_the_daemon_takes_the_server_takes(plan: str) -> None:
    """A plan that works from a file must not be refused by the cluster."""
    refusing = [each for each in findings(plan) if each.severity.value == "error"]

    assert refusing == []
    assert problems(yaml.safe_load(plan)) == []


BAD = {
    "weight": changed(("weight: 10,", "weight: 101,")),
    "weight and pause": changed(("weight: 10,", "weight: 10, pause: {},")),
    "type of gate": changed(("type: successRate", "type: guess")),
    "latency without quantile": changed(("type: successRate", "type: latency")),
    "duration": changed(("hold: 5m", "hold: 5 minutes")),
    "no steps": changed(("[{weight: 10, hold: 5m}, {weight: 100}]", "[]")),
    "status": with_spec("metrics: {source: sidecars, grpcFailures: [OK]}"),
    "port": with_spec("metrics: {source: envoyCluster}"),
    "name": changed(("{name: shop}\nspec", "{name: Shop}\nspec")),
}


@pytest.mark.parametrize("plan", BAD.values(), ids=BAD.keys())
def test_what_the_server_can_know_to_be_wrong_it_refuses(plan: str) -> None:
    """`kubectl apply` then says so at once, instead of a status some seconds later."""
    assert findings(plan) != ()
    assert problems(yaml.safe_load(plan)) != []
