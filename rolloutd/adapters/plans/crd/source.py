"""Plans from objects in the cluster, as watches tell of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import structlog

from rolloutd.adapters.plans.catalogue import NOTHING, Catalogue, merge
from rolloutd.adapters.plans.crd.reading import content, read_object
from rolloutd.adapters.plans.models import KIND
from rolloutd.adapters.plans.reading import Reading
from rolloutd.core.plan import Key
from rolloutd.ports import Json, OnChange

log = structlog.get_logger()


class TellingCache(Protocol):
    """Tells of objects."""

    def subscribe(self, kind: str, listener: OnChange) -> None:
        """Tell of all objects held, as ``ADDED``, and then of every change."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanObject:
    """An object as last seen.

    Attributes:
        content: What its author wrote.
        generation: Counts the edits of its spec.
        status: What is written in it about the rollout.
    """

    content: Json
    generation: int
    status: Json


@dataclass(frozen=True, slots=True)
class _Read:
    """What an object's content said: reading takes a millisecond, so once is enough."""

    content: Json
    reading: Reading


class PlanObjects:
    """Implements ``ports.PlanSource``.

    An object that can't be read is in the list of complaints; its plan holds as it last was.
    One that is deleted takes its plan with it, as a deleted file does. While the API server
    is away nothing changes: what was seen last stays in force.

    Args:
        cache: Filled before ``changes`` is first asked; until then absence means nothing.
    """

    def __init__(self, cache: TellingCache) -> None:
        self._objects: dict[Key, PlanObject] = {}
        self._read: Mapping[Key, _Read] = MappingProxyType({})
        self._catalogue = NOTHING
        self._changed = asyncio.Event()
        cache.subscribe(KIND, self._note)

    @property
    def objects(self) -> Mapping[Key, PlanObject]:
        """Every plan object there is, readable or not."""
        return MappingProxyType(self._objects)

    @property
    def catalogue(self) -> Catalogue:
        """What ``changes`` told last."""
        return self._catalogue

    def reading(self, key: Key) -> Reading | None:
        """Return what an object says as it stands now; ``None`` until that has been read."""
        held, read = self._objects.get(key), self._read.get(key)
        if held is None or read is None or read.content != held.content:
            return None
        return read.reading

    async def changes(self) -> AsyncGenerator[Catalogue, None]:
        """Yield all plans at once, and again after every change of what people wrote."""
        while True:
            self._changed.clear()
            # Beside the event loop: a thousand objects take a second.
            contents = {key: each.content for key, each in sorted(self._objects.items())}
            self._read = await asyncio.to_thread(_reread, contents, self._read)
            readings = (each.reading for each in self._read.values())
            self._catalogue = merge(self._catalogue, readings)
            for warning in self._catalogue.warnings:
                log.warning("plan_doubtful", warning=warning)
            yield self._catalogue
            await self._changed.wait()

    def _note(self, change: str, obj: Json) -> None:
        metadata = _section(obj, "metadata")
        key = Key(str(metadata.get("namespace")), str(metadata.get("name")))
        if change == "DELETED":
            del self._objects[key]
            self._changed.set()
            return
        known, written = self._objects.get(key), content(obj)
        generation = metadata.get("generation")
        self._objects[key] = PlanObject(
            content=written,
            generation=generation if isinstance(generation, int) else 0,
            status=_section(obj, "status"),
        )
        # The status is our own writing: heeded as news, it would wake us for ever.
        if known is None or known.content != written:
            self._changed.set()


def _reread(contents: Mapping[Key, Json], before: Mapping[Key, _Read]) -> Mapping[Key, _Read]:
    return {
        key: old
        if (old := before.get(key)) is not None and old.content == wanted
        else _Read(wanted, read_object(wanted, name=f"{KIND} {key}"))
        for key, wanted in contents.items()
    }


def _section(obj: Json, name: str) -> Json:
    found = obj.get(name)
    return found if isinstance(found, dict) else {}
