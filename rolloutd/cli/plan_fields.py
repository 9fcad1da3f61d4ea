"""What the fields of plans mean, by their paths: from the models that plans are checked by."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Final, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from rolloutd.adapters.plans.base import Part
from rolloutd.adapters.plans.models import PlanDocument
from rolloutd.errors import Refused

ROOT: Final = "plan"


class FieldError(Refused):
    """There is no such field."""


def told(path: str) -> str:
    """Say what a field means, which values it takes by default, and what is below it.

    Args:
        path: Such as ``plan.spec.steps.hold``; lists have no numbers in it.

    Raises:
        FieldError: There is no such field; its message says what may have been meant.
    """
    parts: tuple[type[Part], ...] = (PlanDocument,)
    found: FieldInfo | None = None
    so_far = ROOT
    for name in path.split(".")[1:]:
        fields = _fields(parts)
        if name not in fields:
            raise FieldError(_unknown(so_far, name, list(fields)))
        found, parts = fields[name], tuple(_parts_of(fields[name].annotation))
        so_far = f"{so_far}.{name}"
    return "\n".join(_lines(so_far, found, parts))


def _lines(path: str, field: FieldInfo | None, parts: tuple[type[Part], ...]) -> Iterator[str]:
    yield path
    if field is None:
        yield f"  {_about(parts[0])}"
    else:
        yield f"  {field.description or ''}"
        yield f"  {_default(field)}"
    for part in parts:
        yield f"\n{_about(part)}" if len(parts) > 1 else "\nFields:"
        width = max(map(len, _fields((part,))))
        for name, below in _fields((part,)).items():
            first = (below.description or "").split(". ")[0].rstrip(".")
            yield f"  {name:<{width}}  {first}."


def _about(part: type[Part]) -> str:
    return (part.__doc__ or "").strip().splitlines()[0]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "Required."
    extra = field.json_schema_extra
    written = extra.get("default") if isinstance(extra, dict) else None
    return "Optional." if written is None else f"Default: {written}"


def _fields(parts: tuple[type[Part], ...]) -> Mapping[str, FieldInfo]:
    """Return the fields that stand below a path, by their spelling in files."""
    return {
        field.alias or name: field
        for part in parts
        for name, field in part.model_fields.items()
    }


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
