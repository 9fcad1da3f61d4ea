"""Numbers over time, in bounded memory."""

from __future__ import annotations

import dataclasses
import sys
import tracemalloc

from rolloutd.core.actions import Outlook
from rolloutd.core.observation import GateVerdict, Ruling, SplitSeen
from rolloutd.core.plan import Plan
from rolloutd.core.units import Percent, Ratio
from rolloutd.engine.journal import CAPACITY, RECENT, Journal
from rolloutd.engine.view import View
from tests.builders import a_plan, a_record, at

DAY = 17_280
"""Points of a day at an interval of 5 s."""


def said(gate: str, canary: float | None, ruling: Ruling = Ruling.FINE) -> GateVerdict:
    return GateVerdict(
        gate=gate,
        ruling=ruling,
        at=at(0),
        reason="so.",
        canary=canary,
        stable=0.01,
        limit=0.05,
        unit="ratio",
        evidence={},
    )


def a_view(plan: Plan, second: float, *verdicts: GateVerdict, weight: int | None = 10) -> View:
    return View(
        plan=plan,
        record=a_record(plan),
        at=at(second),
        outlook=Outlook(why="so.", what_next="that."),
        desired=None if weight is None else Percent(weight),
        split=SplitSeen(canary=Ratio(0.1), requests=1000, in_force=True),
        verdicts=verdicts,
    )


def test_every_number_comes_back_as_it_was() -> None:
    """Columns of machine numbers must not round, nor take what is not known for 0."""
    journal, plan = Journal(), a_plan()
    journal.note(a_view(plan, 0, said("errors", 0.02), weight=None))
    journal.note(a_view(plan, 5, said("errors", None, Ruling.BLIND)))

    series = journal.series()

    assert series.at == (at(0), at(5))
    assert series.desired == (None, 10)
    assert series.observed == (0.1, 0.1)
    assert series.gates["errors"].unit == "ratio"
    assert series.gates["errors"].canary == (0.02, None)
    assert series.gates["errors"].limit == (0.05, 0.05)
    assert series.gates["errors"].ruling == (Ruling.FINE, Ruling.BLIND)


def test_a_gate_that_is_blind_at_first_gets_its_unit_when_it_sees() -> None:
    """Without one a chart would show 0.5 where 50 % is meant."""
    journal, plan = Journal(), a_plan()
    blind = dataclasses.replace(said("errors", None, Ruling.BLIND), unit="")
    for second, verdict in ((0, blind), (5, said("errors", 0.02)), (10, blind)):
        journal.note(a_view(plan, second, verdict))

    assert journal.series().gates["errors"].unit == "ratio"


def test_a_gate_that_comes_late_or_goes_leaves_gaps() -> None:
    """Plans are edited under a running rollout: columns must stay as long as each other."""
    journal, plan = Journal(), a_plan()
    journal.note(a_view(plan, 0, said("errors", 0.02)))
    journal.note(a_view(plan, 5, said("latency", 0.3)))

    gates = journal.series().gates

    assert gates["errors"].canary == (0.02, None)
    assert gates["latency"].canary == (None, 0.3)
    assert gates["latency"].ruling == (None, Ruling.FINE)


def test_the_same_instant_is_noted_once() -> None:
    """A chart needs time to rise."""
    journal, plan = Journal(), a_plan()
    journal.note(a_view(plan, 5))
    journal.note(a_view(plan, 5))

    assert len(journal) == 1


def test_a_day_fits() -> None:
    """From its first minute to its last, the newest at full resolution, a breach included."""
    journal, plan = Journal(), a_plan()
    for n in range(DAY):
        ruling = Ruling.BREACH if n == 5000 else Ruling.FINE
        weight = None if n < 10 else 10
        journal.note(a_view(plan, 5.0 * n, said("errors", 0.01, ruling), weight=weight))

    series = journal.series()

    assert len(journal) <= CAPACITY
    assert series.at[0] == at(0)
    assert series.at[-RECENT:] == tuple(at(5.0 * n) for n in range(DAY - RECENT, DAY))
    assert Ruling.BREACH in series.gates["errors"].ruling


def test_a_journal_of_ten_gates_takes_less_than_half_a_megabyte() -> None:
    """A thousand rollouts have one each."""
    plan = a_plan()
    verdicts = [said(f"gate-{n}", 0.01) for n in range(10)]
    views = [a_view(plan, 5.0 * n, *verdicts) for n in range(CAPACITY)]
    tracemalloc.start()
    journal = Journal()
    for view in views:
        journal.note(view)

    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    sys.stdout.write(f"{taken} bytes\n")
    assert len(journal) == CAPACITY
    assert taken < 500_000
