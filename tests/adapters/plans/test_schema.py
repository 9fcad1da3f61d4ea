"""The JSON Schema that editors are given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # has no stubs

from rolloutd.adapters.plans.schema import schema

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "config").glob("*.yaml"))


def objections(text: str) -> list[str]:
    return [
        error.message for error in Draft202012Validator(schema()).iter_errors(_loaded(text))
    ]


def _loaded(text: str) -> object:
    """Load as an editor does."""
    document: object = yaml.safe_load(text)
    return document


def values_of(part: object, key: str) -> Iterator[object]:
    """Yield what stands under a keyword anywhere in a schema."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == key:
                yield value
            yield from values_of(value, key)
    if isinstance(part, list):
        for each in part:
            yield from values_of(each, key)


def test_the_schema_is_one() -> None:
    """An editor silently ignores a schema that it can't read."""
    Draft202012Validator.check_schema(schema())


def test_the_published_schema_is_what_the_models_say() -> None:
    """The file in the docs is what plans point at: it can't be older than the code."""
    published = json.loads((ROOT / "docs/plan.schema.json").read_text())

    assert published == schema()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_editor_finds_nothing_wrong_with_an_example(path: Path) -> None:
    """Red lines under what we publish ourselves would teach people to ignore them."""
    assert objections(path.read_text()) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("hold: 5m", "hold: 5 minutes"),
        ("weight: 10", "weight: 110"),
        ("quantile: 0.99", "quantil: 0.99"),
        ("onBreach: rollback", "onBreach: rolback"),
        ("min: 99%", "min: 0.99"),
        ("type: latency", "type: latencies"),
    ],
)
def test_an_editor_underlines_what_the_loader_would_refuse(right: str, wrong: str) -> None:
    """While writing is the cheapest time to be told."""
    text = (ROOT / "config/data-product.yaml").read_text()

    assert objections(text.replace(right, wrong, 1)) != []


def test_an_editor_offers_no_null() -> None:
    """The loader refuses an empty field, so the schema may not suggest one."""
    assert "null" not in list(values_of(schema(), "type"))
    assert None not in list(values_of(schema(), "default"))
