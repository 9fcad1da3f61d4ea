"""Who wrote which field: ``metadata.managedFields``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.adapters.kubernetes.fields import items, section, text
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.fieldsets import Path, flat, leaves, nested
from rolloutd.sandbox.kubernetes.resources import Resource

APPLY, UPDATE = "Apply", "Update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody who owns fields.

    Attributes:
        operation: ``Apply`` by server-side apply, ``Update`` by anything else.
    """

    manager: str
    operation: str = UPDATE
    subresource: str = ""


Ownership: TypeAlias = dict[Owner, set[Path]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who writes fields, when, and in which version."""

    owner: Owner
    time: str
    api_version: str


def ownership(obj: Json) -> Ownership:
    """Read who owns what."""
    return {
        _owner(entry): flat(section(entry, "fieldsV1"))
        for entry in items(obj, "metadata", "managedFields")
        if section(entry, "fieldsV1")
    }


def with_ownership(obj: Json, owned: Mapping[Owner, set[Path]], by: Signature) -> Json:
    """Return an object that says who owns what; who owns the same as before keeps his time."""
    before = {_owner(each): each for each in items(obj, "metadata", "managedFields")}
    entries: list[object] = []
    for owner, paths in owned.items():
        held = before.get(owner)
        if held is not None and flat(section(held, "fieldsV1")) == paths:
            entries.append(held)
        elif paths:
            entries.append(_entry(owner, paths, by))
    metadata = {k: v for k, v in section(obj, "metadata").items() if k != "managedFields"}
    if entries:
        metadata["managedFields"] = entries
    return {**obj, "metadata": metadata}


def tracked(resource: Resource, old: Json, new: Json, by: Signature) -> Json:
    """Return a new state in which whoever changed a field owns it, alone.

    Args:
        resource: The kind of both.
        old: The state before; empty for a new object.
        new: Its managedFields are those before, unless the writer meant to change them.
        by: Who writes, and when.
    """
    before = leaves(old, is_custom=resource.is_custom)
    after = leaves(new, is_custom=resource.is_custom)
    changed = {path for path in after if path not in before or before[path] != after[path]}
    gone = before.keys() - after.keys()
    owned = {
        other: paths - gone - (changed if other != by.owner else set())
        for other, paths in ownership(new).items()
    }
    if changed:
        owned[by.owner] = owned.get(by.owner, set()) | changed
    return with_ownership(new, owned, by)


def _owner(entry: object) -> Owner:
    return Owner(
        manager=text(entry, "manager") or "",
        operation=text(entry, "operation") or UPDATE,
        subresource=text(entry, "subresource") or "",
    )


def _entry(owner: Owner, paths: set[Path], by: Signature) -> Json:
    subresource: Json = {"subresource": owner.subresource} if owner.subresource else {}
    return {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": by.api_version,
        "time": by.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": nested(paths),
        **subresource,
    }
