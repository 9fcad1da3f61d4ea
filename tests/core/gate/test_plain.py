"""State as JSON and back."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from rolloutd.core.gate.plain import from_plain, to_plain
from rolloutd.core.units import Instant


class Colour(enum.Enum):
    RED = "red"


class Point(NamedTuple):
    x: float
    y: int


@dataclass(frozen=True)
class Sketch:
    at: Instant
    colour: Colour
    points: tuple[Point, ...]
    pair: tuple[int, str]
    note: str | None
    closed: bool


SKETCH = Sketch(
    at=Instant(0.1 + 0.2),
    colour=Colour.RED,
    points=(Point(1.0 / 3.0, 2), Point(1e-300, 3)),
    pair=(1, "a"),
    note=None,
    closed=True,
)


def through_json(value: object) -> object:
    return json.loads(json.dumps(to_plain(value)))


def test_nothing_is_lost_on_the_way() -> None:
    """Floats to the last bit: a restart must not change a verdict."""
    assert from_plain(Sketch, through_json(SKETCH)) == SKETCH


def test_whole_numbers_may_stand_for_floats() -> None:
    """Other writers of JSON write 1.0 as 1."""
    assert from_plain(Point, [1, 2]) == Point(1.0, 2)


@pytest.mark.parametrize(
    "damage",
    [
        {"at": "noon"},
        {"at": True},
        {"colour": "blue"},
        {"points": "none"},
        {"points": [[1.0]]},
        {"points": [[1.0, 2.5]]},
        {"pair": [1]},
        {"pair": 7},
        {"note": 7},
        {"closed": 1},
        {"more": 1},
    ],
)
def test_any_other_form_is_refused(damage: dict[str, object]) -> None:
    """Half a state is worse than none."""
    plain = through_json(SKETCH)
    assert isinstance(plain, dict)

    with pytest.raises(ValueError):
        from_plain(Sketch, plain | damage)


@pytest.mark.parametrize("data", [None, 3, [], "x"])
def test_what_is_no_object_is_refused(data: object) -> None:
    """Whatever stands in the file."""
    with pytest.raises(ValueError):
        from_plain(Sketch, data)


def test_a_kind_that_is_no_state_is_refused() -> None:
    """Sets and mappings have no order to replay."""

    @dataclass(frozen=True)
    class Odd:
        names: frozenset[str]

    with pytest.raises(ValueError):
        from_plain(Odd, {"names": []})
