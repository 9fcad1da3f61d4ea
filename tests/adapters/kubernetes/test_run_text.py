"""A run as text."""

from __future__ import annotations

import json
import math

import pytest

from rolloutd.adapters.kubernetes.history import KEPT
from rolloutd.adapters.kubernetes.run_text import LONGEST, POINTS, from_text, to_text
from rolloutd.core.deeds import Run
from rolloutd.core.observation import Closest, Course, GateVerdict, Ruling
from rolloutd.core.series import GateSeries, Series
from rolloutd.core.state import Phase, Transition
from rolloutd.core.units import Percent, Ratio
from rolloutd.errors import Refused
from tests.builders import T0, at


def a_verdict(name: str) -> GateVerdict:
    return GateVerdict(
        gate=name,
        ruling=Ruling.BREACH,
        at=at(55.123456),
        reason="word " * 200,
        canary=0.123456789,
        stable=math.inf,
        limit=0.05,
        room=-1.4691,
        unit="ratio",
        samples=1234,
        evidence={"stableRequests": 4000.0, "ratio": math.nan},
    )


def a_run(*, points: int, gates: int, lines: int) -> Run:
    """Return a run as a long day makes them, with restless gates."""
    numbers = tuple(0.0123456789 * n for n in range(points))
    series = Series(
        at=tuple(at(5.0 * n) for n in range(points)),
        desired=tuple(Percent(n * 100 // points) for n in range(points)),
        observed=tuple(Ratio(n / points) for n in range(points)),
        gates={
            f"gate-number-{n}": GateSeries(
                unit="ms",
                canary=numbers,
                stable=numbers,
                limit=(None,) * points,
                ruling=tuple(Ruling.FINE if i % 7 else Ruling.HOLD for i in range(points)),
            )
            for n in range(gates)
        },
    )
    return Run(
        run=7,
        outcome=Phase.ROLLED_BACK,
        started=T0,
        ended=at(5.0 * points),
        stable="v3",
        canary="v4",
        reason="Rolled back: it is worse.",
        timeline=tuple(
            Transition(
                at=at(n),
                phase=Phase.PROGRESSING,
                step=n,
                weight=Percent(10),
                reason=f"{n} " + "because " * 35,
                actor="ana",
            )
            for n in range(lines)
        ),
        verdicts=tuple(a_verdict(f"gate-number-{n}") for n in range(gates)),
        course=Course(
            since=T0,
            requests=10,
            failures=1,
            looks=3,
            fine=2,
            closest=Closest(gate="g", room=0.5, weight=Percent(10)),
        ),
        series=series,
    )


def test_a_run_of_half_an_hour_is_kept_whole() -> None:
    """360 looks at three gates: what most runs are like."""
    run = a_run(points=POINTS, gates=2, lines=12)

    read = from_text(to_text(run))

    assert len(read.series.at) >= POINTS // 2
    assert len(read.timeline) == 12
    assert read.course == run.course
    assert read.outcome is Phase.ROLLED_BACK


def test_numbers_are_rounded_to_what_a_person_reads() -> None:
    """Seventeen digits of a ratio are noise, and most of the text."""
    (verdict,) = from_text(to_text(a_run(points=10, gates=1, lines=1))).verdicts

    assert verdict.canary == 0.12346
    assert verdict.at == at(55.1)


def test_what_is_not_a_number_is_not_known() -> None:
    """JSON has no word for infinity, and a text that can't be read is a run that is lost."""
    (verdict,) = from_text(to_text(a_run(points=10, gates=1, lines=1))).verdicts

    assert verdict.stable is None
    assert verdict.evidence == {"stableRequests": 4000.0}


@pytest.mark.parametrize(
    ("points", "gates", "lines"), [(1000, 3, 12), (1000, 20, 200), (1000, 1, 200)]
)
def test_no_run_is_too_long(points: int, gates: int, lines: int) -> None:
    """Twenty of them share an object that may have 1 MiB."""
    text = to_text(a_run(points=points, gates=gates, lines=lines))

    assert len(text.encode()) <= LONGEST
    assert len(text.encode()) * KEPT < 512 * 1024
    assert json.loads(text)["run"] == 7


def test_of_a_long_story_the_middle_is_left_out() -> None:
    """How it began and how it ended is what is asked for."""
    timeline = from_text(to_text(a_run(points=10, gates=1, lines=200))).timeline

    assert len(timeline) <= 60
    assert (timeline[0].step, timeline[-1].step) == (0, 199)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"run": "one"}'])
def test_what_is_not_a_run_is_refused(text: str) -> None:
    """With a sentence for the log instead of a trace."""
    with pytest.raises(Refused, match="can't be read"):
        from_text(text)
