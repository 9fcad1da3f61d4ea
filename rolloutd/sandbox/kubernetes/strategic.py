"""Strategic merge patch: lists of built-in kinds are merged by the key of their entries."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rolloutd.ports import Json

_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "conditions": "type",
        "containers": "name",
        "env": "name",
        "imagePullSecrets": "name",
        "initContainers": "name",
        "ownerReferences": "uid",
        "volumeMounts": "mountPath",
        "volumes": "name",
    }
)
"""By the list's name: the field that tells its entries apart. Other lists are atomic."""

_PORTS: Mapping[str, str] = MappingProxyType({"containers": "containerPort", "spec": "port"})
"""``ports`` differ between a container (by its list's name) and a Service's spec; server-side
apply tells them apart by their protocol, too."""

_DIRECTIVES = ("$patch", "$retainKeys")
_ORDER = "$setElementOrder/"
_DELETE_FROM = "$deleteFromPrimitiveList/"


def merge_key(name: str, parent: str) -> str | None:
    """Return the field that tells the entries of a list apart; ``None`` for atomic lists.

    Args:
        name: The list's.
        parent: Of what holds it: a field, or the list of which it is an entry.
    """
    return _PORTS.get(parent) if name == "ports" else _KEYS.get(name)


def apply_keys(name: str, parent: str) -> tuple[str, ...]:
    """Return the fields that tell entries apart for server-side apply; none where atomic."""
    key = merge_key(name, parent)
    if key is None:
        return ()
    return (key, "protocol") if name == "ports" else (key,)


def strategic_patch(target: Json, change: Json) -> Json:
    """Return ``target`` with a strategic merge patch applied; neither argument is changed."""
    return _object(target, change, "")


def _object(target: object, change: Json, name: str) -> Json:
    if change.get("$patch") == "replace":
        return {key: value for key, value in change.items() if key != "$patch"}
    merged: Json = dict(target) if isinstance(target, dict) else {}
    retained = change.get("$retainKeys")
    if isinstance(retained, list):
        merged = {key: value for key, value in merged.items() if key in retained}
    for key, value in change.items():
        if key.startswith(_DELETE_FROM):
            field = key.removeprefix(_DELETE_FROM)
            merged[field] = _without(merged.get(field), value)
        elif value is None:
            merged.pop(key, None)
        elif key not in _DIRECTIVES and not key.startswith(_ORDER):
            merged[key] = _value(merged.get(key), value, key, name)
    return merged


def _value(target: object, change: object, name: str, parent: str) -> object:
    if isinstance(change, dict):
        return _object(target, change, name)
    if isinstance(change, list):
        held = target if isinstance(target, list) else []
        if name == "finalizers":
            return held + [each for each in change if each not in held]
        key = merge_key(name, parent)
        return change if key is None else _entries(held, change, key, name)
    return change


def _entries(held: list[object], change: list[object], key: str, name: str) -> list[object]:
    merged = list(held)
    for entry in change:
        if not isinstance(entry, dict):
            continue
        if entry.get("$patch") == "replace":
            merged = []
            continue
        place = _place(merged, key, entry.get(key))
        if entry.get("$patch") == "delete":
            merged = [each for index, each in enumerate(merged) if index != place]
        elif place is None:
            merged.append(_object({}, entry, name))
        else:
            merged[place] = _object(merged[place], entry, name)
    return merged


def _place(entries: list[object], key: str, value: object) -> int | None:
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and entry.get(key) == value:
            return index
    return None


def _without(held: object, gone: object) -> list[object]:
    kept = held if isinstance(held, list) else []
    return [each for each in kept if not isinstance(gone, list) or each not in gone]
