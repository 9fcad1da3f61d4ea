"""Plans from a directory of YAML files; a mounted ConfigMap is one."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import structlog

from rolloutd.adapters.plans.catalogue import NOTHING, Catalogue, merge
from rolloutd.adapters.plans.notices import notices
from rolloutd.adapters.plans.reading import Reading, read, unreadable
from rolloutd.core.units import Seconds
from rolloutd.engine.waiting import until
from rolloutd.errors import Refused
from rolloutd.ports import Clock

log = structlog.get_logger()

SUFFIXES = (".yaml", ".yml")

POLL = Seconds(30.0)
"""Time between looks when no notice comes: some network file systems send none."""


def plan_files(directory: Path) -> Iterator[Path]:
    """Yield the plan files directly in a directory, by name.

    Names that begin with a dot are left out: editors' leftovers, and the folders in which a
    ConfigMap keeps its versions.

    Raises:
        OSError: It can't be listed, or is none: that is not the same as having no files.
    """
    for each in sorted(directory.iterdir()):
        if each.suffix in SUFFIXES and not each.name.startswith("."):
            yield each


def scan(paths: Iterable[Path], previous: Catalogue = NOTHING) -> Catalogue:
    """Read files and directories of files, once.

    Args:
        paths: Where to look.
        previous: What held before: plans that can't be read now stay in force.

    Raises:
        OSError: A directory can't be listed.
    """
    files = dict.fromkeys(
        file for path in paths for file in (plan_files(path) if path.is_dir() else (path,))
    )
    contents = _contents(files)
    return merge(previous, (_reading(*each) for each in contents.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """What was read last.

    Attributes:
        hashes: Of each file's content, by name.
    """

    catalogue: Catalogue = NOTHING
    hashes: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    readings: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))


class PlanDirectory:
    """Implements ``ports.PlanSource``.

    Args:
        directory: Only files directly in it are plans.
        poll: Longest time until a change is seen.
    """

    def __init__(self, directory: Path, clock: Clock, *, poll: Seconds = POLL) -> None:
        self._directory = directory
        self._clock = clock
        self._poll = poll

    async def changes(self) -> AsyncGenerator[Catalogue, None]:
        """Yield all plans at once, and again after every change of content.

        While the directory can't be listed, its plans stay in force, with a complaint.

        Raises:
            Refused: The directory can't be listed at the start.
        """
        shelf = await self._look(_Shelf())
        if isinstance(shelf, str):
            raise Refused(f"{self._directory}: {shelf}")
        told: Catalogue | None = None  # no plans at all are news, too, at the start
        current = shelf.catalogue
        with notices(self._directory) as noticed:
            while True:
                if current is not told:
                    told = current
                    _tell(current)
                    yield current
                await until(noticed, self._clock, self._poll)
                noticed.clear()
                seen = await self._look(shelf)
                if isinstance(seen, _Shelf):
                    shelf, current = seen, seen.catalogue
                elif current is shelf.catalogue:
                    current = self._without_files(current, seen)

    async def _look(self, shelf: _Shelf) -> _Shelf | str:
        """Read what has changed, beside the event loop; say why when that is not possible."""
        try:
            return await asyncio.to_thread(_reread, self._directory, shelf)
        except OSError as error:
            return f"the plan directory can't be read: {error.strerror}"

    def _without_files(self, catalogue: Catalogue, why: str) -> Catalogue:
        (finding,) = unreadable(str(self._directory), why).findings
        return dataclasses.replace(
            catalogue,
            broken=frozenset(catalogue.plans),
            findings=(finding, *catalogue.findings),
        )


def _tell(catalogue: Catalogue) -> None:
    for warning in catalogue.warnings:
        log.warning("plan_doubtful", warning=warning)


def _reread(directory: Path, shelf: _Shelf) -> _Shelf:
    contents = _contents(plan_files(directory))
    hashes = {name: _digest(content) for name, content in contents.items()}
    if hashes == shelf.hashes:
        return shelf
    # A thousand plans take seconds to parse: only what has changed is read anew.
    readings = {
        name: shelf.readings[name]
        if hashes[name] == shelf.hashes.get(name)
        else _reading(name, content)
        for name, content in contents.items()
    }
    return _Shelf(
        catalogue=merge(shelf.catalogue, readings.values()), hashes=hashes, readings=readings
    )


def _contents(files: Iterable[Path]) -> Mapping[str, bytes | str]:
    """Return each file's content, or why it can't be read; one that is gone is left out."""
    found: dict[str, bytes | str] = {}
    for file in files:
        try:
            found[str(file)] = file.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            found[str(file)] = f"the file can't be read: {error.strerror}"
    return found


def _digest(content: bytes | str) -> bytes:
    return hashlib.sha256(content if isinstance(content, bytes) else content.encode()).digest()


def _reading(name: str, content: bytes | str) -> Reading:
    if isinstance(content, str):
        return unreadable(name, content)
    return read(content, file=name)
