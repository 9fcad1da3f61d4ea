"""One plan object: its plan, or all that keeps it from being used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from rolloutd.adapters.plans.diagnostics import Span
from rolloutd.adapters.plans.reading import Reading, read_documents
from rolloutd.adapters.plans.yaml_source import Entry, Listing, Mapping, Node, Scalar, Source
from rolloutd.ports import Json

_AUTHORS = ("name", "namespace", "labels", "annotations")
"""Metadata that people write; the rest is the API server's."""

_NO_LINE = 0
"""In place of a line number: an object has none, its fields are named by their paths."""


def content(obj: Json) -> Json:
    """Return what the author wrote, without what servers and controllers add."""
    metadata = obj.get("metadata")
    given = metadata if isinstance(metadata, dict) else {}
    return {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "metadata": {key: given[key] for key in _AUTHORS if key in given},
        "spec": obj.get("spec"),
    }


def read_object(obj: Json, *, name: str) -> Reading:
    """Read an object as a file with one document would be read; never raises.

    Args:
        obj: As the API server sent it.
        name: What people call it, for findings and origins.
    """
    # Every value has a place of its own, in reading order, for findings are told apart by it.
    places = (Span(_NO_LINE, column, column + 1) for column in count(1))
    document = _node(content(obj), lambda: next(places))
    return read_documents(Source(documents=(document,), findings=()), file=name)


def _node(value: object, place: Callable[[], Span]) -> Node:
    span = place()
    match value:
        case dict():
            return Mapping(span, tuple(_entries(value, place)))
        case list():
            return Listing(span, tuple(_node(each, place) for each in value))
        case None | bool() | int() | float() | str():
            return Scalar(span, value)
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON")


def _entries(mapping: Json, place: Callable[[], Span]) -> Iterator[Entry]:
    for key, value in mapping.items():
        yield Entry(key, place(), _node(value, place))
