"""A run as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

import rolloutd
from rolloutd.api.control.models import GateForm
from rolloutd.api.control.run_models import RunForm
from rolloutd.cli.report.charts import Chart, drawn
from rolloutd.cli.report.markup import html, node
from rolloutd.cli.report.pictures import pictures
from rolloutd.cli.report.style import CHART, PAGE
from rolloutd.cli.report.words import (
    amount,
    count,
    day,
    headline,
    impact,
    outcome,
    ruling,
    since,
    who,
)
from rolloutd.core.state import Phase
from rolloutd.core.steps import span

NUMBERS = frozenset({"Canary", "Stable", "Limit", "Requests"})
"""Columns whose values stand on the right."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(run: RunForm) -> str:
    """Write a run as HTML; everything in it that people or programs wrote is escaped."""
    title = f"{run.namespace}/{run.name}, run {run.run}: {outcome(run)}"
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", http_equiv="Content-Security-Policy", content=POLICY),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("title", title),
        node("style", CHART + PAGE),
    )
    body = node(
        "body",
        _header(run),
        _section("What happened", *_facts(run)),
        _section("Impact", node("ul", *(node("li", said) for said in impact(run)))),
        _section("Numbers", *_charts(pictures(run))),
        _section("Timeline", _timeline(run)),
        _section("What the gates said last", *_gates(run.gates)),
        node("footer", f"Written by rolloutd {rolloutd.__version__}. All times are UTC."),
    )
    return html(node("html", head, body, lang="en"))


def _header(run: RunForm) -> Element:
    return node(
        "header",
        node(
            "p", f"Rollout report · {run.namespace}/{run.name} · run {run.run}", class_="over"
        ),
        node(
            "h1",
            f"{run.stable_version} → {run.canary_version} ",
            node("span", outcome(run), class_=f"badge {run.outcome}"),
        ),
        node("p", headline(run), class_="lead"),
    )


def _section(title: str, *children: Element) -> Element:
    return node("section", node("h2", title), *children)


def _facts(run: RunForm) -> Iterator[Element]:
    facts = {
        "Why it ended": run.reason,
        "Ended by": who(run.actor),
        "Began": day(run.started),
        "Ended": day(run.ended),
        "Took": span((run.ended - run.started).total_seconds()),
    }
    pairs = (node("div", node("dt", name), node("dd", said)) for name, said in facts.items())
    yield node("dl", *pairs)


def _charts(charts: Sequence[Chart]) -> Iterator[Element]:
    if not charts:
        yield node("p", "No numbers were kept: the run ended in another process.")
    for chart in charts:
        legend = (
            node("span", node("i", class_=line.kind), line.label, class_="key")
            for line in chart.lines
        )
        caption = node("figcaption", node("strong", chart.title), *legend, *_trouble(chart))
        yield node("figure", caption, drawn(chart))


def _trouble(chart: Chart) -> Iterator[Element]:
    words = {
        "rollback": "broken",
        "suspect": "looks worse",
        "blind": "no data",
        "paused": "paused",
    }
    for kind in dict.fromkeys(kind for _, _, kind in chart.bands):
        yield node("span", node("i", class_=f"band {kind}"), words[kind], class_="key")


def _timeline(run: RunForm) -> Element:
    rows = (
        node(
            "tr",
            node("td", f"{line.at:%H:%M:%S}", node("small", f" {since(run.started, line.at)}")),
            node("td", f"{line.weight_percent} %", class_="number"),
            node("td", who(line.actor)),
            node("td", line.reason, class_=_tone(line.phase)),
        )
        for line in run.timeline
    )
    return _table(("When", "Canary", "Who", "What and why"), rows)


def _tone(phase: Phase) -> str:
    return "bad" if phase in {Phase.ROLLED_BACK, Phase.ABORTED} else "plain"


def _gates(gates: Sequence[GateForm]) -> Iterator[Element]:
    if not gates:
        yield node("p", "None had spoken.")
        return
    names = ("Gate", "Says", "Canary", "Stable", "Limit", "Requests", "In words")
    yield _table(names, (_gate(gate) for gate in gates))


def _gate(gate: GateForm) -> Element:
    values = (amount(value, gate.unit) for value in (gate.canary, gate.stable, gate.limit))
    shadow = "" if gate.enforced else " (shadow)"
    numbers = ", ".join(
        f"{name} {amount(value, '')}" for name, value in sorted(gate.evidence.items())
    )
    return node(
        "tr",
        node("td", gate.gate + shadow),
        node("td", node("span", ruling(gate.ruling), class_=f"badge {gate.ruling.value}")),
        *(node("td", value, class_="number") for value in values),
        node("td", count(gate.samples), class_="number"),
        node("td", gate.reason, node("small", f" {numbers}" if numbers else "")),
    )


def _table(names: Sequence[str], rows: Iterator[Element]) -> Element:
    head = node(
        "tr",
        *(
            node("th", name, scope="col", class_="number" if name in NUMBERS else "plain")
            for name in names
        ),
    )
    return node("div", node("table", node("thead", head), node("tbody", *rows)), class_="wide")
