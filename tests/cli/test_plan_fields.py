"""Documentation of fields, from the models that plans are checked by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rolloutd.adapters.plans.models import PlanDocument, Spec
from rolloutd.cli.plan_fields import FieldError, told


def test_a_field_has_its_meaning_and_its_default() -> None:
    """The words of the model, not others."""
    description = Spec.model_fields["on_breach"].description

    assert told("plan.spec.onBreach").splitlines() == [
        "plan.spec.onBreach",
        f"  {description}",
        "  Default: rollback",
    ]


def test_a_part_lists_what_is_below_it() -> None:
    """To go on from there."""
    lines = told("plan").splitlines()

    assert lines[:2] == ["plan", f"  {(PlanDocument.__doc__ or '').strip()}"]
    assert [line.split()[0] for line in lines[4:]] == [
        "apiVersion",
        "kind",
        "metadata",
        "spec",
    ]


def test_a_choice_lists_each_kind() -> None:
    """A step is a weight or a pause."""
    text = told("plan.spec.steps")

    assert "Send this share to the canary and watch it." in text
    assert "Wait for a person, or for a time." in text
    assert "Required." in text


def test_a_listing_has_whole_first_sentences() -> None:
    """An example is no end."""
    text = told("plan.spec.gates")

    assert "Lowest share that must succeed, e.g. `99%`.\n" in text
    assert "e.g.\n" not in text


def test_a_field_of_several_kinds_is_told_of_for_each() -> None:
    """``max`` is a time for latencies and a number for queries."""
    text = told("plan.spec.gates.max")

    assert "Slowest that the quantile may be" in text
    assert "Highest acceptable value." in text
    assert "Optional." in text


def every_path(path: str = "plan") -> Iterator[str]:
    """Yield every path that the listings lead to."""
    yield path
    for line in told(path).splitlines()[1:]:
        name, _, rest = line.removeprefix("  ").partition("  ")
        if rest and name.isidentifier() and line.startswith("  "):
            yield from every_path(f"{path}.{name}")


def test_every_field_that_is_listed_is_explained() -> None:
    """No dead ends."""
    paths = list(every_path())

    assert len(paths) > 60
    assert "plan.spec.gates.vsStable.maxDrop" in paths


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("plan.spec.stepps", "did you mean plan.spec.steps?"),
        ("plan.zzz", "it has apiVersion, kind, metadata, spec"),
        ("plan.spec.onBreach.more", "nothing is below it"),
    ],
)
def test_a_field_that_is_not_there_is_told_with_what_is(path: str, words: str) -> None:
    """Or with what was meant."""
    with pytest.raises(FieldError, match=words.replace("?", r"\?")):
        told(path)
