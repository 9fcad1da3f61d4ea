"""What the fields of plans mean, by their paths: from the models that plans are checked by."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Final, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from rolloutd.adapters.plans.base import Part
from rolloutd.adapters.plans.models import PlanDocument
from rolloutd.errors import Refused

ROOT: Final = "plan"

SENTENCE_END: Final = re.compile(r"(?<!\be\.g)\. ")
"""Where a sentence ends and another begins."""


class FieldError(Refused):
    """There is no such field."""


def told(path: str) -> str:
    """Say what a field means, which value it has by default, and what is below it.

    A field that several kinds of a part have is told of for each.

    Args:
        path: Such as ``plan.spec.steps.hold``; lists have no numbers in it.

    Raises:
        FieldError: There is no such field; its message says what may have been meant.
    """
    parts: tuple[type[Part], ...] = (PlanDocument,)
    found: list[tuple[type[Part], FieldInfo]] = []
    so_far = ROOT
    for name in path.split(".")[1:]:
        found = [(part, fields[name]) for part in parts if name in (fields := _fields(part))]
        if not found:
            known = list(dict.fromkeys(each for part in parts for each in _fields(part)))
            raise FieldError(_unknown(so_far, name, known))
        kinds = [below for _, field in found for below in _parts_of(field.annotation)]
        parts = tuple(dict.fromkeys(kinds))
        so_far = f"{so_far}.{name}"
    return "\n".join([so_far, *_meanings(found), *_below(parts)])


def _meanings(found: list[tuple[type[Part], FieldInfo]]) -> Iterator[str]:
    if not found:
        yield f"  {_about(PlanDocument)}"
    said: set[str] = set()
    for part, field in found:
        words = f"  {field.description or ''}\n  {_default(field)}"
        if words not in said:
            if len(found) > 1:
                yield f"  {_about(part)}"
            yield words
        said.add(words)


def _below(parts: tuple[type[Part], ...]) -> Iterator[str]:
    for part in parts:
        yield f"\n{_about(part)}" if len(parts) > 1 else "\nFields:"
        fields = _fields(part)
        width = max(map(len, fields))
        for name, field in fields.items():
            first = SENTENCE_END.split(field.description or "")[0].rstrip(".")
            yield f"  {name:<{width}}  {first}."


def _about(part: type[Part]) -> str:
    return (part.__doc__ or "").strip().splitlines()[0]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "Required."
    extra = field.json_schema_extra
    written = extra.get("default") if isinstance(extra, dict) else None
    return "Optional." if written is None else f"Default: {written}"


def _fields(part: type[Part]) -> Mapping[str, FieldInfo]:
    """Return the fields of a part by their spelling in files."""
    return {field.alias or name: field for name, field in part.model_fields.items()}


def _parts_of(kind: object) -> Iterator[type[Part]]:
    """Yield the models within a type: of a list, of a choice."""
    if isinstance(kind, type) and issubclass(kind, Part):
        yield kind
    elif get_origin(kind) in {Union, UnionType, list} or hasattr(kind, "__metadata__"):
        for inner in get_args(kind):
            yield from _parts_of(inner)


def _unknown(path: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"{path} has no field {name}; did you mean {path}.{near[0]}?"
    has = f"it has {', '.join(known)}" if known else "nothing is below it"
    return f"{path} has no field {name}: {has}."
