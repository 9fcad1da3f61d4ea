"""What is wrong with a plan file: where, by which rule, and what would be right."""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Code(enum.Enum):
    """Every rule a plan can break. Numbers are never reused: people search for them."""

    UNREADABLE = "RD100"
    SYNTAX = "RD101"
    TOO_LARGE = "RD102"
    DUPLICATE_KEY = "RD103"
    AMBIGUOUS = "RD104"
    NOT_PLAIN = "RD105"
    NO_PLAN = "RD106"
    UNKNOWN_FIELD = "RD110"
    MISSING_FIELD = "RD111"
    WRONG_TYPE = "RD112"
    NOT_ALLOWED = "RD113"
    OUT_OF_RANGE = "RD114"
    EMPTY = "RD115"
    BAD_NAME = "RD116"
    BAD_DURATION = "RD120"
    BAD_PERCENTAGE = "RD121"
    BAD_TIME = "RD122"
    BAD_DAYS = "RD123"
    UNKNOWN_TIMEZONE = "RD124"
    BAD_CRON = "RD125"
    NUMBERED_WEEKDAY = "RD126"
    BAD_GRPC_STATUS = "RD127"
    BAD_HTTP_CODES = "RD128"
    BAD_URL = "RD129"
    FALLING_WEIGHT = "RD130"
    UNFINISHED = "RD131"
    PAUSE_FIRST = "RD132"
    ARMS_ALIKE = "RD133"
    NO_DESTINATION = "RD134"
    ONE_DEPLOYMENT = "RD135"
    NO_LIMIT = "RD136"
    GATE_TWICE = "RD137"
    ROUTE_TWICE = "RD138"
    CONTRADICTION = "RD139"
    PLAN_TWICE = "RD140"
    ROUTE_CONTESTED = "RD141"
    UNJUDGED = "RD201"
    NO_HOLD = "RD202"
    BOTH_DAYS = "RD203"
    UNUSED_QUERY = "RD204"


class Severity(enum.Enum):
    """Whether a finding keeps its file from being used."""

    ERROR = "error"
    WARNING = "warning"


def severity(code: Code) -> Severity:
    """Return what a code means for its file: RD1xx refuses, RD2xx only tells."""
    return Severity.WARNING if code.value.startswith("RD2") else Severity.ERROR


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one line.

    Attributes:
        line: From 1; 0 in what has no lines, such as an object in a cluster.
        column: From 1, in characters.
        end: Column after the last character; at least ``column + 1``.
    """

    line: int
    column: int
    end: int


START = Span(1, 1, 2)
"""Where a finding points that concerns a whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        file: As the user named it.
        message: What is wrong, without its place; starts small, ends without a full stop.
        remedy: What is allowed, or what to write instead; may be empty.
        path: Where in the document, e.g. ``spec.steps[2].weight``; empty for syntax.
    """

    code: Code
    file: str
    span: Span
    message: str
    remedy: str = ""
    path: str = ""

    @property
    def severity(self) -> Severity:
        """Whether it keeps the file from being used."""
        return severity(self.code)

    def __str__(self) -> str:
        place = f":{self.span.line}:{self.span.column}" if self.span.line else ""
        where = f"{self.file}{place}"
        subject = f" {self.path}:" if self.path else ""
        what = "; ".join(part for part in (self.message, self.remedy) if part)
        return f"{where}: {self.severity.value} {self.code.value}:{subject} {what}."


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Keep those that refuse a file."""
    return tuple(each for each in findings if each.severity is Severity.ERROR)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by place, and say what is said twice once: an alias shows its anchor's faults."""
    unique = dict.fromkeys(findings)
    places: dict[tuple[str, Span, Code, str], Finding] = {}
    for each in unique:
        places.setdefault((each.file, each.span, each.code, each.message), each)
    return tuple(sorted(places.values(), key=lambda each: (each.file, each.span)))


def suggestion(written: str, allowed: Iterable[str]) -> str | None:
    """Return what was probably meant."""
    by_folded = {name.casefold(): name for name in allowed}
    close = difflib.get_close_matches(written.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def remedy(written: str, allowed: Sequence[str]) -> str:
    """Say what was probably meant, and what else there is."""
    meant = suggestion(written, allowed)
    question = f"did you mean {meant!r}? " if meant else ""
    return f"{question}allowed: {', '.join(allowed)}"


_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What libyaml counts as the end of a line."""

_WIDEST = 120
"""Characters of a source line that are shown."""


def source_line(text: str, number: int) -> str:
    """Return a line of a file, without what a terminal would act on."""
    lines = _BREAK.split(text)
    line = lines[number - 1] if number <= len(lines) else ""
    return "".join(char if char.isprintable() else " " for char in line)


def caret(finding: Finding, text: str) -> tuple[str, str]:
    """Return the source line and a line of carets beneath what is meant.

    Args:
        finding: What to point at.
        text: Content of its file.
    """
    line, span = source_line(text, finding.span.line), finding.span
    first, last = span.column - 1, max(span.column, min(span.end - 1, len(line)))
    cut = max(0, first - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = line[cut : cut + _WIDEST]
    width = max(1, min(last, cut + _WIDEST) - first)
    return shown.rstrip(), " " * (first - cut) + "^" * width
