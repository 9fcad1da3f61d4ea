"""The fields of an object as paths, the way managedFields names them (FieldsV1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import orjson

from rolloutd.adapters.kubernetes.fields import section
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.strategic import apply_keys

Path: TypeAlias = tuple[str, ...]
"""Steps: ``f:name`` into an object, ``k:{...}`` to a list's entry, ``.`` the entry itself."""

_FIELD, _KEY, _SELF = "f:", "k:", "."
_UNOWNED = frozenset({"apiVersion", "kind"})
_UNOWNED_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generateName",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Nobody's: the server's own, or part of the name."""


def leaves(obj: Json, *, is_custom: bool) -> dict[Path, object]:
    """Return everything in an object that can be owned, with its value.

    Args:
        obj: Any object.
        is_custom: All of its lists are atomic: owned as a whole, or not at all.
    """
    owned = {key: value for key, value in obj.items() if key not in _UNOWNED}
    metadata = section(owned, "metadata")
    owned["metadata"] = {k: v for k, v in metadata.items() if k not in _UNOWNED_METADATA}
    if not owned["metadata"]:
        del owned["metadata"]
    return dict(_walk(owned, (), ("", ""), is_custom=is_custom))


def is_entry(path: Path) -> bool:
    """Say whether a path means the presence of a list's entry, which has no value."""
    return path[-1] == _SELF


def nested(paths: Iterable[Path]) -> Json:
    """Return paths as FieldsV1."""
    root: Json = {}
    for path in sorted(paths):
        place = root
        for step in path:
            below = place.setdefault(step, {})
            assert isinstance(below, dict), "a tree of dicts, built here"  # noqa: S101 - typing
            place = below
    return root


def flat(fields: Json, prefix: Path = ()) -> set[Path]:
    """Return FieldsV1 as paths."""
    found: set[Path] = set()
    for step, below in fields.items():
        path = (*prefix, step)
        found |= flat(below, path) if isinstance(below, dict) and below else {path}
    return found


def shown(path: Path) -> str:
    """Return a path as messages show it: ``.spec.http``."""
    return "".join(
        f".{step.removeprefix(_FIELD)}" if step.startswith(_FIELD) else f"[{step[2:]}]"
        for step in path
        if step != _SELF
    )


def entry_key(entry: Json, keys: Sequence[str]) -> str:
    """Return the step that leads to an entry of a list."""
    # A port without a protocol is a TCP port.
    key = {k: entry.get(k, "TCP") if k == "protocol" else entry.get(k) for k in keys}
    return _KEY + orjson.dumps(key, option=orjson.OPT_SORT_KEYS).decode()


def without(obj: object, path: Path, place: tuple[str, str] = ("", "")) -> object:
    """Return a value with what a path leads to taken out; the same where it leads nowhere.

    Args:
        obj: The value.
        path: From here on.
        place: The value's name and its parent's, which decide how a list is keyed.
    """
    step, rest = path[0], path[1:]
    if step.startswith(_FIELD) and isinstance(obj, dict):
        name = step.removeprefix(_FIELD)
        kept = {key: value for key, value in obj.items() if key != name}
        if not rest or name not in obj:
            return kept
        return {**kept, name: without(obj[name], rest, (name, place[0]))}
    if step.startswith(_KEY) and isinstance(obj, list):
        return _without_entry(obj, path, place)
    return obj


def _without_entry(entries: list[object], path: Path, place: tuple[str, str]) -> list[object]:
    keys, rest = apply_keys(*place), path[1:]
    left: list[object] = []
    for entry in entries:
        if not isinstance(entry, dict) or entry_key(entry, keys) != path[0]:
            left.append(entry)
        elif rest != (_SELF,):
            left.append(without(entry, rest, (place[0], place[0])))
    return left


def _walk(
    value: object, path: Path, place: tuple[str, str], *, is_custom: bool
) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict) and (value or not path):
        for key, below in value.items():
            step = (*path, _FIELD + key)
            yield from _walk(below, step, (key, place[0]), is_custom=is_custom)
        return
    keys = () if is_custom else apply_keys(*place)
    entries = (
        [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    )
    if not keys or not entries:
        yield path, value
        return
    for entry in entries:
        step = (*path, entry_key(entry, keys))
        yield (*step, _SELF), None
        yield from _walk(entry, step, (place[0], place[0]), is_custom=is_custom)
