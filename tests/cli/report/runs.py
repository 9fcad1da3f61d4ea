"""Runs to report on, as the API gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rolloutd.api.control.models import GateForm, TransitionForm
from rolloutd.api.control.run_models import (
    ClosestForm,
    CourseForm,
    GateSeriesForm,
    RunForm,
    SeriesForm,
)
from rolloutd.core.observation import Ruling
from rolloutd.core.state import Phase

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script> | [x](http://evil) @here `rm` \n# title"
"""What somebody gives as a reason."""


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def line(
    seconds: float, weight: int, phase: Phase, reason: str, actor: str = ""
) -> TransitionForm:
    return TransitionForm(
        at=later(seconds),
        phase=phase,
        step=0,
        weight_percent=weight,
        actor=actor,
        reason=reason,
    )


def a_gate(**changes: object) -> GateForm:
    gate = GateForm(
        gate="p99",
        ruling=Ruling.BREACH,
        reason="Canary is slower.",
        seen_at=later(590),
        certified=False,
        enforced=True,
        canary=512.3,
        stable=201.0,
        limit=500.0,
        room=-0.02,
        unit="ms",
        samples=12_000,
        evidence={"odds": 0.001, "unknown": None},
    )
    return gate.model_copy(update=changes)


def a_series(points: int = 100) -> SeriesForm:
    """Return ten minutes at 10, 25 and 0 %, with a breach at the end and a gap at 50."""
    values = [None if n == 50 else 200.0 + n for n in range(points)]
    return SeriesForm(
        at=[START.timestamp() + 6.0 * n for n in range(points)],
        desired_percent=[10 if n < 40 else 25 for n in range(points - 1)] + [0],
        observed_ratio=[0.1] * points,
        gates={
            "p99": GateSeriesForm(
                unit="ms",
                canary=values,
                stable=[201.0] * points,
                limit=[500.0] * points,
                ruling=[Ruling.FINE] * (points - 10) + [Ruling.BREACH] * 10,
            )
        },
    )


def a_run(**changes: object) -> RunForm:
    """Return a run that was paused, resumed and rolled back."""
    run = RunForm(
        run=3,
        outcome="rolledBack",
        started=START,
        ended=later(600),
        stable_version="v3",
        canary_version="v4",
        reason="Rolled back: Canary is slower.",
        actor="",
        namespace="shop",
        name="checkout",
        timeline=[
            line(0, 10, Phase.PROGRESSING, "Started: 10 %."),
            line(60, 10, Phase.PAUSED, f"Paused by ana: {EVIL}", "ana"),
            line(120, 10, Phase.PROGRESSING, "Resumed by ana.", "ana"),
            line(240, 25, Phase.PROGRESSING, "Advanced: 25 %."),
            line(600, 0, Phase.ROLLED_BACK, "Rolled back: Canary is slower."),
        ],
        gates=[a_gate()],
        course=CourseForm(
            since=later(5),
            requests=12_000,
            failures=36,
            looks=100,
            fine=90,
            closest=ClosestForm(gate="p99", room=0.166, weight_percent=25),
        ),
        series=a_series(),
    )
    return run.model_copy(update=changes)
