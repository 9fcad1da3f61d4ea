"""From a YAML tree to the form of a plan, or to everything that keeps it from being one."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rolloutd.adapters.plans.diagnostics import Code, Finding, Span, remedy, suggestion
from rolloutd.adapters.plans.models import PlanDocument
from rolloutd.adapters.plans.quantities import shown
from rolloutd.adapters.plans.yaml_source import Listing, Mapping, Node, Scalar, plain

Location: typing.TypeAlias = Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Trail:
    """How far a location leads into a document.

    Attributes:
        node: Where it ends.
        path: The way there, e.g. ``spec.steps[2]``.
        key: Where the last key stands; ``None`` in a sequence and at the root.
        models: What may stand there, as far as the form is known.
    """

    node: Node
    path: str = ""
    key: Span | None = None
    models: tuple[type[BaseModel], ...] = (PlanDocument,)


def validate(document: Node, *, file: str) -> tuple[PlanDocument | None, tuple[Finding, ...]]:
    """Check the form of a document.

    Returns:
        The document unless its form is wrong, and what is wrong with it.
    """
    blanks = tuple(_blanks(document, "", file))
    try:
        form = PlanDocument.model_validate(plain(document))
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = tuple(_findings(document, details, file))
        doubtful = _doubtful(document)
        return None, (*blanks, *(each for each in found if each.span not in doubtful))
    return (None if blanks else form), blanks


def join(path: str, part: int | str) -> str:
    """Go one step further down a path."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    return f"{path}.{part}" if path else part


def _blanks(node: Node, path: str, file: str) -> Iterator[Finding]:
    """Find keys with nothing behind them: whether a default is meant, nobody can tell."""
    match node:
        case Scalar(span=span, value=None, doubtful=False):
            yield Finding(
                code=Code.EMPTY,
                file=file,
                span=span,
                path=path,
                message="nothing is written here",
                remedy="write a value ({} for an empty mapping), or leave the key out",
            )
        case Scalar():
            pass
        case Listing(items=items):
            for index, item in enumerate(items):
                yield from _blanks(item, join(path, index), file)
        case Mapping(entries=entries):
            for entry in entries:
                yield from _blanks(entry.value, join(path, entry.key), file)


def _doubtful(node: Node) -> frozenset[Span]:
    """Return the places of scalars that need no second complaint."""
    match node:
        case Scalar(span=span, value=value, doubtful=doubtful):
            return frozenset({span}) if doubtful or value is None else frozenset()
        case Listing(items=items):
            return frozenset().union(*map(_doubtful, items))
        case Mapping(entries=entries):
            return frozenset().union(*(_doubtful(entry.value) for entry in entries))


def _findings(document: Node, details: Sequence[ErrorDetails], file: str) -> Iterator[Finding]:
    trails = [(each, _follow(document, each["loc"])) for each in details]
    misspelt = {
        (trail.path, meant)
        for each, trail in trails
        if each["type"] == "extra_forbidden"
        and (meant := suggestion(str(each["loc"][-1]), _allowed(trail))) is not None
    }
    for each, trail in trails:
        # A misspelt field is one mistake, not an unknown field and a missing one.
        if each["type"] == "missing" and (trail.path, str(each["loc"][-1])) in misspelt:
            continue
        yield dataclasses.replace(_finding(each, trail), file=file)


def _follow(document: Node, location: Location) -> Trail:
    """Walk down as far as the document goes; names of union members are no steps."""
    trail = Trail(document)
    for part in location:
        match trail.node:
            case Mapping() as node if (entry := node.entry(str(part))) and _is_field(
                trail, part
            ):
                below = tuple(_below(trail.models, str(part)))
                path = join(trail.path, entry.key)
                trail = Trail(entry.value, path, entry.span, below)
            case Listing(items=items) if isinstance(part, int):
                path = join(trail.path, part)
                trail = dataclasses.replace(trail, node=items[part], path=path, key=None)
            case _:
                narrowed = tuple(model for model in trail.models if _is_called(model, part))
                trail = dataclasses.replace(trail, models=narrowed or trail.models)
    return trail


def _is_field(trail: Trail, part: int | str) -> bool:
    """Say whether a part of a location is a key: unknown keys end the walk."""
    return not trail.models or part in _allowed(trail)


def _allowed(trail: Trail) -> list[str]:
    names = (
        field.alias or name for m in trail.models for name, field in m.model_fields.items()
    )
    return list(dict.fromkeys(names))


