"""A run's numbers over time, kept in bounded memory."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from rolloutd.core.observation import GateVerdict, Ruling
from rolloutd.core.series import GateSeries, Series, kept
from rolloutd.core.units import Instant, Percent, Ratio
from rolloutd.engine.view import View

CAPACITY = 1000
"""Points held at most. With ten gates that is some 300 KB: measured in the tests."""

RECENT = 500
"""Newest points, which are never thinned: 40 minutes at the usual interval."""

_RULINGS = tuple(Ruling)
_NONE = -1


class Journal:
    """The points of one run, in columns of machine numbers: boxed ones take five times as much.

    Old points are thinned when there are too many, so that a run of a day still fits.
    """

    def __init__(self) -> None:
        self._at = array("d")
        self._desired = array("d")
        self._observed = array("d")
        self._gates: dict[str, _Columns] = {}

    def __len__(self) -> int:
        return len(self._at)

    def note(self, view: View) -> None:
        """Add what a rollout looks like; a second look at the same instant adds nothing."""
        if self._at and view.at <= self._at[-1]:
            return
        self._at.append(view.at)
        self._desired.append(_number(view.desired))
        self._observed.append(_number(None if view.split is None else view.split.canary))
        said = {verdict.gate: verdict for verdict in view.verdicts}
        for name, verdict in said.items():
            if name not in self._gates:
                self._gates[name] = _Columns(verdict.unit, len(self._at) - 1)
        for name, columns in self._gates.items():
            columns.add(said.get(name))
        if len(self._at) > CAPACITY:
            self._thin()

    def series(self) -> Series:
        """Return all points, as of now."""
        return Series(
            at=tuple(Instant(at) for at in self._at),
            desired=tuple(None if math.isnan(w) else Percent(int(w)) for w in self._desired),
            observed=tuple(None if math.isnan(r) else Ratio(r) for r in self._observed),
            gates={name: columns.series() for name, columns in self._gates.items()},
        )

    def _thin(self) -> None:
        old = len(self._at) - RECENT
        marks = list(
            zip(
                # Not known is equal to not known, which NaN is not.
                ("" if math.isnan(weight) else weight for weight in self._desired[:old]),
                *(columns.ruling[:old] for columns in self._gates.values()),
                strict=True,
            )
        )
        rest = range(old, len(self._at))
        chosen = [*kept(self._at[:old], marks, (CAPACITY - RECENT) // 2), *rest]
        self._at = _chosen(self._at, chosen)
        self._desired = _chosen(self._desired, chosen)
        self._observed = _chosen(self._observed, chosen)
        for columns in self._gates.values():
            columns.keep(chosen)


class _Columns:
    """One gate's columns. ``gap`` points came before it first spoke."""

    def __init__(self, unit: str, gap: int) -> None:
        self._unit = unit
        self._values = tuple(array("d", [math.nan]) * gap for _ in range(3))
        self.ruling = array("b", [_NONE]) * gap

    def add(self, verdict: GateVerdict | None) -> None:
        """Add what the gate says; ``None`` for nothing."""
        if verdict is not None:
            # While it is blind it has no value, and so none in a unit.
            self._unit = verdict.unit or self._unit
        said = (
            (None,) * 3 if verdict is None else (verdict.canary, verdict.stable, verdict.limit)
        )
        for column, value in zip(self._values, said, strict=True):
            column.append(_number(value))
        self.ruling.append(_NONE if verdict is None else _RULINGS.index(verdict.ruling))

    def keep(self, chosen: Sequence[int]) -> None:
        """Drop all points but these."""
        self._values = tuple(_chosen(column, chosen) for column in self._values)
        self.ruling = array("b", [self.ruling[i] for i in chosen])

    def series(self) -> GateSeries:
        """Return all points."""
        canary, stable, limit = (
            tuple(value if math.isfinite(value) else None for value in column)
            for column in self._values
        )
        ruling = tuple(None if code == _NONE else _RULINGS[code] for code in self.ruling)
        return GateSeries(
            unit=self._unit, canary=canary, stable=stable, limit=limit, ruling=ruling
        )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _chosen(column: array[float], chosen: Sequence[int]) -> array[float]:
    return array("d", [column[i] for i in chosen])
