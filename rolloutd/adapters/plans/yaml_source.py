"""YAML, strictly: a tree that knows its places, and everything doubtful as a finding.

Works on parser events, not on PyYAML's constructors: those take the last of two equal keys,
follow YAML 1.1, and expand aliases without a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from rolloutd.adapters.plans.diagnostics import START, Code, Finding, Span
from rolloutd.adapters.plans.scalars import Value, core_value, surprise

LARGEST = 1024 * 1024
"""Bytes of a file: a ConfigMap holds no more."""

MOST_NODES = 50_000
"""Values in one document, each alias counted as all that it stands for."""

DEEPEST = 32
"""Levels of nesting; a plan has eight."""

_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value.

    Attributes:
        doubtful: It was complained of already; what it means is not certain.
    """

    span: Span
    value: Value
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence."""

    span: Span
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and what it stands for."""

    key: str
    span: Span
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, each key once."""

    span: Span
    entries: tuple[Entry, ...]

    def entry(self, key: str) -> Entry | None:
        """Return a key's entry."""
        return next((entry for entry in self.entries if entry.key == key), None)


Node: TypeAlias = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, read.

    Attributes:
        documents: Those that could be read; empty ones are left out.
        findings: What is wrong with the YAML as such.
    """

    documents: tuple[Node, ...]
    findings: tuple[Finding, ...]


def plain(node: Node) -> object:
    """Return a tree as dictionaries, lists and scalars."""
    match node:
        case Scalar(value=value):
            return value
        case Listing(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {entry.key: plain(entry.value) for entry in entries}


def read(content: bytes, *, file: str) -> Source:
    """Parse a file; never raises.

    Args:
        content: As stored.
        file: Its name, for findings.
    """
    reading = _Reading(file)
    documents: list[Node] = []
    try:
        documents.extend(_documents(_decoded(content), reading))
    except _Unusable as unusable:
        reading.findings.append(unusable.finding(file))
    return Source(documents=tuple(documents), findings=tuple(reading.findings))


class _Unusable(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, code: Code, span: Span, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self._code, self._span, self._message, self._remedy = code, span, message, remedy

    def finding(self, file: str) -> Finding:
        return Finding(
            code=self._code,
            file=file,
            span=self._span,
            message=self._message,
            remedy=self._remedy,
        )


def _decoded(content: bytes) -> str:
    if len(content) > LARGEST:
        message = f"{len(content)} bytes are more than a plan file may have"
        raise _Unusable(Code.TOO_LARGE, START, message, f"at most {LARGEST} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        span = _span_at(content[: error.start].decode("utf-8", "replace"))
        raise _Unusable(Code.SYNTAX, span, "this is not UTF-8 text") from error
    odd = _UNPRINTABLE.search(text)
    if odd:
        span = _span_at(text[: odd.start()])
        raise _Unusable(Code.SYNTAX, span, f"character {odd[0]!r} may not stand in YAML")
    return text


def _span_at(before: str) -> Span:
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return Span(line, column, column + 1)


@dataclass(slots=True)
class _Reading:
    """What is gathered on the way through one file, and through one document of it."""

    file: str
    findings: list[Finding] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    nodes: int = 0

    def complain(self, code: Code, span: Span, message: str, remedy: str = "") -> None:
        self.findings.append(
            Finding(code=code, file=self.file, span=span, message=message, remedy=remedy)
        )

    def count(self, nodes: int, span: Span) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            message = f"the document has more than {MOST_NODES} values, aliases included"
            raise _Unusable(Code.TOO_LARGE, span, message)


def _documents(text: str, reading: _Reading) -> Iterator[Node]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
    try:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                reading.anchors, reading.nodes = {}, 0
                node = _node(next(events), events, reading, depth=0)
                if not (isinstance(node, Scalar) and node.value is None):
                    yield node
    except yaml.MarkedYAMLError as error:
        # What stood before the fault is judged all the same: all findings in one pass.
        mark = error.problem_mark or error.context_mark
        span = START if mark is None else Span(mark.line + 1, mark.column + 1, mark.column + 2)
        context = f" ({error.context})" if error.context else ""
        reading.complain(Code.SYNTAX, span, f"this is not YAML: {error.problem}{context}")


def _node(
    event: yaml.Event, events: Iterator[yaml.Event], reading: _Reading, *, depth: int
) -> Node:
    span = _span(event)
    _check_depth(depth, span)
    if isinstance(event, yaml.AliasEvent):
        return _aliased(str(event.anchor), span, reading, depth)
    reading.count(1, span)
    before = reading.nodes
    if isinstance(event, yaml.ScalarEvent):
        node: Node = _scalar(event, span, reading)
    elif isinstance(event, yaml.SequenceStartEvent):
        node = Listing(span, tuple(_items(events, reading, depth)))
    else:
        node = Mapping(span, tuple(_entries(events, reading, depth)))
    _check_tag(event, span, reading)
    if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        reading.anchors[str(event.anchor)] = (node, reading.nodes - before + 1)
    return node


def _aliased(anchor: str, span: Span, reading: _Reading, depth: int) -> Node:
    """Return what an alias stands for; inside its own anchor it stands for nothing yet."""
    if anchor not in reading.anchors:
        reading.complain(Code.NOT_PLAIN, span, f"no finished anchor &{anchor} stands before it")
        return Scalar(span, None, doubtful=True)
    node, nodes = reading.anchors[anchor]
    reading.count(nodes, span)
    _check_depth(depth + _height(node), span)
    return node


def _check_depth(depth: int, span: Span) -> None:
    if depth > DEEPEST:
        raise _Unusable(Code.TOO_LARGE, span, f"nested deeper than {DEEPEST} levels")


def _height(node: Node) -> int:
    match node:
        case Scalar():
            return 0
        case Listing(items=items):
            return 1 + max(map(_height, items), default=0)
        case Mapping(entries=entries):
            return 1 + max((_height(entry.value) for entry in entries), default=0)


def _scalar(event: yaml.ScalarEvent, span: Span, reading: _Reading) -> Scalar:
    text = str(event.value)
    if not event.implicit[0]:
        return Scalar(span, text, doubtful=event.tag is not None)
    odd = surprise(text)
    if odd is not None:
        message = f"{text} is {odd.old} to some tools (YAML 1.1) and not to others (1.2)"
        reading.complain(Code.AMBIGUOUS, span, message, odd.instead)
    return Scalar(span, core_value(text), doubtful=odd is not None)


def _check_tag(event: yaml.Event, span: Span, reading: _Reading) -> None:
    tag = getattr(event, "tag", None)
    if tag is not None:
        message = f"the tag {tag} is not plain data"
        reading.complain(Code.NOT_PLAIN, span, message, "leave it out; quote what is text")


def _items(events: Iterator[yaml.Event], reading: _Reading, depth: int) -> Iterator[Node]:
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            return
        yield _node(event, events, reading, depth=depth + 1)


def _entries(events: Iterator[yaml.Event], reading: _Reading, depth: int) -> Iterator[Entry]:
    seen: dict[str, Span] = {}
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            return
        span = _span(event)
        key = _key(event, events, reading, depth)
        value = _node(next(events), events, reading, depth=depth + 1)
        if key is None:
            continue
        if key in seen:
            message = f"the key {key!r} stands here twice, first in line {seen[key].line}"
            reading.complain(Code.DUPLICATE_KEY, span, message, "keep one of them")
            continue
        seen[key] = span
        yield Entry(key, span, value)


def _key(
    event: yaml.Event, events: Iterator[yaml.Event], reading: _Reading, depth: int
) -> str | None:
    span = _span(event)
    if isinstance(event, yaml.ScalarEvent):
        text = str(event.value)
        _check_tag(event, span, reading)
        if text == "<<" and event.implicit[0]:
            message = "YAML 1.2 has no merge keys"
            reading.complain(Code.NOT_PLAIN, span, message, "write the fields out")
            return None
        return text
    _node(event, events, reading, depth=depth + 1)
    reading.complain(Code.NOT_PLAIN, span, "a key must be a word")
    return None


def _span(event: yaml.Event) -> Span:
    begin, end = event.start_mark, event.end_mark
    if begin is None or end is None:
        return START
    line, column = begin.line + 1, begin.column + 1
    same_line = end.line == begin.line and end.column > begin.column
    return Span(line, column, end.column + 1 if same_line else column + 1)
