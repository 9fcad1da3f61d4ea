"""Plans from several sources at once, under the rules that hold within one."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from typing import Protocol

from rolloutd.adapters.plans.catalogue import NOTHING, Catalogue, merge
from rolloutd.adapters.plans.diagnostics import Finding
from rolloutd.adapters.plans.reading import Reading


class Source(Protocol):
    """A source that says from which file, or object, it has which plan."""

    def changes(self) -> AsyncIterator[Catalogue]:
        """Yield all plans at once, and again after every change."""
        ...


class JoinedSources:
    """Implements ``ports.PlanSource``; ``run`` has to run meanwhile.

    A plan, or a route, that two sources want is refused to both, or left with the one that has
    it, as between two files.
    """

    def __init__(self, *sources: Source) -> None:
        self._sources = sources
        self._latest: dict[Source, Catalogue] = {}
        self._joined = NOTHING
        self._changed = asyncio.Event()

    @property
    def catalogue(self) -> Catalogue:
        """What ``changes`` told last."""
        return self._joined

    async def run(self) -> None:
        """Follow all sources until cancelled, or until one of them fails."""
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(self._follow(source), name="plan source")

    async def changes(self) -> AsyncGenerator[Catalogue, None]:
        """Yield all plans once every source has told of its own, and after every change."""
        # Whoever asks anew is told at once: leadership may have come back.
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if len(self._latest) == len(self._sources):
                self._joined = join(self._joined, self._latest.values())
                yield self._joined

    async def _follow(self, source: Source) -> None:
        async for catalogue in source.changes():
            self._latest[source] = catalogue
            self._changed.set()


def join(previous: Catalogue, catalogues: Iterable[Catalogue]) -> Catalogue:
    """Return what holds when several catalogues hold together."""
    everything = tuple(catalogues)
    merged = merge(previous, (each for one in everything for each in _readings(one)))
    held = frozenset().union(*(one.broken for one in everything))
    return dataclasses.replace(
        merged,
        broken=merged.broken | (held & merged.plans.keys()),
        files=sum(one.files for one in everything),
    )


def _readings(catalogue: Catalogue) -> Iterator[Reading]:
    findings: dict[str, list[Finding]] = defaultdict(list)
    for each in catalogue.findings:
        findings[each.file].append(each)
    for file in dict.fromkeys((*catalogue.by_file, *findings)):
        plans = catalogue.by_file.get(file, ())
        yield Reading(file=file, plans=plans, findings=tuple(findings[file]))
