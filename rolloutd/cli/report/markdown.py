"""A run as Markdown, for a ticket that takes no files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import rolloutd
from rolloutd.api.control.models import GateForm
from rolloutd.api.control.run_models import RunForm
from rolloutd.cli.report.charts import Chart
from rolloutd.cli.report.pictures import pictures
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

BARS = "▁▂▃▄▅▆▇█"
GAP = " "
GATE = ("Gate", "Says", "Canary", "Stable", "Limit", "Requests", "In words")
LENGTH = 40
"""Signs of a line of bars."""


def markdown(run: RunForm) -> str:
    """Write a run as Markdown; whatever people or programs wrote stays plain text."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: RunForm) -> Iterator[str]:
    yield f"# {_plain(f'{run.namespace}/{run.name}')}, run {run.run}: {outcome(run)}"
    yield f"\n{_plain(headline(run))}\n"
    yield from _table(("", ""), _facts(run))
    yield "\n## Impact\n"
    yield from (f"- {_plain(said)}" for said in impact(run))
    charts = pictures(run)
    if charts:
        yield "\n## Numbers\n"
        names = ("", "Over time", "Least", "Most", "Last")
        yield from _table(names, (row for chart in charts for row in _drawn(chart)))
    yield "\n## Timeline\n"
    yield from _table(("When", "Canary", "Who", "What and why"), _timeline(run))
    yield "\n## What the gates said last\n"
    if run.gates:
        yield from _table(GATE, (_gate(gate) for gate in run.gates))
    else:
        yield "None had spoken."
    yield f"\nWritten by rolloutd {rolloutd.__version__}. All times are UTC."


def _facts(run: RunForm) -> Iterator[Sequence[str]]:
    yield "Versions", f"{run.stable_version} → {run.canary_version}"
    yield "Why it ended", run.reason
    yield "Ended by", who(run.actor)
    yield "Began", day(run.started)
    yield "Ended", day(run.ended)


def _drawn(chart: Chart) -> Iterator[Sequence[str]]:
    for line in chart.lines:
        known = [value for value in line.values if value is not None]
        if known and line.kind != "limit":
            said = (amount(value, chart.unit) for value in (min(known), max(known), known[-1]))
            yield f"{chart.title}, {line.label}", bars(line.values), *said


def bars(values: Sequence[float | None]) -> str:
    """Draw values with signs of rising height; what is not known is a gap."""
    count = min(LENGTH, len(values))
    picked = [values[(i * (len(values) - 1)) // max(1, count - 1)] for i in range(count)]
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(
        GAP if value is None else BARS[round((value - low) * scale)] for value in picked
    )


def _timeline(run: RunForm) -> Iterator[Sequence[str]]:
    for line in run.timeline:
        when = f"{line.at:%H:%M:%S} {since(run.started, line.at)}"
        yield when, f"{line.weight_percent} %", who(line.actor), line.reason


def _gate(gate: GateForm) -> Sequence[str]:
    values = [amount(value, gate.unit) for value in (gate.canary, gate.stable, gate.limit)]
    shadow = "" if gate.enforced else " (shadow)"
    return (gate.gate + shadow, ruling(gate.ruling), *values, count(gate.samples), gate.reason)


def _table(names: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield _row(names)
    yield _row(["---"] * len(names), is_plain=False)
    yield from (_row(row) for row in rows)


def _row(cells: Sequence[str], *, is_plain: bool = True) -> str:
    return f"| {' | '.join(_plain(cell) if is_plain else cell for cell in cells)} |"


def _plain(text: str) -> str:
    """Return text that Markdown takes for text: no link, no mention, no tag, no new line."""
    one_line = " ".join(text.split())
    escaped = re.sub(r"([\\`*_{}\[\]<>|#~!&])", r"\\\1", one_line)
    # A word joiner: "@name" would call somebody, "http://" would be a link.
    return re.sub(r"@(?=\w)", "@\u2060", escaped).replace("://", ":\u2060//")
