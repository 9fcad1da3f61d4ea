"""The state of the sandbox's cluster, with the bookkeeping that clients rely on."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rolloutd.adapters.kubernetes.fields import dig, items, section, text, whole
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes import admission
from rolloutd.sandbox.kubernetes.failures import (
    already_exists,
    invalid,
    modified,
    not_found,
    precondition_failed,
)
from rolloutd.sandbox.kubernetes.history import Change, History, Kind
from rolloutd.sandbox.kubernetes.objects import Objects
from rolloutd.sandbox.kubernetes.ownership import UPDATE, Owner, Signature, tracked
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import NAMESPACE, Resource
from rolloutd.sandbox.kubernetes.selectors import Selector, everything

_FIRST_VERSION = 100
"""A client that takes 0 or 1 for "any version" would not be found out by small numbers."""

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""As in a cluster: without vowels, so that chance spells no words."""

_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)
"""Metadata that no client may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """In which way something is written.

    Attributes:
        manager: Who writes, for managedFields.
        subresource: ``status`` writes the status alone; without it, all but the status.
        dry_run: Judge and complete, but store nothing.
        is_applied: The object's managedFields say already who owns what.
    """

    manager: str = "sandbox"
    subresource: str = ""
    dry_run: bool = False
    is_applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """In which way something is deleted.

    Attributes:
        uid: Delete this very object only.
        version: Delete it in this state only.
        orphans: Leave what it owns.
    """

    uid: str | None = None
    version: str | None = None
    orphans: bool = False
    dry_run: bool = False


PLAIN = Write()
REMOVE = Removal()


class Store:
    """Objects under optimistic locks, with a history from which watches begin.

    What it returns is shared with all readers: callers do not change it.

    Args:
        now: Tells the wall time, for timestamps.
        chance: For uids and the suffixes of generated names.
        namespaces: Those there are from the start.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        chance: random.Random,
        *,
        namespaces: Collection[str] = ("default", "kube-system"),
    ) -> None:
        self._now = now
        self._chance = chance
        self._objects = Objects()
        self._version = _FIRST_VERSION
        self.history = History(_FIRST_VERSION)
        for name in namespaces:
            self.create(NAMESPACE, "", {"metadata": {"name": name}})

    @property
    def version(self) -> int:
        """The resourceVersion of the latest write."""
        return self._version

    def now(self) -> datetime:
        """Return the wall time by which objects are stamped."""
        return self._now().astimezone(UTC)

    def find(self, ref: Ref) -> Json | None:
        """Return an object, if it is there."""
        return self._objects.get(ref)

    def get(self, ref: Ref) -> Json:
        """Return an object.

        Raises:
            ApiFailure: 404: it is not there.
        """
        found = self._objects.get(ref)
        if found is None:
            raise not_found(ref)
        return found

    def list(
        self, resource: Resource, namespace: str | None = None, meant: Selector = everything
    ) -> list[Json]:
        """Return objects by namespace and name; ``None`` means all namespaces."""
        return [obj for obj in self._objects.collection(resource, namespace) if meant(obj)]

    def owned(self, resource: Resource, uid: str) -> Sequence[Json]:
        """Return objects of a kind that name another, by its uid, as their owner."""
        refs = [ref for ref in self._objects.owned_by(uid) if ref.resource is resource]
        return [self.get(ref) for ref in refs]

    def create(
        self, resource: Resource, namespace: str, body: Json, write: Write = PLAIN
    ) -> Json:
        """Add an object.

        Raises:
            ApiFailure: 409: the name is taken; 404: the namespace is not there; 400 or 422:
                the object is not acceptable.
        """
        ref = self._named(resource, namespace, body)
        if namespace:
            self.get(Ref(NAMESPACE, "", namespace))
        if self.find(ref) is not None:
            raise already_exists(ref)
        born: Json = {
            **section(body, "metadata"),
            "name": ref.name,
            "uid": str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            "creationTimestamp": stamp(self.now()),
        }
        born.pop("resourceVersion", None)
        if namespace:
            born["namespace"] = namespace
        if resource.has_generation:
            born["generation"] = 1
        kept = {k: v for k, v in body.items() if k != "status" or not _has_status(resource)}
        obj = admission.completed(ref, _typed(resource, {**kept, "metadata": born}))
        admission.check(ref, obj)
        obj = self._signed(ref, {}, obj, write)
        return obj if write.dry_run else self._store(ref, "ADDED", obj)

    def commit(self, ref: Ref, body: Json, write: Write = PLAIN) -> Json:
        """Put an object in place of the one there; nothing happens where it changes nothing.

        Raises:
            ApiFailure: 404; 409: ``body`` names another version or uid than is there; 400 or
                422: the object is not acceptable.
        """
        old = self.get(ref)
        _check_identity(ref, old, section(body, "metadata"))
        new = _status_written(old, body) if write.subresource == "status" else body
        new = admission.completed(ref, _inherited(ref, old, new, write))
        admission.check(ref, new)
        if _content(new) == _content(old):
            return old
        if ref.resource.has_generation and _desired(new) != _desired(old):
            counted = (whole(old, "metadata", "generation") or 0) + 1
            new = {**new, "metadata": {**section(new, "metadata"), "generation": counted}}
        new = self._signed(ref, old, new, write)
        if write.dry_run:
            return new
        if dig(new, "metadata", "deletionTimestamp") and not _finalizers(new):
            return self._remove(ref, new, old)
        return self._store(ref, "MODIFIED", new, old)

    def delete(self, ref: Ref, removal: Removal = REMOVE) -> Json:
        """Delete an object, or mark it for deletion where finalizers hold it back.

        Raises:
            ApiFailure: 404; 409: it is another object or version than was meant.
        """
        old = self.get(ref)
        _check_preconditions(ref, old, removal)
        is_marked = dig(old, "metadata", "deletionTimestamp") is not None
        if removal.dry_run or (is_marked and _finalizers(old)):
            return old
        if _finalizers(old):
            marks: Json = {
                "deletionTimestamp": stamp(self.now()),
                "deletionGracePeriodSeconds": 0,
            }
            marked = {**old, "metadata": {**section(old, "metadata"), **marks}}
            return self._store(ref, "MODIFIED", marked, old)
        return self._remove(ref, old, old, orphans=removal.orphans)

    def signature(self, ref: Ref, write: Write, operation: str = UPDATE) -> Signature:
        """Return whose a write is, now."""
        owner = Owner(manager=write.manager, operation=operation, subresource=write.subresource)
        version = ref.resource.api_version
        return Signature(owner=owner, time=stamp(self.now()), api_version=version)

    def _signed(self, ref: Ref, old: Json, new: Json, write: Write) -> Json:
        if write.is_applied:
            return new
        return tracked(ref.resource, old, new, self.signature(ref, write))

    def _store(self, ref: Ref, kind: Kind, obj: Json, old: Json | None = None) -> Json:
        stored = self._versioned(obj)
        self._objects.put(ref, stored)
        self._record(ref, kind, stored, old)
        return stored

    def _remove(self, ref: Ref, obj: Json, old: Json, *, orphans: bool = False) -> Json:
        """Delete at once; with it go its contents, and what names it as owner."""
        gone = self._versioned(obj)
        self._objects.drop(ref)
        self._record(ref, "DELETED", gone, old)
        dependents = (
            [] if orphans else self._objects.owned_by(text(old, "metadata", "uid") or "")
        )
        if ref.resource is NAMESPACE:
            dependents += self._objects.within(ref.name)
        for dependent in dependents:
            if self.find(dependent) is not None:
                self.delete(dependent)
        return gone

    def _record(self, ref: Ref, kind: Kind, obj: Json, old: Json | None) -> None:
        self.history.record(
            Change(version=self._version, kind=kind, resource=ref.resource, obj=obj, old=old)
        )

    def _versioned(self, obj: Json) -> Json:
        self._version += 1
        metadata = {**section(obj, "metadata"), "resourceVersion": str(self._version)}
        return {**obj, "metadata": metadata}

    def _named(self, resource: Resource, namespace: str, body: Json) -> Ref:
        name = text(body, "metadata", "name")
        if name is None:
            prefix = text(body, "metadata", "generateName")
            if prefix is None:
                message = "Required value: name or generateName is required"
                raise invalid(Ref(resource, namespace, ""), "metadata.name", message)
            name = prefix + "".join(self._chance.choices(_SUFFIX_LETTERS, k=5))
        return Ref(resource, namespace, name)


