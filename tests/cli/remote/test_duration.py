"""Time spans on the command line."""

from __future__ import annotations

import click
import pytest

from rolloutd.cli.remote.duration import duration_of

CONTEXT = click.Context(click.Command("x"))
PARAMETER = click.Option(["--timeout"])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("10m", 600.0), ("1h30m", 5400.0), ("250ms", 0.25), (None, None)],
)
def test_times_are_read_as_plans_write_them(text: str | None, seconds: float | None) -> None:
    """One way to write a time in all of the program."""
    assert duration_of(CONTEXT, PARAMETER, text) == seconds


@pytest.mark.parametrize("text", ["", "10", "1.5h", "soon", "-3s", "1h2m3s4ms5h"])
def test_anything_else_is_told_with_examples(text: str) -> None:
    """A bare 10 may be seconds or minutes."""
    with pytest.raises(click.BadParameter, match="such as 90s, 10m or 1h30m"):
        duration_of(CONTEXT, PARAMETER, text)
