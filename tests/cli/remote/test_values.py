"""Values of gates in their units."""

from __future__ import annotations

import pytest

from rolloutd.cli.remote.values import over, room_of
from tests.cli.remote.pictures import a_gate


@pytest.mark.parametrize(
    ("unit", "canary", "limit", "room", "told"),
    [
        ("ratio", 0.9994, 0.995, 1.0, "0.44 pp"),
        ("ratio", 0.9901, 0.995, 0.3, "-0.49 pp"),
        ("ms", 412.0, 500.0, 0.9, "88 ms"),
        ("ms", 620.0, 500.0, 1.0, "-120 ms"),
        ("", 3.0, 5.0, 0.4, "2"),
        ("", 7.0, 5.0, 0.4, "2"),
        ("", 7.0, 5.0, -0.4, "-2"),
    ],
)
def test_room_is_the_way_to_the_limit(
    unit: str, canary: float, limit: float, room: float, told: str
) -> None:
    """A share of evidence beside values in percent would be taken for one of them."""
    gate = a_gate(unit=unit, canary=canary, limit=limit, room=room)

    assert room_of(gate) == told


def test_there_is_no_room_where_a_value_or_the_limit_is_not_known() -> None:
    """Nothing would be a lie."""
    assert room_of(a_gate(canary=None)) == "-"
    assert room_of(a_gate(limit=None)) == "-"


@pytest.mark.parametrize(
    ("ruling", "canary", "stable", "told"),
    [
        ("fine", 90.0, 25.0, "over, maybe by chance"),
        ("fine", 90.0, 60.0, "over, so is stable"),
        ("fine", 90.0, None, "over, maybe by chance"),
        ("fine", 40.0, 60.0, ""),
        ("rollback", 90.0, 25.0, ""),
        ("blind", None, None, ""),
    ],
)
def test_a_gate_that_is_fine_beyond_its_limit_says_how_that_can_be(
    ruling: str, canary: float | None, stable: float | None, told: str
) -> None:
    """As the page does: `fine` beside 90 ms of 50 reads like a fault of ours."""
    gate = a_gate(unit="ms", limit=50.0, ruling=ruling, canary=canary, stable=stable)

    assert over(gate) == told
