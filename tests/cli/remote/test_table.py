"""Cells of the list."""

from __future__ import annotations

import pytest

from rolloutd.cli.remote.table import due, gates_of, step_of
from rolloutd.core.units import Instant
from tests.builders import T0
from tests.cli.remote.pictures import a_full


@pytest.mark.parametrize(
    ("rulings", "words"),
    [
        ({}, "-"),
        ({"a": "fine", "b": "fine"}, "2/2 fine"),
        ({"a": "fine", "b": "hold"}, "1/2 fine, holding"),
        ({"a": "suspect", "b": "blind", "c": "hold"}, "0/3 fine, blind"),
        ({"a": "blind", "b": "rollback"}, "0/2 fine, breach"),
    ],
)
def test_gates_are_told_by_the_worst(rulings: dict[str, str], words: str) -> None:
    """One cell for all of them."""
    assert gates_of(a_full(rulings=rulings)) == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "in 1m40s"),
        ({"at": Instant(T0 + 10.0)}, "now"),
        ({"obstacles": ("x",)}, "in 1m40s, blocked"),
        ({"at": None}, "-"),
        ({"at": None, "obstacles": ("x",)}, "blocked"),
        ({"phase": "promoted"}, "-"),
    ],
)
def test_the_next_move_is_told_by_time_and_whether_it_is_blocked(
    changes: dict[str, object], words: str
) -> None:
    """What a person waits for."""
    assert due(a_full(**changes), Instant(T0 + 30.0)) == words


def test_without_the_daemons_time_nothing_is_counted_down() -> None:
    """A proxy may take the date away."""
    assert due(a_full(), None) == "-"


def test_the_first_step_is_one() -> None:
    """And none before the beginning; an edited plan may have fewer than were done."""
    assert step_of(a_full(step=0)) == "1/3"
    assert step_of(a_full(phase="waiting")) == "-/3"
    assert step_of(a_full(step=7)) == "3/3"
