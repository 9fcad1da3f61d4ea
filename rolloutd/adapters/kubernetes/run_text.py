"""A finished run as text, for the ConfigMap that keeps it: readable, and never too long."""

from __future__ import annotations

import dataclasses
import math

from pydantic import TypeAdapter, ValidationError

from rolloutd.core.deeds import Run
from rolloutd.core.observation import GateVerdict
from rolloutd.core.series import GateSeries, Series, thinned
from rolloutd.core.state import Transition
from rolloutd.core.units import Instant, Ratio
from rolloutd.errors import Refused

POINTS = 200
"""Points of a series at most: a chart of a report has not many more pixels to a line."""

LONGEST = 24 * 1024
"""Bytes of a run at most: twenty of them fill half of the 1 MiB that an object may have."""

LINES = 60
"""Lines of a story at most; of a longer one the middle is left out."""

WORDS = 400
"""Characters of a reason at most."""

_FEWEST = 4
_DIGITS = 5
_FORM = TypeAdapter(Run)


def to_text(run: Run) -> str:
    """Write a run in at most ``LONGEST`` bytes, with as many points and lines as fit."""
    points, lines = POINTS, LINES
    while True:
        text = _FORM.dump_json(_shortened(run, points, lines), exclude_none=False).decode()
        if len(text.encode()) <= LONGEST or points <= _FEWEST:
            return text
        points, lines = (
            points // 2,
            max(_FEWEST, lines // 2 if points <= POINTS // 8 else lines),
        )


def from_text(text: str) -> Run:
    """Read a run.

    Raises:
        Refused: It is not one; the message says what is wrong with it.
    """
    try:
        return _FORM.validate_json(text)
    except ValidationError as wrong:
        fault = wrong.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise Refused(f"the run can't be read: {place}: {fault['msg']}") from wrong


def _shortened(run: Run, points: int, lines: int) -> Run:
    return dataclasses.replace(
        run,
        started=_second(run.started),
        ended=_second(run.ended),
        reason=run.reason[:WORDS],
        timeline=_story(run.timeline, lines),
        verdicts=tuple(_verdict(verdict) for verdict in run.verdicts),
        series=_rounded(thinned(run.series, points)),
    )


def _story(lines: tuple[Transition, ...], most: int) -> tuple[Transition, ...]:
    """Keep the beginning and, of more weight, the end."""
    head = most // 4
    kept = lines if len(lines) <= most else (*lines[:head], *lines[head - most :])
    return tuple(
        dataclasses.replace(line, at=_second(line.at), reason=line.reason[:WORDS])
        for line in kept
    )


def _verdict(verdict: GateVerdict) -> GateVerdict:
    return dataclasses.replace(
        verdict,
        at=_second(verdict.at),
        reason=verdict.reason[:WORDS],
        canary=_number(verdict.canary),
        stable=_number(verdict.stable),
        limit=_number(verdict.limit),
        room=_number(verdict.room),
        evidence={
            name: known
            for name, value in verdict.evidence.items()
            if (known := _number(value)) is not None
        },
    )


def _rounded(series: Series) -> Series:
    return Series(
        at=tuple(_second(at) for at in series.at),
        desired=series.desired,
        observed=tuple(
            None if r is None else Ratio(round(r, _DIGITS)) for r in series.observed
        ),
        gates={
            name: GateSeries(
                unit=gate.unit,
                canary=_column(gate.canary),
                stable=_column(gate.stable),
                limit=_column(gate.limit),
                ruling=gate.ruling,
            )
            for name, gate in series.gates.items()
        },
    )


def _column(values: tuple[float | None, ...]) -> tuple[float | None, ...]:
    return tuple(_number(value) for value in values)


def _number(value: float | None) -> float | None:
    """Round to what a person reads; JSON has no word for infinity."""
    known = value is not None and math.isfinite(value)
    return float(f"{value:.{_DIGITS}g}") if known else None


def _second(at: Instant) -> Instant:
    return Instant(round(at, 1))
