"""Charts as SVG."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from hypothesis import given
from hypothesis import strategies as st

from rolloutd.cli.report.charts import HEIGHT, TIME, WIDTH, Chart, Line, drawn
from rolloutd.cli.report.pictures import pictures
from rolloutd.core.observation import Ruling
from rolloutd.core.state import Phase
from tests.cli.report.runs import START, a_run, a_series, later, line

VALUES = st.none() | st.floats(-1e9, 1e12, allow_subnormal=False)


def of_class(picture: Element, name: str) -> list[Element]:
    return [each for each in picture.iter() if name in each.get("class", "").split()]


def numbers(picture: Element) -> list[float]:
    """Return all coordinates of a picture's paths."""
    paths = "".join(each.get("d", "") for each in picture.iter("path"))
    return [float(number) for number in re.findall(r"-?[0-9]+\.?[0-9]*", paths)]


@given(st.lists(VALUES, min_size=2, max_size=40))
def test_all_values_are_within_the_picture(values: list[float | None]) -> None:
    """Whatever a query of a user answers."""
    chart = Chart(
        title="any",
        unit="",
        at=[START.timestamp() + n for n in range(len(values))],
        lines=[Line(label="canary", kind="canary", values=values)],
    )

    found = numbers(drawn(chart))

    assert all(0 <= number <= max(WIDTH, HEIGHT) for number in found)


def test_a_line_stops_where_nothing_is_known() -> None:
    """A line drawn through a gap would say that it was fine there."""
    gate = pictures(a_run())[1]

    (canary,) = of_class(drawn(gate), "canary")

    assert canary.get("d", "").count("M") == 2


def test_a_run_has_a_chart_of_its_traffic_and_one_of_each_gate() -> None:
    """In the units of their gates."""
    charts = pictures(a_run())

    assert [(chart.title, chart.unit) for chart in charts] == [
        ("Traffic to the canary", "ratio"),
        ("p99", "ms"),
    ]


def test_a_run_without_numbers_has_no_charts() -> None:
    """It ended in another process."""
    assert pictures(a_run(series=a_series(points=1))) == ()


def test_weights_are_marked_once_where_they_change() -> None:
    """A pause changes no weight, and a retry begins without any."""
    retry = line(-30, 0, Phase.WAITING, "To be tried again.")
    run = a_run(timeline=[retry, *a_run().timeline])

    marks = pictures(run)[1].marks

    assert [label for _, label in marks] == ["10 %", "25 %", "0 %"]


def test_no_time_on_the_axis_is_cut_off_at_the_edge() -> None:
    """Half of `09:41:40` is another time."""
    at = [START.timestamp() + n for n in range(41)]
    chart = Chart(title="any", unit="", at=at, lines=())

    shown = of_class(drawn(chart), "time")

    assert [each.text for each in shown[:2]] == ["10:00:00", "10:00:05"]
    assert all(float(each.get("x", "")) <= WIDTH - TIME / 2 for each in shown)


def test_a_label_at_the_end_does_not_lie_on_the_one_before() -> None:
    """It ends at its mark, where the others begin: a rollback soon after the last step."""
    timeline = [
        line(0, 10, Phase.PROGRESSING, "Started."),
        line(550, 100, Phase.PROMOTED, "Promoted."),
        line(599, 0, Phase.ABORTED, "Rolled back."),
    ]

    picture = drawn(pictures(a_run(timeline=timeline))[0])

    assert len(of_class(picture, "mark")) == 3
    assert len(of_class(picture, "label")) == 2
    assert not of_class(picture, "late")


def test_labels_do_not_lie_on_each_other() -> None:
    """Steps of seconds in a run of hours."""
    timeline = [line(n, n, Phase.PROGRESSING, "Advanced.") for n in range(1, 50)]

    picture = drawn(pictures(a_run(timeline=timeline))[0])

    assert len(of_class(picture, "mark")) == 49
    assert len(of_class(picture, "label")) == 2


def test_stretches_of_trouble_are_shaded() -> None:
    """From the look before the first bad ruling to the last bad one."""
    run = a_run()

    traffic, gate = pictures(run)

    at = run.series.at
    assert gate.bands == [(at[89], at[99], "rollback")]
    assert traffic.bands == [(later(60).timestamp(), later(120).timestamp(), "paused")]
    assert len(of_class(drawn(gate), "rollback")) == 1


def test_gaps_in_rulings_are_no_trouble() -> None:
    """A gate that has not spoken has not complained."""
    run = a_run()
    gate = run.series.gates["p99"].model_copy(update={"ruling": [None] * 99 + [Ruling.HOLD]})
    series = run.series.model_copy(update={"gates": {"p99": gate}})

    assert pictures(a_run(series=series))[1].bands == []


def test_times_on_the_axis_are_few_and_round() -> None:
    """Whether a run took seconds or days."""
    for seconds in (1, 10, 100, 1000, 10_000, 100_000, 1_000_000):
        at = [START.timestamp() + 7, START.timestamp() + 7 + seconds]
        flat = Line(label="canary", kind="canary", values=[1.0, 1.0])
        picture = drawn(Chart(title="any", unit="", at=at, lines=[flat]))
        times = [each for each in of_class(picture, "time") if each.tag == "text"]
        assert 1 <= len(times) <= 12, seconds


def test_values_that_never_change_have_an_axis() -> None:
    """All zero is what the errors of most runs are."""
    for value in (0.0, 1.0, -3.0):
        flat = Line(label="canary", kind="canary", values=[value, value])
        picture = drawn(Chart(title="any", unit="", at=[0.0, 60.0], lines=[flat]))
        assert len({each.get("y") for each in of_class(picture, "value")}) >= 2
