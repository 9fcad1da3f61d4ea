"""The field reference that people read."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

from rolloutd.adapters.plans.base import Part
from rolloutd.adapters.plans.models import PlanDocument
from rolloutd.adapters.plans.reference import PARTS, reference

DOCS = Path(__file__).parents[3] / "docs"


def parts_in(annotation: object) -> Iterator[type[Part]]:
    """Yield every part of a plan that a type may hold, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
        for field in annotation.model_fields.values():
            yield from parts_in(field.annotation)
    for argument in typing.get_args(annotation):
        yield from parts_in(argument)


def fields() -> list[tuple[str, str]]:
    return [
        (part.__name__, name)
        for part in sorted(set(parts_in(PlanDocument)), key=lambda part: part.__name__)
        for name in part.model_fields
    ]


def test_the_published_reference_is_what_the_models_say() -> None:
    """A reference that drifts from the code is worse than none."""
    assert reference() in (DOCS / "plan.md").read_text()


def test_every_part_of_a_plan_has_a_table() -> None:
    """A new part of the form can't be forgotten."""
    assert set(parts_in(PlanDocument)) == {part for _, part in PARTS}


@pytest.mark.parametrize(("part", "name"), fields())
def test_every_field_says_what_it_means(part: str, name: str) -> None:
    """Users read the description in their editor, and nowhere else."""
    models = {each.__name__: each for each in parts_in(PlanDocument)}
    description = models[part].model_fields[name].description or ""

    assert description.endswith(".")
