"""The dashboard is whole, readable, and asks for nothing that is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from grafana.build import FILE, dashboard, text
from grafana.panels import Json
from tests.grafana.exported import busy, names
from tests.grafana.promql import grouped, selectors

ALERTS = Path(__file__).parents[2] / "grafana/alerts.yaml"

KINDS = {"timeseries", "stat", "table", "state-timeline"}
"""Of today's Grafana; ``graph``, ``singlestat`` and ``table-old`` were removed with Angular."""

FROM_PROMETHEUS = frozenset({"instance", "job", "le"})
"""Labels that the scrape or a histogram adds."""


def panels() -> list[Json]:
    found = json.loads(FILE.read_text())["panels"]
    assert isinstance(found, list)
    return found


def shown() -> list[Json]:
    """Return the panels that show something, by title in test reports."""
    return [panel for panel in panels() if panel["type"] != "row"]


def title_of(panel: Json) -> str:
    return str(panel["title"])


def targets(panel: Json) -> Iterator[Json]:
    asked = panel["targets"]
    assert isinstance(asked, list)
    yield from asked


def exprs(panel: Json) -> list[str]:
    return [str(target["expr"]) for target in targets(panel)]


def queries() -> Iterator[str]:
    """Yield every query of the dashboard, annotations included."""
    for panel in shown():
        yield from exprs(panel)
    annotations = json.loads(FILE.read_text())["annotations"]["list"]
    yield from (each["expr"] for each in annotations)


def area(panel: Json) -> set[tuple[int, int]]:
    place = panel["gridPos"]
    assert isinstance(place, dict)
    return {
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    }


def test_the_file_is_what_the_builder_builds() -> None:
    """Edited in Grafana alone, it would be lost with the next build."""
    assert FILE.read_text() == text()


def test_no_two_panels_have_one_number_or_one_place() -> None:
    """Grafana shows the last of them and drops the others without a word."""
    found = panels()
    covered = [field for panel in found for field in area(panel)]

    assert len({panel["id"] for panel in found}) == len(found)
    assert len(covered) == len(set(covered))
    assert all(x < 24 for x, _ in covered)


def test_the_rows_are_the_fleet_one_rollout_and_the_controller() -> None:
    """From all to one to ourselves: the order in which people ask."""
    rows = [panel["title"] for panel in panels() if panel["type"] == "row"]

    assert rows == ["Fleet", "One rollout", "Controller"]


@pytest.mark.parametrize("panel", shown(), ids=title_of)
def test_a_panel_explains_itself(panel: Json) -> None:
    """Whoever looks at night did not build it."""
    config = panel["fieldConfig"]
    assert isinstance(config, dict)

    assert panel["type"] in KINDS
    assert panel["title"]
    assert str(panel["description"]).endswith(".")
    assert config["defaults"]["unit"]


@pytest.mark.parametrize("panel", shown(), ids=title_of)
def test_a_panel_asks_the_chosen_prometheus(panel: Json) -> None:
    """A uid of ours would be nobody's there."""
    sources = [panel["datasource"], *(target["datasource"] for target in targets(panel))]

    assert all(each == {"type": "prometheus", "uid": "${datasource}"} for each in sources)
    assert len({target["refId"] for target in targets(panel)}) == len(list(targets(panel)))


@pytest.mark.parametrize("expr", list(dict.fromkeys(queries())))
def test_a_query_names_only_what_is_exported(expr: str) -> None:
    """A renamed metric leaves a panel empty, and an empty panel looks like peace."""
    exported: Mapping[str, frozenset[str]] = {**names(busy()), "ALERTS": frozenset()}
    asked = selectors(expr)

    assert asked
    for each in asked:
        assert each.name in exported
        if each.name != "ALERTS":
            assert each.labels <= exported[each.name]


@pytest.mark.parametrize("panel", shown(), ids=title_of)
def test_a_query_groups_by_labels_that_are_there(panel: Json) -> None:
    """Grouped by a label that nothing has, all series are one."""
    exported = names(busy())
    for expr in exprs(panel):
        there = frozenset(label for each in selectors(expr) for label in exported[each.name])

        assert set(grouped(expr)) <= there | FROM_PROMETHEUS


def test_every_metric_has_a_panel_or_an_alert() -> None:
    """What nobody sees need not be measured."""
    rules = yaml.safe_load(ALERTS.read_text())
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked = {each.name for expr in (*queries(), *alerts) for each in selectors(expr)}

    families = {family.name for family in busy().registry.collect()}
    seen = {
        family
        for family in families
        if asked & {family, *(f"{family}_{end}" for end in ("total", "bucket", "count"))}
    }
    assert families - seen == set()


def test_transitions_and_alerts_are_marked_in_every_chart() -> None:
    """A jump in a latency is half the story; the step that made it is the other half."""
    annotations = dashboard()["annotations"]
    assert isinstance(annotations, dict)
    marks = {each["name"]: each["expr"] for each in annotations["list"]}

    assert "rolloutd_step_transitions_total" in marks["Transitions"]
    assert marks["Alerts"].startswith("ALERTS{")


def test_every_variable_in_a_query_is_one_of_the_dashboards() -> None:
    """An unknown one is sent as it stands and finds nothing."""
    listed = dashboard()["templating"]
    assert isinstance(listed, dict)
    known = {f"${each['name']}" for each in listed["list"]} | {"$__range", "$__rate_interval"}

    for expr in queries():
        rest = expr
        for name in sorted(known, key=len, reverse=True):
            rest = rest.replace(name, "")
        assert "$" not in rest
