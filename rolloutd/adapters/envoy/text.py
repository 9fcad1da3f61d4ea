"""Reads Prometheus' text format, fast enough for the stats of an Envoy with 2,000 clusters.

Envoy writes a family as one block after its ``# TYPE`` line, and the same series with the same
spelling every time. So blocks that do not matter are jumped over by a substring search, and a
series is taken apart once: later scrapes find its meaning by its spelling.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rolloutd.adapters.envoy.series import (
    HISTOGRAMS,
    ArmCounters,
    Basis,
    Exposition,
    Meaning,
    Wanted,
    meaning_of,
)
from rolloutd.core.observation import Histogram
from rolloutd.errors import Unavailable

_STRETCH = 256 << 10
"""Bytes cut into lines at a time: well under a millisecond."""

_TYPE = b"# TYPE "
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?')
_ESCAPE = re.compile(r"\\(.)")
_LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?")


@dataclass(frozen=True, slots=True)
class _Bucket:
    """A line of a histogram: whose, and up to how many milliseconds."""

    meaning: Meaning
    bound: float


class TextReader:
    """Reads answers and remembers how series are spelled; safe to use from several threads.

    Args:
        most_spellings: How many to remember; then all are forgotten, before the next answer.
            The default takes about 100 MB when full; an Envoy with 2,000 busy clusters has
            90,000 that matter.
    """

    def __init__(self, most_spellings: int = 250_000) -> None:
        self._most_spellings = most_spellings
        self._counters: dict[bytes, Meaning | None] = {}
        self._buckets: dict[bytes, _Bucket | None] = {}
        self._meanings: dict[str, Meaning] = {}

    def read(self, body: bytes, wanted: Wanted) -> Exposition:
        """Sort an answer.

        Args:
            body: The whole answer; empty when a filter left nothing.
            wanted: What to read it for.

        Raises:
            Unavailable: This is not the format, or a family has another type than it should.
        """
        self._forget_if_full()
        arms: dict[tuple[Basis, str], ArmCounters] = {}
        for family, lines in _blocks(body, wanted):
            if family in HISTOGRAMS:
                self._read_histograms(family, lines, arms)
            else:
                self._read_counters(family, lines, arms)
        return Exposition(arms=arms)

    def _read_counters(
        self, family: str, lines: Iterator[bytes], arms: dict[tuple[Basis, str], ArmCounters]
    ) -> None:
        known = self._counters
        for line in lines:
            spelling, _, value = line.rpartition(b" ")
            try:
                meaning = known[spelling]
            except KeyError:
                meaning = _counter(family, spelling or line)
                if spelling and len(known) < self._most_spellings:
                    known[spelling] = meaning
            if meaning is not None:
                _arm(arms, meaning).requests.append((meaning, _number(line, value)))

    def _read_histograms(
        self, family: str, lines: Iterator[bytes], arms: dict[tuple[Basis, str], ArmCounters]
    ) -> None:
        known = self._buckets
        found: dict[str, tuple[Meaning, list[float], list[float]]] = {}
        last: Meaning | None = None
        bounds: list[float] = []
        counts: list[float] = []
        for line in lines:
            spelling, _, value = line.rpartition(b" ")
            try:
                bucket = known[spelling]
            except KeyError:
                bucket = self._bucket(family, spelling or line)
                if spelling and len(known) < self._most_spellings:
                    known[spelling] = bucket
            if bucket is None:
                continue
            if bucket.meaning is not last:
                last = bucket.meaning
                _, bounds, counts = found.setdefault(last.name, (last, [], []))
            bounds.append(bucket.bound)
            counts.append(_number(line, value))
        for meaning, edges, values in found.values():
            histogram = _histogram(meaning, edges, values)
            _arm(arms, meaning).durations.append((meaning, histogram))

    def _bucket(self, family: str, spelling: bytes) -> _Bucket | None:
        name, labels = _taken_apart(spelling)
        if name != f"{family}_bucket":
            return None
        bound = labels.pop("le", "")
        meaning = meaning_of(family, labels)
        if meaning is None:
            return None
        # One object per histogram, so that its lines are told to belong together by identity.
        meaning = self._meanings.setdefault(meaning.name, meaning)
        return _Bucket(meaning, _number(spelling, bound.encode()))

    def _forget_if_full(self) -> None:
        if len(self._counters) + len(self._buckets) > self._most_spellings:
            self._counters = {}
            self._buckets = {}
            self._meanings = {}


def _blocks(body: bytes, wanted: Wanted) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield wanted families and their lines."""
    start = 0 if body.startswith(_TYPE) else body.find(b"\n" + _TYPE) + 1
    if not body.startswith(_TYPE, start):
        if body.strip():
            raise Unavailable(f"sent {_excerpt(body)}, which is not in the text format")
        return
    while start < len(body):
        line_end = body.find(b"\n", start)
        end = body.find(b"\n" + _TYPE, start)
        if line_end < 0:
            return
        family, _, kind = (
            body[start + len(_TYPE) : line_end].decode("utf-8", "replace").partition(" ")
        )
        if wanted.has(family):
            _check_type(family, kind)
            yield family, _lines(body, line_end + 1, end if end >= 0 else len(body))
        if end < 0:
            return
        start = end + 1


def _lines(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield the lines of a block, cut a stretch at a time.

    Cutting up a block of 20 MB in one call would keep every other thread waiting for it.
    """
    while start < end:
        stop = body.find(b"\n", min(start + _STRETCH, end), end)
        if stop < 0:
            stop = end
        yield from body[start:stop].split(b"\n")
        start = stop + 1


def _check_type(family: str, kind: str) -> None:
    expected = "histogram" if family in HISTOGRAMS else "counter"
    if kind.strip() != expected:
        raise Unavailable(f"declares {family} a {kind.strip() or 'nothing'}, not a {expected}")


def _counter(family: str, spelling: bytes) -> Meaning | None:
    name, labels = _taken_apart(spelling)
    return meaning_of(family, labels) if name == family else None


def _taken_apart(spelling: bytes) -> tuple[str, dict[str, str]]:
    """Return a series' name and labels; comments and empty lines have no name."""
    text = spelling.decode("utf-8", "replace")
    if not text or text.startswith("#"):
        return "", {}
    line = _LINE.fullmatch(text)
    if line is None:
        raise Unavailable(
            f"sent the line {_excerpt(spelling)}, which is not in the text format"
        )
    labels = {
        name: _ESCAPE.sub(_unescaped, value) for name, value in _LABEL.findall(line[2] or "")
    }
    return line[1], labels


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]


def _number(line: bytes, value: bytes) -> float:
    try:
        return float(value)
    except ValueError as exc:
        raise Unavailable(f"sent the line {_excerpt(line)}, which has no number") from exc


def _histogram(meaning: Meaning, bounds: list[float], counts: list[float]) -> Histogram:
    """Build a histogram from its lines, which end with the one of all requests."""
    if bounds[-1] != math.inf or not math.isfinite(sum(counts)):
        raise Unavailable(f"sent an incomplete histogram {meaning.name}")
    return Histogram(bounds=tuple(bounds[:-1]), counts=tuple(map(int, counts)))


def _arm(arms: dict[tuple[Basis, str], ArmCounters], meaning: Meaning) -> ArmCounters:
    key = (meaning.basis, meaning.arm)
    counters = arms.get(key)
    if counters is None:
        counters = arms[key] = ArmCounters()
    return counters


def _excerpt(text: bytes) -> str:
    return repr(text[:60].decode("utf-8", "replace"))
