"""The lines of ``rolloutd judge``: JSON objects in, gates' values out.

Every complaint names the field it is about, so that whoever wrote the line can mend it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rolloutd.core.observation import Counts, GateVerdict, Histogram, History, Ruling, Sample
from rolloutd.core.plan import Confidence, Gate, Judgement, Latency, Samples, SuccessRate
from rolloutd.core.units import Instant, Millis, Percent, Ratio, Seconds
from rolloutd.errors import RolloutdError

GRAVITY: Final = (Ruling.BREACH, Ruling.SUSPECT, Ruling.BLIND, Ruling.HOLD, Ruling.FINE)
"""Rulings from worst to best: the worst of several gates is a stream's."""

MOST: Final = 2**53
"""The largest count that a number in JSON tells exactly; sums of larger ones overflow."""


class LineError(RolloutdError):
    """A line can't be used.

    Attributes:
        field: Which field, e.g. ``canary.requests``.
        reason: What is wrong with it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a stream is judged by; a part of what a plan says.

    Attributes:
        edges: Upper edges of the latency buckets in milliseconds; empty without durations.
    """

    gates: tuple[Gate, ...]
    confidence: Confidence
    samples: Samples
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A stream's first line."""

    stream: str
    brief: Brief
    history: History | None


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object and where it stands in its line.

    Attributes:
        path: Of the object; empty for the line itself.
    """

    values: Mapping[str, object]
    path: str = ""

    def name(self, key: str) -> str:
        """Return the full name of a field."""
        return f"{self.path}.{key}" if self.path else key

    def only(self, *known: str) -> None:
        """Refuse fields that nobody reads: a misspelt one must not pass for a default."""
        for key in self.values:
            if key not in known:
                raise LineError(self.name(key), f"is not known; known are {', '.join(known)}")

    def inner(self, key: str) -> Fields | None:
        """Return an object inside; ``None`` when it is missing or null."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise LineError(self.name(key), "must be an object")
        return Fields(value, self.name(key))

    def text(self, key: str) -> str:
        """Return a word that must be there."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            raise LineError(self.name(key), "must be a text that is not empty")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise LineError(self.name(key), f"must be a number, not {value!r}")
        if not math.isfinite(value):
            raise LineError(self.name(key), f"must be finite, not {value}")
        return float(value)

    def optional(self, key: str) -> float | None:
        """Return a finite number; ``None`` when it is missing or null."""
        return None if self.values.get(key) is None else self.number(key)

    def within(self, key: str, low: float, high: float, default: float) -> float:
        """Return a number strictly between two others."""
        value = self.number(key, default)
        if not low < value < high:
            raise LineError(self.name(key), f"must lie between {low:g} and {high:g}")
        return value

    def count(self, key: str) -> int:
        """Return a number of requests: whole, not negative."""
        value = self.number(key)
        if value < 0 or value != int(value):
            raise LineError(self.name(key), f"must be a whole number from 0 on, not {value:g}")
        if value > MOST:
            raise LineError(self.name(key), f"{value:g} is more than anybody can have counted")
        return int(value)

    def row(self, key: str) -> tuple[float, ...]:
        """Return a list of finite numbers; ``+Inf`` may end it and is dropped."""
        value = self.values.get(key)
        if not isinstance(value, list):
            raise LineError(self.name(key), "must be a list of numbers")
        last = value[-1] if value else None
        # A tuple, not a set: the last item may be a list, which has no hash.
        finite = value[:-1] if last in ("+Inf", "Inf", "inf") else value
        items = Fields({str(index): item for index, item in enumerate(finite)}, self.name(key))
        return tuple(items.number(str(index)) for index in range(len(finite)))


def is_opening(line: Fields) -> bool:
    """Say whether a line opens a stream: only samples carry a time."""
    return "t" not in line.values


def read_edges(line: Fields) -> tuple[float, ...]:
    """Read the edges of the latency buckets from a stream's first line; none is an answer.

    Raises:
        LineError: They don't rise, or are no numbers.
    """
    return _edges(line, line.inner("history"))


def read_history(line: Fields) -> History | None:
    """Read how stable behaved before, from a stream's first line; nothing is an answer.

    Raises:
        LineError: A field of it is missing, unknown or makes no sense.
    """
    past = line.inner("history")
    return None if past is None else _history(past, read_edges(line))


def read_opening(line: Fields) -> Opening:
    """Read a stream's first line.

    Raises:
        LineError: A field is missing, unknown or makes no sense.
    """
    line.only("stream", "interval", "history", "options", "le")
    edges = read_edges(line)
    samples = Samples(
        interval=Seconds(line.within("interval", 0.0, 86_400.0, 5.0)),
        window=Seconds(60.0),
        min_requests=100,
    )
    options = line.inner("options") or Fields({}, "options")
    return Opening(
        stream=line.text("stream"),
        brief=_brief(options, samples, edges),
        history=read_history(line),
    )


def read_sample(line: Fields, brief: Brief, last: Instant | None) -> Sample:
    """Read one interval.

    Its counts are those of the last ``interval`` seconds, or of the time since the line
    before it where that is shorter.

    Args:
        line: The object.
        brief: Of its stream.
        last: Time of the stream's last line that was heard.

    Raises:
        LineError: A field is missing, unknown or makes no sense.
    """
    line.only("stream", "t", "stable", "canary", "weight")
    end = Instant(line.number("t"))
    start = Instant(end - brief.samples.interval)
    if start >= end:
        raise LineError(line.name("t"), f"{end:g} is too large to tell intervals apart")
    if last is not None and last < end:
        start = max(start, last)
    weight = line.number("weight", 0.0)
    if not 0 <= weight <= 100:
        raise LineError(line.name("weight"), f"{weight:g} is no percentage")
    return Sample(
        start=start,
        end=end,
        stable=_counts(line, "stable", brief.edges),
        canary=_counts(line, "canary", brief.edges),
        weight=Percent(round(weight)),
        values={},
    )


def write_verdict(
    stream: str, at: float, verdicts: tuple[GateVerdict, ...], *, explain: bool
) -> dict[str, object]:
    """Put a stream's verdict, the worst of its gates', into a JSON object."""
    worst = min(verdicts, key=lambda verdict: GRAVITY.index(verdict.ruling))
    certified = all(verdict.certified for verdict in verdicts)
    line: dict[str, object] = {
        "stream": stream,
        "t": at,
        "verdict": "certified" if certified else worst.ruling.value,
        "gate": worst.gate,
        "evidence": dict(worst.evidence),
        "reason": worst.reason,
    }
    if explain:
        line["explain"] = [f"{each.gate}: {each.reason}" for each in verdicts]
    return line


def _brief(options: Fields, samples: Samples, edges: tuple[float, ...]) -> Brief:
    options.only(
        *("mode", "falseRollback", "regression", "slowdown", "certainty"),
        *("minimum", "maxDrop", "quantile", "maximum", "maxRatio", "window", "minRequests"),
    )
    confidence = Confidence(
        false_rollback=Ratio(options.within("falseRollback", 0.0, 0.5, 0.001)),
        regression=Ratio(options.within("regression", 0.0, 1.0, 0.01)),
        slowdown=options.within("slowdown", 1.0, 100.0, 1.25),
        certainty=Ratio(options.within("certainty", 0.5, 1.0, 0.99)),
    )
    looks = Samples(
        interval=samples.interval,
        window=Seconds(options.within("window", 0.0, 86_400.0, samples.window)),
        min_requests=round(options.within("minRequests", 0.0, 1e9, samples.min_requests)),
    )
    gates: tuple[Gate, ...] = (_success(options),)
    if edges:
        gates = (*gates, _latency(options))
    return Brief(gates=gates, confidence=confidence, samples=looks, edges=edges)


def _success(options: Fields) -> SuccessRate:
    minimum, drop = options.optional("minimum"), options.optional("maxDrop")
    return SuccessRate(
        name="success-rate",
        minimum=None if minimum is None else Ratio(options.within("minimum", 0.0, 1.0, 0.0)),
        max_drop=None if drop is None else Ratio(options.within("maxDrop", 0.0, 1.0, 0.0)),
        judgement=_judgement(options),
    )


def _latency(options: Fields) -> Latency:
    maximum, ratio = options.optional("maximum"), options.optional("maxRatio")
    return Latency(
        name="latency",
        quantile=Ratio(options.within("quantile", 0.0, 1.0, 0.99)),
        maximum=None if maximum is None else Millis(options.within("maximum", 0.0, 1e9, 0.0)),
        max_ratio=None if ratio is None else options.within("maxRatio", 1.0, 100.0, 0.0),
        judgement=_judgement(options),
    )


def _judgement(options: Fields) -> Judgement:
    mode = options.values.get("mode", Judgement.SEQUENTIAL.value)
    for judgement in Judgement:
        if mode == judgement.value:
            return judgement
    known = ", ".join(judgement.value for judgement in Judgement)
    raise LineError(options.name("mode"), f"must be one of {known}")


def _edges(line: Fields, past: Fields | None) -> tuple[float, ...]:
    times = past.inner("latency") if past is not None else None
    if times is not None:
        return _rising(times, times.row("le"))
    return _rising(line, line.row("le")) if "le" in line.values else ()


def _rising(where: Fields, edges: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(edges)):
        raise LineError(where.name("le"), "must rise")
    if edges and edges[0] <= 0.0:
        raise LineError(where.name("le"), "must be above 0")
    return edges


def _history(past: Fields, edges: tuple[float, ...]) -> History:
    past.only("requests", "failures", "dispersion", "latency")
    counted = _failed(past)
    times = past.inner("latency")
    return History(
        requests=counted.requests,
        failures=counted.failures,
        dispersion=past.number("dispersion", 1.0),
        latency=None if times is None else _times(times, "counts", edges, counted.requests),
    )


def _counts(line: Fields, arm: str, edges: tuple[float, ...]) -> Counts | None:
    if arm not in line.values:
        raise LineError(line.name(arm), "is missing; null says that it was not read")
    read = line.inner(arm)
    if read is None:
        return None
    read.only("requests", "failures", "latency")
    counted = _failed(read)
    if read.values.get("latency") is None:
        return counted
    if not edges:
        raise LineError(read.name("latency"), "needs the edges: `le` in the first line")
    times = _times(read, "latency", edges, counted.requests)
    return Counts(requests=counted.requests, failures=counted.failures, latency=times)


def _failed(fields: Fields) -> Counts:
    requests, failures = fields.count("requests"), fields.count("failures")
    if failures > requests:
        raise LineError(fields.name("failures"), f"{failures} of {requests} requests")
    return Counts(requests=requests, failures=failures)


def _times(fields: Fields, key: str, edges: tuple[float, ...], requests: int) -> Histogram:
    row = fields.row(key)
    if len(row) not in {len(edges), len(edges) + 1}:
        raise LineError(fields.name(key), f"must have {len(edges)} counts, one an edge")
    if any(count > MOST for count in row):
        raise LineError(fields.name(key), "holds more than anybody can have counted")
    if any(low > high for low, high in zip((0.0, *row), row, strict=False)):
        raise LineError(fields.name(key), "must be cumulative: it falls")
    below = tuple(int(count) for count in row)
    everything = below[-1] if len(row) > len(edges) else max((requests, *below))
    return Histogram(bounds=edges, counts=(*below[: len(edges)], everything))
