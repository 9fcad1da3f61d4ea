"""``rolloutd schema`` as a shell sees it."""

from __future__ import annotations

import json

import yaml
from click.testing import CliRunner

from rolloutd.adapters.plans.crd.definition import definition
from rolloutd.adapters.plans.reference import reference
from rolloutd.adapters.plans.schema import schema as plan_schema
from rolloutd.cli.schema import schema


def test_the_schema_is_printed_as_json() -> None:
    """``rolloutd schema > plan.schema.json`` is all there is to do."""
    assert json.loads(CliRunner().invoke(schema).output) == plan_schema()


def test_the_reference_for_people_is_printed_as_markdown() -> None:
    """``docs/plan.md`` is renewed with it."""
    assert CliRunner().invoke(schema, ["-o", "markdown"]).output == reference()


def test_the_definition_for_clusters_is_printed_as_yaml() -> None:
    """``rolloutd schema --crd | kubectl apply -f -`` is all there is to do."""
    assert yaml.safe_load(CliRunner().invoke(schema, ["--crd"]).output) == definition()
