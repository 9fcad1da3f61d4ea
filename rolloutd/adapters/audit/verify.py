"""Whether a chain is whole, and if not, where it was broken and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rolloutd.adapters.audit.chain import GENESIS, Head, Link, fingerprint, link


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file, as it was read."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a chain.

    Attributes:
        entries: Lines that are as they were written, up to the fault.
        head: The last of them.
        fault: The first broken place and why, a full sentence; ``None`` for a whole chain.
        remarks: What is no fault but should be known, each a full sentence.
    """

    entries: int
    head: Head
    fault: str | None
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    place: str
    raw: bytes
    has_end: bool


def verify(documents: Sequence[Document], kept: Head | None = None) -> Verdict:
    """Follow a chain from its first line to its last.

    What a chain can't show by itself is that its end was cut off cleanly, or that somebody
    wrote all of it anew: for that, ``kept`` has to be compared, a head noted elsewhere.

    Args:
        documents: Files, in any order.
        kept: A line that has to be in them.
    """
    ordered = in_order(documents)
    present = frozenset(found.head.seq for each in ordered for found in _links(each))
    reader = _Reader(kept, present)
    for line in _lines(ordered):
        if (fault := reader.take(line)) is not None:
            return reader.verdict(fault)
    return reader.verdict(reader.end())


def in_order(documents: Sequence[Document]) -> Sequence[Document]:
    """Sort files by the number of their first whole line."""

    def first(document: Document) -> int:
        return next((found.head.seq for found in _links(document)), 0)

    return sorted(documents, key=first)


class _Reader:
    def __init__(self, kept: Head | None, present: frozenset[int]) -> None:
        self._kept = kept
        self._present = present
        self._head: Head | None = None
        self._entries = 0
        self._torn: _Line | None = None
        self._has_seen = kept is None
        self._remarks: list[str] = []

    def take(self, line: _Line) -> str | None:
        """Take the next line; return what is wrong with it."""
        if self._torn is not None:
            return self._vouched(line, self._torn)
        found = link(line.raw)
        if found is None:
            # It may be torn by a crash: then the next line says so.
            self._torn = line
            return None
        if not line.has_end:
            self._remarks.append(f"{line.place} has no end yet, but is whole.")
        return self._follow(line, found)

    def end(self) -> str | None:
        """Say what is wrong after the last line."""
        if self._torn is not None:
            return _broken(self._torn)
        if not self._has_seen and self._kept is not None:
            seq = self._kept.seq
            return f"Truncated: entry {seq} is not there; the chain ends at {self._last().seq}."
        return None

    def verdict(self, fault: str | None) -> Verdict:
        """Sum up."""
        return Verdict(
            entries=self._entries, head=self._last(), fault=fault, remarks=self._remarks
        )

    def _last(self) -> Head:
        return self._head or Head()

    def _vouched(self, line: _Line, torn: _Line) -> str | None:
        """Take the line after one that is not whole: it has to say so."""
        found = link(line.raw)
        seal = None if found is None or found.kind != "torn" else found
        if seal is None or seal.entry.get("fingerprint") != fingerprint(torn.raw):
            return _broken(torn)
        self._torn = None
        said = (
            f"{torn.place} was torn by a crash ({len(torn.raw)} bytes), as {line.place} says."
        )
        self._remarks.append(said)
        return self._follow(line, seal)

    def _follow(self, line: _Line, found: Link) -> str | None:
        last, head = self._head, found.head
        if last is None:
            if head.seq > 1 or found.previous != GENESIS:
                self._remarks.append(
                    f"The chain begins at entry {head.seq}: what was before is not given."
                )
        elif head.seq != last.seq + 1 or found.previous != last.hash:
            return self._misplaced(line, head.seq, last.seq + 1)
        self._head = head
        self._entries += 1
        return self._compare(line, head)

    def _misplaced(self, line: _Line, seq: int, wanted: int) -> str:
        """Say how a line that is whole in itself fails to follow the one before it."""
        if seq < wanted or wanted in self._present - {seq}:
            return f"{line.place} is out of order: entry {seq} where {wanted} belongs."
        if seq > wanted:
            gone = f"entry {wanted}" if seq == wanted + 1 else f"entries {wanted} to {seq - 1}"
            return f"Removed: {gone} before {line.place}."
        return f"Replaced: the entry before {line.place} is not what it was written after."

    def _compare(self, line: _Line, head: Head) -> str | None:
        if self._kept is None or head.seq != self._kept.seq:
            return None
        self._has_seen = True
        if head == self._kept:
            return None
        return (
            f"{line.place} was replaced: entry {head.seq} had another hash when it was noted."
        )


def _broken(line: _Line) -> str:
    if not line.has_end:
        return (
            f"Truncated: {line.place} ends in the middle. No later line says that it was torn."
        )
    return f"{line.place} was edited: it is not what its hash was made of."


def _links(document: Document) -> Iterator[Link]:
    for raw in document.content.split(b"\n"):
        if (found := link(raw)) is not None:
            yield found


def _lines(documents: Sequence[Document]) -> Iterator[_Line]:
    for document in documents:
        *whole, rest = document.content.split(b"\n")
        for number, raw in enumerate(whole, 1):
            yield _Line(place=f"{document.name}:{number}", raw=raw, has_end=True)
        if rest:
            place = f"{document.name}:{len(whole) + 1}"
            yield _Line(place=place, raw=rest, has_end=False)
