"""The table of moves."""

from __future__ import annotations

import pytest

from rolloutd.core.diagram import mermaid
from rolloutd.core.machine import ENDED, MOVES, Because, IllegalMoveError, move, ordered
from rolloutd.core.state import Phase
from rolloutd.core.units import Percent
from tests.builders import a_plan, a_record, at

ILLEGAL = [(a, b) for a in Phase for b in Phase if b not in MOVES[a]]


@pytest.mark.parametrize(("here", "there"), ILLEGAL)
def test_what_is_not_in_the_table_cannot_happen(here: Phase, there: Phase) -> None:
    """A policy that tries it has a bug, and nothing is changed."""
    record = a_record(a_plan(), phase=here)

    with pytest.raises(IllegalMoveError):
        move(record, there, at(1), Because("no reason"))


def test_every_phase_can_be_reached_and_every_run_can_end() -> None:
    """No phase is dead, no run is trapped."""
    reached = {Phase.WAITING}
    while more := {b for a in reached for b in MOVES[a]} - reached:
        reached |= more

    assert reached == set(Phase)
    assert all(MOVES[phase] & (ENDED | {Phase.PROGRESSING}) for phase in set(Phase) - ENDED)


def test_a_move_is_told_with_who_and_why() -> None:
    """The story is what people read at three in the morning."""
    record = move(a_record(a_plan()), Phase.ABORTED, at(7), Because("It smelled.", "ana"))

    line = record.transitions[-1]
    assert (line.at, line.phase, line.weight) == (at(7), Phase.ABORTED, 0)
    assert (line.reason, line.actor) == ("It smelled.", "ana")


@pytest.mark.parametrize(
    ("phase", "weight"),
    [
        (Phase.WAITING, None),
        (Phase.PROGRESSING, 50),
        (Phase.PAUSED, 50),
        (Phase.PROMOTED, 100),
        (Phase.ROLLED_BACK, 0),
        (Phase.ABORTED, 0),
    ],
)
def test_each_phase_stands_for_a_weight(phase: Phase, weight: int | None) -> None:
    """Waiting claims nothing; a rollback is always everything back."""
    assert ordered(a_record(a_plan(), phase=phase, weight=Percent(50))) == weight


def test_the_diagram_shows_every_move() -> None:
    """And where runs begin and end."""
    drawn = mermaid()

    for here, moves in MOVES.items():
        for there in moves:
            assert f"    {here.value} --> {there.value}\n" in drawn + "\n"
    assert drawn.count("--> [*]") == len(ENDED)