def stamp(moment: datetime) -> str:
    """Write a time as Kubernetes does: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _typed(resource: Resource, obj: Json) -> Json:
    """Return an object with its type, and without metadata that is empty: as Go writes it."""
    metadata = {k: v for k, v in section(obj, "metadata").items() if v not in ({}, [], None)}
    typed: Json = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**obj, **typed, "metadata": metadata}


def _has_status(resource: Resource) -> bool:
    return "status" in resource.subresources


def _finalizers(obj: Json) -> list[object]:
    return items(obj, "metadata", "finalizers")


def _content(obj: Json) -> Json:
    """Return what counts as a change: all but the version."""
    metadata = {k: v for k, v in section(obj, "metadata").items() if k != "resourceVersion"}
    return {**obj, "metadata": metadata}


def _desired(obj: Json) -> Json:
    """Return what ``generation`` counts changes of."""
    return {key: value for key, value in obj.items() if key not in {"metadata", "status"}}


def _check_identity(ref: Ref, old: Json, asked: Json) -> None:
    version, uid = asked.get("resourceVersion"), asked.get("uid")
    if version and version != dig(old, "metadata", "resourceVersion"):
        raise modified(ref)
    held = dig(old, "metadata", "uid")
    if uid and uid != held:
        raise precondition_failed(ref, "UID", uid, held)


def _check_preconditions(ref: Ref, old: Json, removal: Removal) -> None:
    uid, version = dig(old, "metadata", "uid"), dig(old, "metadata", "resourceVersion")
    if removal.uid not in {None, uid}:
        raise precondition_failed(ref, "UID", removal.uid, uid)
    if removal.version not in {None, version}:
        raise precondition_failed(ref, "ResourceVersion", removal.version, version)


def _status_written(old: Json, body: Json) -> Json:
    """Return the old object with the body's status, for a write of the subresource."""
    rest = {key: value for key, value in old.items() if key != "status"}
    return {**rest, "status": body["status"]} if "status" in body else rest


def _inherited(ref: Ref, old: Json, new: Json, write: Write) -> Json:
    """Return a new state with all that the writer has no say in taken from the old."""
    before = section(old, "metadata")
    metadata = {k: v for k, v in section(new, "metadata").items() if k not in _KEPT}
    metadata |= {key: before[key] for key in _KEPT if key in before}
    metadata |= {key: before[key] for key in ("name", "namespace") if key in before}
    # A writer that says nothing of managedFields does not mean to clear them.
    if "managedFields" in before:
        metadata.setdefault("managedFields", before["managedFields"])
    obj = _typed(ref.resource, {**new, "metadata": metadata})
    if _has_status(ref.resource) and write.subresource != "status":
        obj.pop("status", None)
        if "status" in old:
            obj["status"] = old["status"]
    return obj
