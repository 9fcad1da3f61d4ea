"""Recorded counts from a file: CSV with a header, or JSON lines as ``rolloutd judge`` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import orjson

from rolloutd.core.gate.lines import Brief, Fields, LineError, read_sample
from rolloutd.core.observation import Sample
from rolloutd.core.plan import Plan
from rolloutd.core.units import Instant

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


def read_trace(path: Path, plan: Plan) -> tuple[Sample, ...]:
    """Read a whole trace, oldest first.

    Raises:
        TraceError: A line is not as it should be, or time does not move on.
        OSError: The file can't be read.
    """
    brief = Brief(gates=plan.gates, confidence=plan.confidence, samples=plan.samples, edges=())
    rows = _csv_rows(path) if path.suffix == ".csv" else _json_rows(path)
    samples: list[Sample] = []
    last: Instant | None = None
    for number, row in rows:
        try:
            sample = read_sample(_fields(row), brief, last)
        except LineError as error:
            raise TraceError(number, error) from error
        if last is not None and sample.end <= last:
            raise TraceError(number, LineError("t", f"{sample.end:g} is not after {last:g}"))
        samples.append(sample)
        last = sample.end
    return tuple(samples)


def _json_rows(path: Path) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise TraceError(number, LineError("line", f"is not JSON: {error}")) from error


def _csv_rows(path: Path) -> Iterator[tuple[int, object]]:
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise TraceError(1, LineError(missing[0], "is no column of this file"))
        for row in reader:
            yield reader.line_num, _from_columns(reader.line_num, row)


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
