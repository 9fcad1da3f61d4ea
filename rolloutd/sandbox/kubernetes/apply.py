"""Server-side apply: who declares a field owns it, and nobody else's are touched."""

from __future__ import annotations

from http import HTTPStatus

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import ApiFailure
from rolloutd.sandbox.kubernetes.fieldsets import (
    Path,
    entry_key,
    is_entry,
    leaves,
    shown,
    without,
)
from rolloutd.sandbox.kubernetes.ownership import (
    UPDATE,
    Owner,
    Ownership,
    Signature,
    ownership,
    with_ownership,
)
from rolloutd.sandbox.kubernetes.resources import Resource
from rolloutd.sandbox.kubernetes.strategic import apply_keys


def applied(
    resource: Resource, live: Json, declared: Json, by: Signature, *, force: bool
) -> Json:
    """Return an object as somebody declares it, with its new managedFields.

    What the same owner declared before and leaves out now is removed, unless others own it.

    Args:
        resource: The kind of both.
        live: As it is; empty where there is none yet.
        declared: All that the owner wants.
        by: Who applies, and when.
        force: Take fields from others instead of refusing.

    Raises:
        ApiFailure: 409: others own fields that would get other values.
    """
    present = leaves(live, is_custom=resource.is_custom)
    wanted = leaves(declared, is_custom=resource.is_custom)
    owner, owned = by.owner, ownership(live)
    taken = [
        (other, path)
        for other, paths in owned.items()
        for path in sorted(paths & wanted.keys())
        if other != owner and not is_entry(path) and present.get(path) != wanted[path]
    ]
    if taken and not force:
        raise _conflict(taken, by)
    for other, path in taken:
        owned[other].discard(path)
    new = _merged(live, declared, ("", ""), is_custom=resource.is_custom)
    # Entries go before their fields: without its key, an entry is no longer found.
    for path in sorted(_dropped(owned, owner, wanted), key=lambda each: not is_entry(each)):
        new = without(new, path)
    owned[owner] = set(wanted)
    return with_ownership(new if isinstance(new, dict) else {}, owned, by)


def _dropped(owned: Ownership, owner: Owner, wanted: dict[Path, object]) -> set[Path]:
    others = [paths for other, paths in owned.items() if other != owner]
    return owned.get(owner, set()).difference(wanted, *others)


def _merged(
    live: object, declared: object, place: tuple[str, str], *, is_custom: bool
) -> object:
    if isinstance(declared, dict):
        merged: Json = dict(live) if isinstance(live, dict) else {}
        for key, value in declared.items():
            below = (key, place[0])
            merged[key] = _merged(merged.get(key), value, below, is_custom=is_custom)
        return merged
    keys = () if is_custom else apply_keys(*place)
    if not keys or not isinstance(declared, list) or not isinstance(live, list):
        return declared
    entries: dict[str, object] = {
        entry_key(each, keys): each for each in live if isinstance(each, dict)
    }
    for each in declared:
        if isinstance(each, dict):
            key, within = entry_key(each, keys), (place[0], place[0])
            entries[key] = _merged(entries.get(key), each, within, is_custom=is_custom)
    return list(entries.values())


def _conflict(taken: list[tuple[Owner, Path]], by: Signature) -> ApiFailure:
    causes = [_cause(owner, path, by) for owner, path in taken]
    plural = "s" if len(causes) > 1 else ""
    listed = "; ".join(f"{each['message']}: {each['field']}" for each in causes)
    message = f"Apply failed with {len(causes)} conflict{plural}: {listed}"
    return ApiFailure(HTTPStatus.CONFLICT, "Conflict", message, {"causes": causes})


def _cause(owner: Owner, path: Path, by: Signature) -> Json:
    using = f" using {by.api_version}" if owner.operation == UPDATE else ""
    return {
        "reason": "FieldManagerConflict",
        "message": f'conflict with "{owner.manager}"{using}',
        "field": shown(path),
    }
