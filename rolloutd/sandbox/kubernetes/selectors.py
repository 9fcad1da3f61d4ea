"""Label and field selectors, as they stand in queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from rolloutd.adapters.kubernetes.fields import dig, section
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import bad_request

Selector: TypeAlias = Callable[[Json], bool]
"""Says whether an object is meant."""

_KEY = r"(?P<key>[A-Za-z0-9][\w./-]*)"
_SET = re.compile(
    rf"{_KEY}\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)"
)  # codespell:ignore notin
_EQUALITY = re.compile(rf"{_KEY}\s*(?P<op>==|=|!=)\s*(?P<value>[\w.-]*)")
_EXISTENCE = re.compile(rf"(?P<not>!?)\s*{_KEY}")
_FIELD = re.compile(r"(?P<path>[\w.]+)(?P<op>!=|==?)(?P<value>.*)")


def everything(_obj: Json) -> bool:
    """Select all objects."""
    return True


def both(first: Selector, second: Selector) -> Selector:
    """Select what two selectors select."""
    return lambda obj: first(obj) and second(obj)


def label_selector(written: str) -> Selector:
    """Read e.g. ``app=reviews,tier in (a, b),!canary``; nothing written selects everything.

    Raises:
        ApiFailure: 400: it cannot be read.
    """
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", written)]
    requirements = [_label_requirement(part) for part in parts if part]

    def selects(obj: Json) -> bool:
        labels = section(obj, "metadata", "labels")
        return all(requirement(labels) for requirement in requirements)

    return selects


def field_selector(written: str) -> Selector:
    """Read e.g. ``metadata.name=reviews,status.phase!=Running``.

    Raises:
        ApiFailure: 400: it cannot be read.
    """
    requirements = [_field_requirement(part) for part in written.split(",") if part.strip()]
    return lambda obj: all(requirement(obj) for requirement in requirements)


def _label_requirement(part: str) -> Selector:
    if found := _SET.fullmatch(part):
        values = {value.strip() for value in found["values"].split(",")}
        return _membership(
            found["key"], values, negated=found["op"] == "notin"
        )  # codespell:ignore notin
    if found := _EQUALITY.fullmatch(part):
        return _membership(found["key"], {found["value"]}, negated=found["op"] == "!=")
    if found := _EXISTENCE.fullmatch(part):
        key, is_wanted = found["key"], not found["not"]
        return lambda labels: (key in labels) == is_wanted
    raise bad_request(f"unable to parse requirement: {part}")


def _membership(key: str, values: set[str], *, negated: bool) -> Selector:
    """Ask for one of ``values``; negated, an object without the label is selected as well."""
    return lambda labels: (labels.get(key) in values) != negated


def _field_requirement(part: str) -> Selector:
    found = _FIELD.fullmatch(part.strip())
    if found is None:
        raise bad_request(f"invalid field selector: {part}")
    path, wanted = found["path"].split("."), found["value"]
    is_equal = found["op"] != "!="

    def selects(obj: Json) -> bool:
        value = dig(obj, *path)
        return (("" if value is None else str(value)) == wanted) == is_equal

    return selects
