"""The table of who called whom adds up."""

from __future__ import annotations

from rolloutd.core.units import Instant
from rolloutd.sandbox.services.balance import balance
from rolloutd.sandbox.services.ledger import Call


def call(caller: str, pod: str) -> Call:
    """Make a call of which only both ends matter."""
    return Call(
        caller=caller, start=Instant(0), end=Instant(1), version="v3", pod=pod, status=0
    )


def test_calls_are_added_up_by_caller_and_by_pod() -> None:
    """The rows and the columns of the table."""
    table = balance([call("b", "x"), call("a", "x"), call("a", "y"), call("a", "x")])

    assert table.cells == {("a", "x"): 2, ("a", "y"): 1, ("b", "x"): 1}
    assert list(table.callers.items()) == [("a", 3), ("b", 1)]
    assert list(table.pods.items()) == [("x", 3), ("y", 1)]
    assert table.total == 4
