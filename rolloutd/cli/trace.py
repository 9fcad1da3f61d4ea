"""Recorded counts from a file: CSV with a header, or JSON lines as ``rolloutd judge`` reads."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import orjson

from rolloutd.core.gate.lines import (
    Brief,
    Fields,
    LineError,
    is_opening,
    read_edges,
    read_history,
    read_sample,
)
from rolloutd.core.observation import History, Sample
from rolloutd.core.plan import Plan
from rolloutd.core.units import Instant, Seconds

COLUMNS = ("t", "stable_requests", "stable_failures", "canary_requests", "canary_failures")
"""Columns that a CSV trace has; ``weight`` may follow. An empty count was not read."""


class TraceError(LineError):
    """A line of a trace can't be used.

    Attributes:
        line: Its number in the file.
    """

    def __init__(self, line: int, error: LineError) -> None:
        super().__init__(error.field, error.reason)
        self.line = line

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.reason}"


def read_trace(path: Path, plan: Plan) -> tuple[tuple[Sample, ...], History | None]:
    """Read a whole trace, oldest first, and how stable behaved before it where it says so.

    A first JSON line without ``t`` opens it as a stream of ``rolloutd judge``: ``le``,
    ``interval`` and ``history`` are heard, ``options`` are not, for the plan has its own.
    ``values`` of a line are the answers to custom queries: ``{"GATE": [canary, stable]}``.

    Raises:
        TraceError: A line is not as it should be, or time does not move on.
        OSError: The file can't be read.
    """
    brief = Brief(gates=plan.gates, confidence=plan.confidence, samples=plan.samples, edges=())
    rows = _csv_rows(path) if path.suffix == ".csv" else _json_rows(path)
    samples: list[Sample] = []
    last: Instant | None = None
    past: History | None = None
    for number, row in rows:
        try:
            fields = _fields(row)
            if not samples and is_opening(fields):
                brief, past = _opened(fields, brief)
                continue
            sample = _sample(fields, brief, last)
        except LineError as error:
            raise TraceError(number, error) from error
        samples.append(sample)
        last = sample.end
    return tuple(samples), past


def _opened(line: Fields, brief: Brief) -> tuple[Brief, History | None]:
    line.only("interval", "history", "options", "le")
    interval = Seconds(line.within("interval", 0.0, 86_400.0, brief.samples.interval))
    looks = dataclasses.replace(brief.samples, interval=interval)
    opened = dataclasses.replace(brief, edges=read_edges(line), samples=looks)
    return opened, read_history(line)


def _sample(line: Fields, brief: Brief, last: Instant | None) -> Sample:
    counts = {key: value for key, value in line.values.items() if key != "values"}
    sample = read_sample(Fields(counts), brief, last)
    if last is not None and sample.end <= last:
        raise LineError("t", f"{sample.end:g} is not after {last:g}")
    told = line.inner("values") or Fields({}, "values")
    return dataclasses.replace(sample, values={name: _pair(told, name) for name in told.values})


def _pair(told: Fields, name: str) -> tuple[float | None, float | None]:
    pair = told.values[name]
    if not isinstance(pair, list) or len(pair) != 2:
        raise LineError(told.name(name), "must be a pair: [canary, stable], null for no answer")
    both = Fields({"canary": pair[0], "stable": pair[1]}, told.name(name))
    return both.optional("canary"), both.optional("stable")


def _json_rows(path: Path) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise TraceError(number, LineError("line", f"is not JSON: {error}")) from error


def _csv_rows(path: Path) -> Iterator[tuple[int, object]]:
    # Spreadsheets begin their UTF-8 with a mark, which is no part of the first column's name.
    with io.StringIO(_decoded(path), newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise TraceError(1, LineError(missing[0], "is no column of this file"))
        for row in reader:
            # Cells beyond the header stand under None, missing ones are None.
            if None in row or None in row.values():
                wanted = f"must have {len(reader.fieldnames or ())} cells, as the header has"
                raise TraceError(reader.line_num, LineError("line", wanted))
            yield reader.line_num, _from_columns(reader.line_num, row)


def _decoded(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TraceError(1, LineError("line", f"is not UTF-8: {error.reason}")) from error


def _from_columns(number: int, row: dict[str, str]) -> object:
    try:
        return {
            "t": float(row["t"]),
            "stable": _arm(row, "stable"),
            "canary": _arm(row, "canary"),
            "weight": float(row.get("weight") or 0.0),
        }
    except ValueError as error:
        raise TraceError(number, LineError("line", str(error))) from error


def _arm(row: dict[str, str], arm: str) -> object:
    requests, failures = row[f"{arm}_requests"], row[f"{arm}_failures"]
    if not requests or not failures:
        return None
    return {"requests": float(requests), "failures": float(failures)}


def _fields(row: object) -> Fields:
    if not isinstance(row, dict):
        raise LineError("line", "must be a JSON object")
    return Fields({key: value for key, value in row.items() if key != "stream"})
