"""Every alert says what is wrong, fires when it should, and is silent when it should be."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from rolloutd.cli import main
from tests.grafana.exported import busy, names
from tests.grafana.programs import promtool
from tests.grafana.promql import grouped, selectors

ROOT = Path(__file__).parents[2]
RULES = ROOT / "grafana/alerts.yaml"
RUNBOOK = ROOT / "docs/runbook.md"
UNIT_TESTS = Path(__file__).parent / "alerts.test.yaml"

WANTED = {
    "RolledBack",
    "Stuck",
    "GateInconclusive",
    "WeightDrift",
    "ProviderDown",
    "ConfigReloadFailed",
    "NotificationsFailing",
    "NoLeader",
    "MultipleLeaders",
    "PausedTooLong",
}

FROM_PROMETHEUS = {"instance", "job", "le"}


def alerts() -> list[dict[str, object]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def name_of(rule: dict[str, object]) -> str:
    return str(rule["alert"])


def words_of(rule: dict[str, object]) -> dict[str, str]:
    found = rule["annotations"]
    assert isinstance(found, dict)
    return found


def test_there_is_an_alert_for_everything_that_needs_a_person() -> None:
    """And for nothing else: who is called for nothing stops coming."""
    assert {name_of(rule) for rule in alerts()} == {f"Rolloutd{name}" for name in WANTED}


@pytest.mark.parametrize("rule", alerts(), ids=name_of)
def test_an_alert_speaks_in_sentences(rule: dict[str, object]) -> None:
    """It is read on a telephone, at night."""
    told = words_of(rule)

    for text in (told["summary"], told["description"]):
        assert re.match(r"[A-Z{]", text)
        assert text.endswith(".")
    assert rule["labels"]


@pytest.mark.parametrize("rule", alerts(), ids=name_of)
def test_an_alert_leads_to_its_section_of_the_runbook(rule: dict[str, object]) -> None:
    """A link that ends at the top of a page is no help."""
    _, _, section = words_of(rule)["runbook_url"].partition("#")

    assert section == name_of(rule).lower()
    assert f"## {name_of(rule)}\n" in RUNBOOK.read_text()


def test_the_runbook_has_no_section_without_an_alert() -> None:
    """What can't fire needs no advice."""
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)

    assert set(headings) == {name_of(rule) for rule in alerts()}


def test_every_section_answers_the_same_four_questions() -> None:
    """In the order in which a person asks them."""
    _, *sections = re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)

    for section in sections:
        assert re.findall(r"^\*\*(.+?)\.?\*\*", section, re.MULTILINE) == [
            "What it means",
            "What is safe already",
            "What to look at",
            "What to do",
        ]


@pytest.mark.parametrize("rule", alerts(), ids=name_of)
def test_an_alert_names_only_what_is_exported(rule: dict[str, object]) -> None:
    """An alert on a metric that is not there never fires."""
    exported, expr = names(busy()), str(rule["expr"])
    asked = selectors(expr)

    assert asked
    for each in asked:
        assert each.labels <= exported[each.name]
    there = {label for each in asked for label in exported[each.name]}
    assert set(grouped(expr)) <= there | FROM_PROMETHEUS


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    """An alert that never fired is a hope."""
    cases = [
        case
        for test in yaml.safe_load(UNIT_TESTS.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]

    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fires == silent == {name_of(rule) for rule in alerts()}


@pytest.mark.real
def test_prometheus_takes_the_rules() -> None:
    """It refuses a whole file over one of them."""
    checked = subprocess.run(
        [promtool(), "check", "rules", RULES], check=False, capture_output=True
    )

    assert checked.returncode == 0, checked.stderr.decode()


@pytest.mark.real
def test_alerts_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    """Prometheus' own tool plays the series through."""
    shutil.copy(RULES, tmp_path / "alerts.yaml")
    shutil.copy(UNIT_TESTS, tmp_path / "alerts.test.yaml")

    tested = subprocess.run(
        [promtool(), "test", "rules", "alerts.test.yaml"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
    )

    assert tested.returncode == 0, (tested.stdout + tested.stderr).decode()


def commands() -> list[str]:
    """Return every command of ours that the runbook has people type."""
    text = RUNBOOK.read_text()
    blocks = [
        line
        for block in re.findall(r"```\n(.+?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]
    inline = re.findall(r"`(rolloutd [^`]+)`", text)
    return [line for line in (*blocks, *inline) if line.startswith("rolloutd ")]


@pytest.mark.parametrize("command", commands())
def test_the_runbook_says_what_can_be_typed(command: str) -> None:
    """An unknown option, at night, costs the trust in the rest."""
    there = {"...": "50", "PLAN": "config/data-product.yaml", "config/": f"{ROOT}/config/"}
    for written, meant in there.items():
        command = command.replace(written, meant)
    name, *args = shlex.split(command)[1:]
    found: click.Command | None = main.get_command(click.Context(main), name)
    context = click.Context(main)
    while isinstance(found, click.Group):
        found = found.get_command(context, args.pop(0))

    assert found is not None
    found.make_context(name, args)
