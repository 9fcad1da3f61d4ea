"""What can be asked of the store at a location, whether or not through HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as replaced
from enum import StrEnum

from rolloutd.adapters.kubernetes.fields import dig, section, text
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.apply import applied
from rolloutd.sandbox.kubernetes.failures import bad_request, invalid, not_allowed, unsupported
from rolloutd.sandbox.kubernetes.locations import Location
from rolloutd.sandbox.kubernetes.ownership import APPLY
from rolloutd.sandbox.kubernetes.patches import json_patch, merge_patch
from rolloutd.sandbox.kubernetes.scale import scale_of, scaled
from rolloutd.sandbox.kubernetes.store import Removal, Store, Write
from rolloutd.sandbox.kubernetes.strategic import strategic_patch


class PatchType(StrEnum):
    """Kinds of patches, by their content type."""

    APPLY = "application/apply-patch+yaml"
    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A change to an object.

    Attributes:
        force: For server-side apply: take fields from their owners.
    """

    type: PatchType
    body: object
    force: bool = False


def read(store: Store, at: Location) -> Json:
    """Return an object, or its Scale.

    Raises:
        ApiFailure: 404.
    """
    return _shown(at, store.get(at.ref))


def create(store: Store, at: Location, body: Json, write: Write) -> Json:
    """Add an object to a collection.

    Raises:
        ApiFailure: As ``Store.create``, and 400 where body and path disagree.
    """
    if at.name is not None or (at.namespace is None and at.resource.is_namespaced):
        raise not_allowed()
    _check_agreement(at, body)
    return at.served(store.create(at.resource, at.namespace or "", at.stored(body), write))


def replace(store: Store, at: Location, body: Json, write: Write) -> Json:
    """Put a whole object, its status or its Scale.

    Raises:
        ApiFailure: As ``Store.commit``, and 400 where body and path disagree.
    """
    _check_agreement(at, body)
    if at.resource.needs_version and not dig(body, "metadata", "resourceVersion"):
        raise invalid(at.ref, "metadata.resourceVersion", "must be specified for an update")
    return _commit(store, at, body, write)


def patch(store: Store, at: Location, change: Patch, write: Write) -> Json:
    """Change an object, its status or its Scale.

    Raises:
        ApiFailure: As ``Store.commit``; 422: a JSON patch does not fit; 415: a strategic merge
            of a custom resource.
    """
    if change.type is PatchType.APPLY:
        return _apply(store, at, change, write)
    return _commit(store, at, _patched(at, read(store, at), change), write)


def delete(store: Store, at: Location, removal: Removal) -> Json:
    """Delete an object.

    Raises:
        ApiFailure: As ``Store.delete``.
    """
    return at.served(store.delete(at.ref, removal))


def _shown(at: Location, obj: Json) -> Json:
    return scale_of(obj) if at.subresource == "scale" else at.served(obj)


def _apply(store: Store, at: Location, change: Patch, write: Write) -> Json:
    """Apply on the server; an object that is not there yet is created."""
    if not isinstance(change.body, dict) or at.subresource == "scale":
        raise bad_request("what is applied is not an object")
    if dig(change.body, "metadata", "managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    declared, live = at.stored(change.body), store.find(at.ref)
    declared["metadata"] = {**section(declared, "metadata"), "name": at.ref.name}
    by = store.signature(at.ref, write, APPLY)
    new = applied(at.resource, live or {}, declared, by, force=change.force)
    asked = dig(declared, "metadata", "resourceVersion")
    metadata = {k: v for k, v in section(new, "metadata").items() if k != "resourceVersion"}
    new["metadata"] = {**metadata, **({"resourceVersion": asked} if asked else {})}
    signed = replaced(write, is_applied=True)
    if live is None:
        return at.served(store.create(at.resource, at.ref.namespace, new, signed))
    return at.served(store.commit(at.ref, new, signed))


def _commit(store: Store, at: Location, body: Json, write: Write) -> Json:
    is_scale = at.subresource == "scale"
    new = scaled(store.get(at.ref), body) if is_scale else at.stored(body)
    return _shown(at, store.commit(at.ref, new, write))


def _patched(at: Location, present: Json, change: Patch) -> Json:
    if change.type is PatchType.JSON:
        return json_patch(present, change.body)
    if not isinstance(change.body, dict):
        raise bad_request("the patch is not an object")
    if change.type is PatchType.STRATEGIC:
        if at.resource.is_custom:
            raise unsupported(
                "the body of the request was in an unknown format - accepted media types "
                f"include: {PatchType.JSON}, {PatchType.MERGE}, application/apply-patch+yaml"
            )
        return strategic_patch(present, change.body)
    merged = merge_patch(present, change.body)
    if not isinstance(merged, dict):
        raise bad_request("the patch leaves no object")
    return merged


def _check_agreement(at: Location, body: Json) -> None:
    name, namespace = text(body, "metadata", "name"), text(body, "metadata", "namespace")
    if at.name is not None and name not in {None, at.name}:
        raise bad_request(f"the name of the object ({name}) does not match the URL ({at.name})")
    if namespace is not None and namespace != at.namespace:
        raise bad_request(
            f"the namespace of the object ({namespace}) does not match the namespace of the "
            f"request ({at.namespace})"
        )