def _below(models: Sequence[type[BaseModel]], key: str) -> Iterator[type[BaseModel]]:
    for model in models:
        for name, field in model.model_fields.items():
            if (field.alias or name) == key:
                yield from _models_in(field.annotation)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def _is_called(model: type[BaseModel], tag: int | str) -> bool:
    """Say whether a union knows a model by this tag."""
    field_of_step = {"step:weight": "weight", "step:pause": "pause"}.get(str(tag))
    if field_of_step is not None:
        return field_of_step in model.model_fields
    return any(
        tag in typing.get_args(field.annotation)
        for name, field in model.model_fields.items()
        if name in {"type", "source"}
    )


def _finding(detail: ErrorDetails, trail: Trail) -> Finding:
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_field(detail, trail)
        case "missing" | "union_tag_not_found":
            return _missing_field(detail, trail)
        case "plan":
            context = detail["ctx"]
            message, instead = str(context["message"]), str(context["remedy"])
            return _at_value(trail, Code(context["code"]), message, instead)
        case "literal_error" | "union_tag_invalid":
            return _not_allowed(detail, trail)
        case kind:
            return _wrong_value(kind, detail, trail)


def _unknown_field(detail: ErrorDetails, trail: Trail) -> Finding:
    key = str(detail["loc"][-1])
    entry = trail.node.entry(key) if isinstance(trail.node, Mapping) else None
    return Finding(
        code=Code.UNKNOWN_FIELD,
        file="",
        span=entry.span if entry else trail.node.span,
        path=trail.path,
        message=f"unknown field {key!r}",
        remedy=remedy(key, _allowed(trail)),
    )


def _missing_field(detail: ErrorDetails, trail: Trail) -> Finding:
    tagless = detail["type"] == "union_tag_not_found"
    key = "type" if tagless else str(detail["loc"][-1])
    models = [
        m for m in trail.models if key in _allowed(dataclasses.replace(trail, models=(m,)))
    ]
    field = next((_field(model, key) for model in models), None)
    return Finding(
        code=Code.MISSING_FIELD,
        file="",
        span=trail.key or trail.node.span,
        path=trail.path,
        message=f"the field {key!r} is missing",
        remedy=f"allowed: {_tags(detail)}" if tagless else (field or ""),
    )


def _field(model: type[BaseModel], key: str) -> str:
    described = (f.description for n, f in model.model_fields.items() if (f.alias or n) == key)
    return (next(described, None) or "").replace("`", "").split(". ")[0].rstrip(".")


def _not_allowed(detail: ErrorDetails, trail: Trail) -> Finding:
    context = detail["ctx"]
    given, node = detail["input"], trail.node
    if detail["type"] == "union_tag_invalid":
        given = context["tag"]
        words = _tags(detail)
        node = _discriminator(node) or node
    else:
        words = str(context["expected"])
    allowed = [word.strip().strip("'") for word in words.replace(" or ", ", ").split(", ")]
    instead = remedy(str(given), allowed)
    trail = dataclasses.replace(trail, node=node)
    return _at_value(trail, Code.NOT_ALLOWED, f"{shown(given)} is not allowed", instead)


def _tags(detail: ErrorDetails) -> str:
    return str(detail.get("ctx", {}).get("expected_tags", "successRate, latency, promql"))


def _discriminator(node: Node) -> Node | None:
    """Return the value that chooses among the members of a union."""
    if not isinstance(node, Mapping):
        return None
    entry = node.entry("type") or node.entry("source")
    return entry.value if entry else None


_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text (quote it)",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "bool_type": "true or false",
}

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "too_long": ("max_length", "at most"),
    "string_too_long": ("max_length", "at most"),
}


def _wrong_value(kind: str, detail: ErrorDetails, trail: Trail) -> Finding:
    given = shown(detail["input"])
    if kind in _KINDS:
        wanted = _KINDS[kind]
        return _at_value(
            trail, Code.WRONG_TYPE, f"{given} does not fit here", f"write {wanted}"
        )
    if kind in {"too_short", "string_too_short"}:
        return _at_value(trail, Code.EMPTY, "nothing is listed here", "write at least one")
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        bound = f"{words} {detail['ctx'][name]}"
        return _at_value(trail, Code.OUT_OF_RANGE, f"{given} is out of range", bound)
    return _at_value(trail, Code.NOT_ALLOWED, detail["msg"], "")


def _at_value(trail: Trail, code: Code, message: str, instead: str) -> Finding:
    return Finding(
        code=code,
        file="",
        span=trail.node.span,
        path=trail.path,
        message=message,
        remedy=instead,
    )
