"""``rolloutd lint`` as a shell and a pipeline see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rolloutd.cli.lint import lint

PLAN = """\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {name: shop}
spec:
  virtualService: {name: shop}
  stable: {subset: v1, deployment: shop-v1}
  canary: {subset: v2, deployment: shop-v2}
  steps: [{weight: 10, hold: 5m}, {weight: 100}]
  gates: [{name: success-rate, type: successRate, min: 99%}]
"""
MISSPELT = PLAN.replace("{weight: 100}]", "{weight: 100, hodl: 5m}]")
UNJUDGED = PLAN.replace(
    "gates: [{name: success-rate, type: successRate, min: 99%}]", "gates: []"
)


def linted(directory: Path, *options: str, **files: str) -> Result:
    """Run the command in a directory with these files, which are given without their suffix."""
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text)
    return CliRunner().invoke(lint, [".", *options])


@pytest.fixture(autouse=True)
def _in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_good_plans_are_confirmed_with_0(tmp_path: Path) -> None:
    """Silence would leave open whether anything was looked at."""
    result = linted(tmp_path, shop=PLAN)

    assert result.output == "1 usable plan in 1 file: 0 errors, 0 warnings\n"
    assert result.exit_code == 0


def test_a_finding_is_shown_with_place_and_caret(tmp_path: Path) -> None:
    """``file:line:column`` is what editors and terminals turn into a link."""
    result = linted(tmp_path, shop=MISSPELT)

    assert result.output.splitlines()[:5] == [
        "shop.yaml:8:49: error[RD110]: unknown field 'hodl'",
        "    8 |   steps: [{weight: 10, hold: 5m}, {weight: 100, hodl: 5m}]",
        "      |                                                 ^^^^",
        "      = at spec.steps[1]",
        "      = did you mean 'hold'? allowed: weight, hold",
    ]


def test_an_error_exits_with_5(tmp_path: Path) -> None:
    """A pipeline must stop here, and tell it from a usage error."""
    assert linted(tmp_path, shop=MISSPELT).exit_code == 5


def test_a_warning_is_told_and_does_not_fail(tmp_path: Path) -> None:
    """A plan without gates is unwise, and allowed."""
    result = linted(tmp_path, shop=UNJUDGED)

    assert "warning[RD201]" in result.output
    assert result.exit_code == 0


def test_all_files_are_told_in_one_pass(tmp_path: Path) -> None:
    """Nobody wants to run a linter once per mistake."""
    output = linted(tmp_path, shop=MISSPELT, other="spec: [", third=PLAN).output

    assert "shop.yaml:8:49: error" in output
    assert "other.yaml:2:1: error" in output


def test_plans_are_judged_together(tmp_path: Path) -> None:
    """Each of two files may be right, and both together wrong."""
    rival = PLAN.replace("{name: shop}\nspec", "{name: rival}\nspec")

    result = linted(tmp_path, shop=PLAN, rival=rival)

    assert result.output.count("RD141") == 2
    assert result.exit_code == 5


def test_strict_lets_a_warning_fail(tmp_path: Path) -> None:
    """A team may want every plan judged by a gate."""
    assert linted(tmp_path, "--strict", shop=UNJUDGED).exit_code == 5


def test_json_has_what_a_program_needs(tmp_path: Path) -> None:
    """For annotations in code review."""
    (finding,) = json.loads(linted(tmp_path, "-o", "json", shop=MISSPELT).output)

    assert finding == {
        "code": "RD110",
        "severity": "error",
        "file": "shop.yaml",
        "line": 8,
        "column": 49,
        "endColumn": 53,
        "path": "spec.steps[1]",
        "message": "unknown field 'hodl'",
        "remedy": "did you mean 'hold'? allowed: weight, hold",
    }


def test_json_of_good_plans_is_an_empty_array(tmp_path: Path) -> None:
    """A program parses what it gets, also when there is nothing to tell."""
    assert json.loads(linted(tmp_path, "-o", "json", shop=PLAN).output) == []


def test_a_directory_without_plans_is_a_usage_error(tmp_path: Path) -> None:
    """A mistyped path in a pipeline must not look like plans without faults."""
    result = linted(tmp_path)

    assert result.exit_code == 2
    assert "no .yaml or .yml file in ." in result.output


def test_a_path_that_is_not_there_is_a_usage_error() -> None:
    """Likewise."""
    assert CliRunner().invoke(lint, ["nowhere"]).exit_code == 2


def test_colour_is_for_terminals(tmp_path: Path) -> None:
    """Escape sequences in a log file are noise."""
    assert "\x1b" not in linted(tmp_path, shop=MISSPELT).output


def test_a_terminal_gets_colour_and_says_when_it_wants_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red is seen first; https://no-color.org is respected."""
    (tmp_path / "shop.yaml").write_text(MISSPELT)
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert "\x1b[31m" in CliRunner().invoke(lint, ["."], color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(lint, ["."], color=True).output


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """Told like all others, without a line to show; the rest is checked."""
    (tmp_path / "odd.yaml").mkdir()

    result = linted(tmp_path, shop=PLAN)

    assert "RD100" in result.output
    assert result.exit_code == 5
