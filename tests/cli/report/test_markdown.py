"""The Markdown text."""

from __future__ import annotations

import pytest

from rolloutd.cli.report.markdown import LENGTH, bars, markdown
from tests.cli.report.runs import EVIL, a_gate, a_run, a_series


def test_the_text_says_what_happened_why_and_who_did_what() -> None:
    """All that a change ticket asks for."""
    text = markdown(a_run())

    for said in (
        "# shop/checkout, run 3: rolled back",
        "| Versions | v3 → v4 |",
        "- The canary had 25 % of the traffic at most.",
        "| 10:02:00 +2m | 10 % | ana | Resumed by ana. |",
        "| p99 | broken | 512 ms | 201 ms | 500 ms |",
        "| p99, canary | ",
    ):
        assert said in text


def test_every_row_of_a_table_has_its_columns() -> None:
    """A bar in a reason would break it."""
    rows = [each for each in markdown(a_run()).splitlines() if each.startswith("|")]

    for row, width in ((row, row.replace("\\|", "").count("|")) for row in rows):
        assert width in {3, 5, 6, 8}, row


def test_what_people_wrote_is_text_and_nothing_else() -> None:
    """No tag, no link, no heading, and nobody is called."""
    text = markdown(a_run(reason=EVIL, name=EVIL))

    assert "<script" not in text.replace("\\<", "")
    assert "[x](" not in text.replace("\\[", "").replace("\\]", "]")
    assert "@here" not in text
    assert "://" not in text
    assert "\n# title" not in text


def test_a_run_of_which_little_is_known_is_told_all_the_same() -> None:
    """It ended in another process."""
    text = markdown(a_run(course=None, gates=[], series=a_series(points=1)))

    assert "## Numbers" not in text
    assert "None had spoken." in text


def test_a_gate_that_only_watches_says_so() -> None:
    """Its breach rolled nothing back."""
    assert "p99 (shadow)" in markdown(a_run(gates=[a_gate(enforced=False)]))


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0.0, 0.5, 1.0], "▁▅█"),
        ([1.0, None, 1.0], "▁ ▁"),
        ([None, None], "  "),
        ([], ""),
        ([5.0], "▁"),
    ],
)
def test_bars_rise_with_their_values(values: list[float | None], drawn: str) -> None:
    """And leave a gap where nothing is known."""
    assert bars(values) == drawn


def test_bars_of_a_long_run_are_a_line_long() -> None:
    """From its first value to its last."""
    line = bars([float(n) for n in range(1000)])

    assert (len(line), line[0], line[-1]) == (LENGTH, "▁", "█")
