"""``rolloutd simulate``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rolloutd.cli.service import Service
from rolloutd.cli.simulate import Report, Run, simulate
from rolloutd.core.state import Phase
from tests.core.gate import cases
from tests.core.gate.cases import success

PLAN = """\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {name: shop, namespace: default}
spec:
  virtualService: {name: shop}
  stable: {subset: v1, deployment: shop-v1}
  canary: {subset: v2, deployment: shop-v2}
  steps:
    - {weight: 10, hold: 1m}
    - {weight: 50, hold: 1m}
    - {weight: 100}
  gates:
    - {name: success, type: successRate, min: 99%, vsStable: {maxDrop: 0.5pp}}
    - {name: latency-p99, type: latency, quantile: 0.99, max: 500ms}
"""


SERVICE = Service(rate=50.0, baseline=0.001, rise=0.01)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(PLAN)
    return path


def simulated(plan: Path, *options: str) -> Result:
    return CliRunner().invoke(simulate, [str(plan), "--runs", "10", *options])


def figures(plan: Path, *options: str) -> Mapping[str, object]:
    result = simulated(plan, "-o", "json", *options)
    assert result.exit_code == 0, result.output
    found: object = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def ended(phase: Phase, count: int) -> list[Run]:
    return [Run(phase=phase, seconds=60.0, failures=5)] * count


def test_enough_traffic_promotes_the_healthy_and_finds_the_sick(plan: Path) -> None:
    """The answer that most people hope for, with its numbers."""
    found = figures(plan, "--rps", "50", "--regression", "0.05")

    assert found["falseRollback"] == 0.0
    assert found["found"] == 1.0
    assert found["missed"] == 0.0
    assert isinstance(found["detectionSeconds"], float)
    assert isinstance(found["promotionSeconds"], float)
    assert found["warnings"] == []


def test_a_plan_that_cannot_see_at_its_traffic_is_told_so_with_a_way_out(plan: Path) -> None:
    """One request in ten seconds certifies nothing within any patience."""
    found = figures(plan, "--rps", "0.1")

    warnings = found["warnings"]
    assert isinstance(warnings, list)
    assert any("healthy canaries are promoted" in each for each in warnings)
    assert any("at 50 %: raise that weight" in each for each in warnings)


def test_a_proposed_hold_has_been_tried_out(plan: Path) -> None:
    """A way out that does not lead out would be worse than none."""
    found = figures(plan, "--rps", "20", "--runs", "20", "--regression", "0.5pp")

    warnings = found["warnings"]
    assert isinstance(warnings, list)
    (proposal,) = [each for each in warnings if "ruling out" in each]
    assert re.search(r"hold 50 % for \d+ min with `regression: 0.5pp`, which finds", proposal)


def test_a_slower_canary_is_found_by_its_durations(plan: Path) -> None:
    """Failures alone say nothing of it."""
    found = figures(plan, "--rps", "50", "--latency", "40ms", "--regression", "2x")

    assert found["found"] == 1.0
    assert found["falseRollback"] == 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--baseline", "150%"), "not a ratio such as 0.1% or 0.001"),
        (("--regression", "0.5x"), "not a regression such as 1pp, 0.01 or 1.25x"),
        (("--regression", "worse"), "not a regression such as 1pp, 0.01 or 1.25x"),
        (("--latency", "40"), "not a duration such as 40ms"),
        (("--regression", "2x"), "a slower canary takes --latency"),
    ],
)
def test_what_is_not_understood_is_said_with_an_example(
    plan: Path, options: tuple[str, ...], words: str
) -> None:
    """Percent, points and ratios are easily confused."""
    result = simulated(plan, "--rps", "50", *options)

    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


def test_the_same_seed_gives_the_same_figures(plan: Path) -> None:
    """A change of a plan must show as a change of its plan, not of chance."""
    assert figures(plan, "--rps", "20") == figures(plan, "--rps", "20")


def test_text_says_it_in_three_lines(plan: Path) -> None:
    """Short enough for a pull request."""
    result = simulated(plan, "--rps", "50", "--regression", "0.05")

    assert "10 runs each, 50 requests a second, stable fails 0.1 %:" in result.stdout
    assert "healthy: 0 rolled back (bound 0.1 %)" in result.stdout
    assert "+5 pp: 100 % rolled back" in result.stdout


def test_what_never_happened_has_no_time(plan: Path) -> None:
    """`promoted after no time` would be read as promoted at once."""
    result = simulated(plan, "--rps", "0.1")

    assert "healthy: 0 rolled back (bound 0.1 %), none promoted" in result.stdout
    assert "0 % rolled back; " in result.stdout
    assert "none of the healthy canaries are promoted" in result.stdout


def test_what_happened_at_least_once_is_not_said_to_be_none() -> None:
    """With 300 runs, one that asked a person was written as 0 %, and 299 found as 100 %."""
    good = [*ended(Phase.PAUSED, 1), *ended(Phase.PROMOTED, 299)]
    bad = [*ended(Phase.PROMOTED, 1), *ended(Phase.ROLLED_BACK, 299)]
    report = Report(plan=cases.plan(success()), service=SERVICE, seed=1, good=good, bad=bad)

    assert "a person asked in 0.33 %" in report.lines()[1]
    assert "99.67 % rolled back, after 60 s (median) and 5 failed requests" in report.lines()[2]
    assert "0.33 % missed" in report.lines()[2]


def test_gates_on_other_things_are_named_as_left_out(plan: Path) -> None:
    """Whoever reads the figures must know what they are not about."""
    assert "latency-p99 is left out: there is no data" in simulated(plan, "--rps", "50").stderr


def test_a_plan_without_a_gate_on_success_cannot_be_simulated(plan: Path) -> None:
    """Nothing would ever be found."""
    only_latency = [line for line in PLAN.splitlines() if "successRate" not in line]
    plan.write_text("\n".join(only_latency))

    assert simulated(plan, "--rps", "50").exit_code == 2


def test_a_broken_plan_is_refused_with_its_finding(plan: Path) -> None:
    """As lint would say it."""
    plan.write_text(PLAN.replace("weight: 10", "wieght: 10"))
    result = simulated(plan, "--rps", "50")

    assert result.exit_code == 1
    assert "wieght" in result.stderr


@pytest.mark.parametrize("bad", [("--baseline", "2"), ("--regression", "0")])
def test_ratios_beyond_reason_are_usage_errors(plan: Path, bad: tuple[str, str]) -> None:
    """Percent and ratios are easily confused."""
    assert simulated(plan, "--rps", "50", *bad).exit_code == 2
