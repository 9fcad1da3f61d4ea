"""Values over time as a line of blocks."""

from __future__ import annotations

import pytest

from rolloutd.cli.remote.trend import LOOKS, Trend, Trends, read_trends
from rolloutd.core.units import Instant
from rolloutd.errors import Unavailable
from tests.builders import T0, at
from tests.cli.remote.pictures import a_full, a_gate


def a_series(*canary: float | None) -> dict[str, object]:
    columns = {"unit": "ms", "canary": [*canary], "stable": [1.0] * len(canary)}
    return {"at": [T0 + each for each in range(len(canary))], "gates": {"p99": columns}}


def test_both_arms_are_drawn_on_one_scale() -> None:
    """Two lines that each fill their height would look alike, however far apart they are."""
    trend = Trend(seen=T0, canary=(0.0, 3.5, 7.0), stable=(0.0, 0.0, None))

    assert trend.lines() == ("▁▅█", "▁▁ ")


@pytest.mark.parametrize("canary", [(), (1.0,), (None, 1.0)])
def test_a_single_value_is_no_line(canary: tuple[float | None, ...]) -> None:
    """It has no direction."""
    assert Trend(seen=T0, canary=canary).lines() == ("", "")


def test_values_that_are_all_the_same_lie_flat() -> None:
    """And are no division by nothing."""
    assert Trend(seen=T0, canary=(5.0, 5.0)).lines() == ("▁▁", "")


def test_a_line_grows_with_every_look_and_no_faster() -> None:
    """The picture is drawn ten times a second, the gates look every few."""
    trends = read_trends(a_series(1.0, 2.0), run=4)
    for seen in (1.0, 5.0, 5.0):
        gate = a_gate(name="p99", canary=3.0, stable=None, seen=at(seen))
        trends = trends.noted(a_full(run=4, gates=(gate,)))

    assert trends.gates["p99"].canary == (1.0, 2.0, 3.0)
    assert trends.gates["p99"].stable == (1.0, 1.0, None)


def test_a_line_is_as_long_as_the_screen_has_room_for() -> None:
    """The newest looks are kept."""
    many = [float(each) for each in range(LOOKS + 5)]
    trend = read_trends(a_series(*many), run=4).gates["p99"].grown(a_gate(seen=at(1000)))

    assert trend.canary == (*many[6:], a_gate().canary)


def test_another_run_begins_anew() -> None:
    """Its canary is another one."""
    trends = read_trends(a_series(1.0, 2.0), run=4).noted(a_full(run=5))

    assert set(trends.gates) == {"success-rate"}
    assert trends.gates["success-rate"].canary == (a_gate().canary,)


def test_a_run_without_a_look_has_no_lines() -> None:
    """It has just begun."""
    assert read_trends({"at": [], "gates": {}}, run=1) == Trends(run=1)


@pytest.mark.parametrize("form", [[], {"at": 1}, {"at": ["x"], "gates": {}}])
def test_what_is_no_series_is_no_daemon(form: object) -> None:
    """Whoever answers so is somebody else."""
    with pytest.raises(Unavailable):
        read_trends(form, run=1)


def test_times_are_of_the_newest_look() -> None:
    """What it said is not drawn again."""
    assert read_trends(a_series(1.0, 2.0), run=4).gates["p99"].seen == Instant(T0 + 1)
