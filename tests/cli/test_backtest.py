"""``rolloutd backtest``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rolloutd.cli.backtest import backtest
from tests.cli.test_simulate import PLAN
from tests.core.gate.cases import Traffic

HEADER = "t,stable_requests,stable_failures,canary_requests,canary_failures"


def replayed(folder: Path, traffic: Traffic, *options: str, count: int = 200) -> Result:
    plan, trace = folder / "plan.yaml", folder / "trace.csv"
    plan.write_text(PLAN)
    rows = [HEADER]
    for sample in traffic.samples(count):
        assert sample.canary is not None
        assert sample.stable is not None
        arms = (sample.stable, sample.canary)
        numbers = [f"{n}" for arm in arms for n in (arm.requests, arm.failures)]
        rows.append(",".join([f"{sample.end}", *numbers]))
    trace.write_text("\n".join(rows))
    arguments = [str(plan), "--trace", str(trace), "--history", "90000", "90", *options]
    return CliRunner().invoke(backtest, arguments)


def test_a_dead_canary_would_have_been_rolled_back_long_before_others_do(
    tmp_path: Path,
) -> None:
    """The comparison that people want to see."""
    result = replayed(tmp_path, Traffic(canary=1.0), "-o", "json")
    found = json.loads(result.stdout)

    assert found["end"] == "rolledBack"
    assert found["seconds"] == 10.0
    assert (found["argoSeconds"], found["flaggerSeconds"]) == (60.0, 360.0)
    assert (found["exposed"], found["failed"]) == (50, 50)


def test_a_healthy_canary_would_have_been_promoted(tmp_path: Path) -> None:
    """Step by step, each with its reason."""
    result = replayed(tmp_path, Traffic(canary=0.0, stable=0.0))

    assert "promoted" in result.stdout
    assert "0:00  progressing   10 %" in result.stdout
    assert "would have rolled back never" in result.stdout


def test_a_trace_that_ends_early_ends_the_story_there(tmp_path: Path) -> None:
    """Nothing is made up."""
    result = replayed(tmp_path, Traffic(), "-o", "json", count=3)

    assert json.loads(result.stdout)["end"] == "progressing"


def test_a_picture_is_written_where_one_is_asked_for(tmp_path: Path) -> None:
    """For the change ticket."""
    picture = tmp_path / "run.svg"
    replayed(tmp_path, Traffic(canary=1.0), "--chart", str(picture))

    assert picture.read_text().startswith("<svg")


def test_the_end_of_the_story_and_the_sum_name_the_same_time(tmp_path: Path) -> None:
    """Two times for one moment make both doubtful."""
    result = replayed(tmp_path, Traffic(canary=1.0))

    assert "0:10  rolledBack" in result.stdout
    assert "After 0:10: 50 canary requests, 50 failed" in result.stdout


def test_what_the_others_look_at_is_said(tmp_path: Path) -> None:
    """A slow canary that they miss is not held against their rule on failures."""
    assert "By the success ratio alone, Flagger" in replayed(tmp_path, Traffic()).stdout


def test_a_picture_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    """Not a trace of the program's own lines."""
    picture = tmp_path / "missing" / "run.svg"
    result = replayed(tmp_path, Traffic(canary=1.0), "--chart", str(picture))

    assert result.exit_code == 1
    assert f"{picture} can't be written: No such file" in result.stderr


@pytest.mark.parametrize("bad", [("5", "9"), ("-5", "0")])
def test_a_history_that_makes_no_sense_is_refused(tmp_path: Path, bad: tuple[str, str]) -> None:
    """Left out in silence, the gate would judge otherwise than was asked for."""
    result = replayed(tmp_path, Traffic(), "--history", *bad)

    assert result.exit_code == 2
    assert "--history" in result.stderr


@pytest.mark.parametrize(
    ("rows", "words"), [("x\n1\n", "line 1: t"), (f"{HEADER}\n", "no samples")]
)
def test_a_trace_that_cannot_be_used_is_an_error(tmp_path: Path, rows: str, words: str) -> None:
    """With its line."""
    plan, trace = tmp_path / "plan.yaml", tmp_path / "trace.csv"
    plan.write_text(PLAN)
    trace.write_text(rows)
    result = CliRunner().invoke(backtest, [str(plan), "--trace", str(trace)])

    assert result.exit_code == 1
    assert words in result.stderr
