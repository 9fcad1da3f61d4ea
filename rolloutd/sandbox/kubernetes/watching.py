"""What of the store's changes a watch gets to see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.history import Change, Kind
from rolloutd.sandbox.kubernetes.locations import Location
from rolloutd.sandbox.kubernetes.selectors import Selector, everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is followed: a collection or one object, of it what a selector selects."""

    at: Location
    selector: Selector = everything

    def sees(self, obj: Json) -> bool:
        """Say whether an object is followed, in this state of it."""
        namespace, name = dig(obj, "metadata", "namespace"), dig(obj, "metadata", "name")
        is_here = self.at.namespace in {None, namespace} and self.at.name in {None, name}
        return is_here and self.selector(obj)


@dataclass(frozen=True, slots=True)
class Event:
    """What a watch is told."""

    type: Kind
    obj: Json


def changes_for(watch: Watch, changes: Iterable[Change]) -> Iterator[Event]:
    """Yield what a watch is told of changes.

    An object that begins to be selected is added for this watch, and one that ceases to be is
    deleted, whatever happened to it for others.
    """
    for change in changes:
        if change.resource is watch.at.resource and (kind := _kind(watch, change)):
            yield Event(kind, watch.at.served(change.obj))


def _kind(watch: Watch, change: Change) -> Kind | None:
    was = change.old is not None and watch.sees(change.old)
    if change.kind == "DELETED":
        return "DELETED" if was else None
    match was, watch.sees(change.obj):
        case True, True:
            return "MODIFIED"
        case True, False:
            return "DELETED"
        case False, True:
            return "ADDED"
        case _:
            return None
