"""Which charts a run makes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from rolloutd.api.control.run_models import RunForm
from rolloutd.cli.report.charts import Chart, Line
from rolloutd.core.observation import Ruling
from rolloutd.core.state import Phase

TROUBLE = frozenset({Ruling.BREACH, Ruling.SUSPECT, Ruling.BLIND})


def pictures(run: RunForm) -> Sequence[Chart]:
    """Return the charts of a run: its traffic, then each gate; none without numbers."""
    series = run.series
    if len(series.at) < 2:
        return ()
    marks = _marks(run)
    desired = [None if weight is None else weight / 100 for weight in series.desired_percent]
    traffic = Chart(
        title="Traffic to the canary",
        unit="ratio",
        at=series.at,
        lines=(
            Line(label="ordered", kind="stable", values=desired, is_stepped=True),
            Line(label="observed", kind="canary", values=series.observed_ratio),
        ),
        marks=marks,
        bands=_pauses(run),
        is_share=True,
    )
    gates = [
        Chart(
            title=name,
            unit=gate.unit,
            at=series.at,
            lines=(
                Line(label="limit", kind="limit", values=gate.limit),
                Line(label="stable", kind="stable", values=gate.stable),
                Line(label="canary", kind="canary", values=gate.canary),
            ),
            marks=marks,
            bands=_bands(series.at, gate.ruling),
        )
        for name, gate in series.gates.items()
    ]
    return (traffic, *gates)


def _marks(run: RunForm) -> Sequence[tuple[float, str]]:
    """Return when the weight changed, and to what."""
    found: list[tuple[float, str]] = []
    last: int | None = None
    for line in run.timeline:
        if line.weight_percent != last and (line.weight_percent or last):
            found.append((line.at.timestamp(), f"{line.weight_percent} %"))
        last = line.weight_percent
    return found


def _pauses(run: RunForm) -> Sequence[tuple[float, float, str]]:
    """Return the stretches in which the run stood still."""
    return [
        (line.at.timestamp(), after.at.timestamp(), "paused")
        for line, after in pairwise(run.timeline)
        if line.phase is Phase.PAUSED
    ]


def _bands(
    at: Sequence[float], rulings: Sequence[Ruling | None]
) -> Sequence[tuple[float, float, str]]:
    """Return the stretches in which a gate was not content.

    What is said at a point holds for the time that led to it.
    """
    spans = [
        (start, end, said) for (start, end), said in zip(pairwise(at), rulings[1:], strict=True)
    ]
    found: list[tuple[float, float, str]] = []
    for said, group in groupby(spans, key=lambda each: each[2]):
        if said in TROUBLE and said is not None:
            stretch = list(group)
            found.append((stretch[0][0], stretch[-1][1], said.value))
    return found
