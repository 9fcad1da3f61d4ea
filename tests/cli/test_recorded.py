"""Times and plans of a recording; ``tests/integration/test_recorded.py`` asks Prometheus."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rolloutd.adapters.clock import SystemClock
from rolloutd.cli.backtest import backtest
from rolloutd.cli.recorded import moment
from tests.cli.test_simulate import PLAN

COMMAND = click.Command("any")
OPTION = click.Option(["--from"])
ENVOY = PLAN.replace("  gates:", "  metrics: {source: sidecars}\n  gates:")


def at(text: str) -> float:
    found = moment(click.Context(COMMAND), OPTION, text)
    assert found is not None
    return found


def refused(folder: Path, plan: str, *options: str) -> str:
    path = folder / "plan.yaml"
    path.write_text(plan)
    result = CliRunner().invoke(backtest, [str(path), *options])
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    return result.output


def test_a_time_is_a_date_or_so_long_ago() -> None:
    """As people say it, with a zone."""
    assert at("2026-11-20T14:00:00Z") == at("2026-11-20T15:00:00+01:00") == 1795183200.0
    assert at("now") - at("-1h30m") == pytest.approx(5400.0, abs=1.0)
    assert at("now") == pytest.approx(SystemClock().wall(), abs=1.0)


@pytest.mark.parametrize("text", ["2026-11-20T14:00:00", "yesterday", "-2", "-2 h", ""])
def test_a_time_without_a_zone_is_no_time(text: str) -> None:
    """Whose fourteen o'clock?"""
    with pytest.raises(click.BadParameter, match=r"2026-11-20T14:00:00Z, -2h or now"):
        at(text)


@pytest.mark.parametrize(
    ("plan", "options", "words"),
    [
        (PLAN, (), "either --trace FILE or --prometheus URL"),
        (PLAN, ("--prometheus", "http://127.0.0.1:9", "--to", "-2h"), "--from must be before"),
        (PLAN, ("--prometheus", "http://127.0.0.1:9", "--from", "-999h"), "too long"),
        (PLAN, ("--prometheus", "http://127.0.0.1:9"), "could not be asked"),
        (ENVOY, ("--prometheus", "http://127.0.0.1:9"), "nothing is recorded"),
    ],
)
def test_what_can_not_be_replayed_is_said_with_a_remedy(
    tmp_path: Path, plan: str, options: tuple[str, ...], words: str
) -> None:
    """Before a minute of asking, or instead of a wrong answer."""
    assert words in " ".join(refused(tmp_path, plan, *options).split())
