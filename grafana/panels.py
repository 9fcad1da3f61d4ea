"""Grafana's panels, as far as our dashboard needs them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

Json: TypeAlias = dict[str, object]

WIDTH = 24
"""Columns of Grafana's grid."""

DATASOURCE = MappingProxyType({"type": "prometheus", "uid": "${datasource}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a panel asks.

    Attributes:
        legend: Name of each series, with ``{{label}}``; empty takes Grafana's own.
        instant: Only the present is asked for.
    """

    expr: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; where it stands follows from the order.

    Attributes:
        kind: Grafana's type: ``timeseries``, ``stat``, ``table``, ``state-timeline``.
        unit: Of the values, in Grafana's words; ``none`` where there is none.
        custom: Field settings of this kind of panel.
        mappings: Words for values.
        overrides: Other settings for some fields.
        options: Settings of this kind of panel.
        transformations: What is done to tables.
        repeat: Variable for each of whose values the panel is shown.
    """

    title: str
    description: str
    kind: str
    unit: str
    queries: Sequence[Query]
    width: int = 8
    height: int = 8
    custom: Mapping[str, object] = field(default_factory=dict)
    mappings: Sequence[Json] = ()
    overrides: Sequence[Json] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    transformations: Sequence[Json] = ()
    repeat: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A heading and what stands under it."""

    title: str
    panels: Sequence[Panel]


def laid_out(rows: Sequence[Row]) -> list[Json]:
    """Return all panels, numbered, each row's from left to right and then down."""
    numbers = itertools.count(1)
    placed: list[Json] = []
    y = 0
    for row in rows:
        placed.append(_heading(row.title, next(numbers), y))
        y += 1
        for line in _lines(row.panels):
            x = 0
            for panel in line:
                placed.append(_panel(panel, next(numbers), (x, y)))
                x += panel.width
            y += max(panel.height for panel in line)
    return placed


def _lines(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    line: list[Panel] = []
    for panel in panels:
        if sum(each.width for each in line) + panel.width > WIDTH:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line


def _heading(title: str, number: int, y: int) -> Json:
    return {
        "type": "row",
        "id": number,
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
        "panels": [],
    }


def _panel(panel: Panel, number: int, corner: tuple[int, int]) -> Json:
    x, y = corner
    shown: Json = {
        "type": panel.kind,
        "id": number,
        "title": panel.title,
        "description": panel.description,
        "datasource": dict(DATASOURCE),
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": [
            _target(query, name) for query, name in zip(panel.queries, "ABCDEFGH", strict=False)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "custom": dict(panel.custom),
                "mappings": list(panel.mappings),
                # Nothing is red by itself: what is bad is for the alerts to say.
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"color": "green", "value": None}],
                },
            },
            "overrides": list(panel.overrides),
        },
        "options": dict(panel.options),
        "transformations": list(panel.transformations),
    }
    if panel.repeat:
        shown |= {"repeat": panel.repeat, "repeatDirection": "h", "maxPerRow": 3}
    return shown


def _target(query: Query, name: str) -> Json:
    target: Json = {
        "refId": name,
        "datasource": dict(DATASOURCE),
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": query.instant,
        "range": not query.instant,
    }
    return target | {"format": "table"} if query.instant else target


LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True}

LINES: Mapping[str, object] = MappingProxyType(
    {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
)

STEPS: Mapping[str, object] = MappingProxyType(
    {"lineInterpolation": "stepAfter", "fillOpacity": 8, "spanNulls": False}
)
"""For what jumps: a slope between two weights would show shares that never were."""

SMOOTH: Mapping[str, object] = MappingProxyType(
    {"lineInterpolation": "linear", "fillOpacity": 0, "spanNulls": False}
)

BARS: Mapping[str, object] = MappingProxyType(
    {"drawStyle": "bars", "fillOpacity": 60, "stacking": {"mode": "normal", "group": "A"}}
)

NUMBERS: Mapping[str, object] = MappingProxyType(
    {
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False, "fields": ""},
        "textMode": "value_and_name",
        "colorMode": "none",
    }
)


def words(**meanings: str) -> list[Json]:
    """Return the mapping from ``_0=...`` and so on: values to the words shown for them."""
    options = {value.lstrip("_"): {"text": text} for value, text in meanings.items()}
    return [{"type": "value", "options": options}]


def dashed(pattern: str) -> Json:
    """Return an override that draws the fields of a name as broken lines."""
    return {
        "matcher": {"id": "byRegexp", "options": pattern},
        "properties": [
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}},
        ],
    }


def columns(names: Mapping[str, str]) -> list[Json]:
    """Return what makes one table of several queries: these fields, under these names."""
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}},
        {
            "id": "organize",
            "options": {
                "renameByName": dict(names),
                "indexByName": {name: place for place, name in enumerate(names)},
            },
        },
    ]


def in_unit(column: str, unit: str) -> Json:
    """Return an override that shows a table's column in a unit of its own."""
    return {
        "matcher": {"id": "byName", "options": column},
        "properties": [{"id": "unit", "value": unit}],
    }
