"""``rolloutd schema`` as a shell sees it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from rolloutd.adapters.plans.reference import reference
from rolloutd.adapters.plans.schema import schema as plan_schema
from rolloutd.cli.schema import schema


def test_the_schema_is_printed_as_json() -> None:
    """``rolloutd schema > plan.schema.json`` is all there is to do."""
    assert json.loads(CliRunner().invoke(schema).output) == plan_schema()


def test_the_reference_for_people_is_printed_as_markdown() -> None:
    """``docs/plan.md`` is renewed with it."""
    assert CliRunner().invoke(schema, ["-o", "markdown"]).output == reference()
