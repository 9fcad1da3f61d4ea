"""The picture of a replay."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from rolloutd.cli.chart import Point, drawn

POINTS = (
    Point(seconds=5.0, weight=10, canary=0.02, stable=0.001),
    Point(seconds=10.0, weight=10, canary=None, stable=0.001),
    Point(seconds=15.0, weight=0, canary=0.5, stable=0.001),
)


def test_a_picture_shows_weight_both_arms_and_the_decision() -> None:
    """All that the issue asks for, and it is well-formed."""
    picture = ET.fromstring(drawn(POINTS, 15.0, "rolledBack"))  # noqa: S314 - our own text
    titles = [each.text for each in picture.iter() if each.tag.endswith("title")]
    texts = [each.text for each in picture.iter() if each.tag.endswith("text")]

    assert [each for each in titles if each in {"weight", "stable", "canary"}] == [
        "weight",
        "stable",
        "canary",
    ]
    assert "rolledBack" in texts


def test_intervals_without_requests_leave_a_gap() -> None:
    """No requests are not 0 %."""
    picture = ET.fromstring(drawn(POINTS, 15.0, "x"))  # noqa: S314 - our own text
    paths = [each for each in picture.iter() if each.tag.endswith("path")]
    canary = next(each for each in paths if "canary" in [title.text for title in each])

    assert canary.get("d", "").count("M") == 2


def test_names_cannot_break_the_picture() -> None:
    """Reasons hold what people write."""
    ET.fromstring(drawn(POINTS, 15.0, "<&>"))  # noqa: S314 - our own text
