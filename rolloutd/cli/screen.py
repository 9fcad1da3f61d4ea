"""One rollout on a terminal: where it is, why, what comes next, and how the arms compare."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rolloutd.core.observation import GateVerdict, Ruling
from rolloutd.core.plan import Plan, WeightStep
from rolloutd.core.state import Phase, Record, Transition
from rolloutd.core.steps import arm_name, span
from rolloutd.core.units import Instant, Percent
from rolloutd.engine.view import View

BAR = 40
"""Width of the traffic bar in characters."""

LINES = 8
"""Lines of the story that are shown."""

STYLES = {
    Phase.WAITING: ("…", "dim"),
    Phase.PROGRESSING: ("▶", "bold blue"),
    Phase.PAUSED: ("❚❚", "bold yellow"),
    Phase.PROMOTED: ("✓", "bold green"),
    Phase.ROLLED_BACK: ("✕", "bold red"),
    Phase.ABORTED: ("✕", "bold red"),
}

RULINGS = {
    Ruling.FINE: ("✓ fine", "green"),
    Ruling.HOLD: ("… holds", "yellow"),
    Ruling.SUSPECT: ("? suspect", "yellow"),
    Ruling.BREACH: ("✕ breach", "bold red"),
    Ruling.BLIND: ("○ blind", "magenta"),
}


def screen(view: View, now: Instant) -> RenderableType:
    """Lay out one rollout as of ``now``."""
    plan = view.plan
    body = Group(
        _why(view, now),
        Text(),
        _traffic(view),
        _ladder(plan, view.record),
        Text(),
        _gates(view.verdicts),
        Text(),
        _story(view.record),
    )
    title = f"{plan.key.name}  {plan.key.namespace}  {arm_name(plan.stable)} → "
    return Panel(
        body,
        title=Text(title + arm_name(plan.canary), style="bold"),
        title_align="left",
        subtitle=_phase(view.record),
        subtitle_align="right",
        padding=(1, 2),
    )


def _phase(record: Record | None) -> Text:
    phase = record.phase if record is not None else Phase.WAITING
    glyph, style = STYLES[phase]
    return Text(f"{glyph} {phase.value}", style=style)


def _why(view: View, now: Instant) -> Text:
    outlook = view.outlook
    text = Text()
    text.append(outlook.why, style="bold")
    text.append("\n")
    text.append(outlook.what_next)
    if outlook.at is not None and outlook.at > now:
        text.append(f"  ({span(round(outlook.at - now))} left)", style="cyan")
    if view.trouble:
        text.append(f"\nNot written yet: {view.trouble}", style="red")
    return text


def _traffic(view: View) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("desired", *_bar(None if view.desired is None else float(view.desired)))
    observed = None if view.split is None else view.split.canary * 100
    table.add_row("observed", *_bar(observed))
    return table


def _bar(canary: float | None) -> tuple[Text, str]:
    if canary is None:
        return Text("·" * BAR, style="dim"), "not known yet"
    filled = round(BAR * canary / 100)
    bar = Text("█" * (BAR - filled), style="blue")
    bar.append("█" * filled, style="dark_orange")
    return bar, f"stable {100 - canary:.4g} %   canary {canary:.4g} %"


def _ladder(plan: Plan, record: Record | None) -> Text:
    text = Text("\nsteps     ")
    for index, step in enumerate(plan.steps):
        name = f"{step.weight} %" if isinstance(step, WeightStep) else "pause"
        text.append(" ─ " if index else "  ", style="dim")
        text.append(*_rung(name, index, record))
    return text


def _rung(name: str, index: int, record: Record | None) -> tuple[str, str]:
    if record is None or record.phase is Phase.WAITING:
        return name, "dim"
    if record.phase is Phase.PROMOTED or index < record.step:
        return f"✓ {name}", "green"
    if index > record.step:
        return name, "dim"
    return f"{STYLES[record.phase][0]} {name}", STYLES[record.phase][1]


def _gates(verdicts: tuple[GateVerdict, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("gate")
    for column in ("canary", "stable", "limit", "room left", "requests"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for verdict in verdicts:
        name, style = RULINGS[verdict.ruling]
        shadow = "" if verdict.enforced else " (shadow)"
        table.add_row(
            verdict.gate,
            _value(verdict.canary, verdict.unit),
            _value(verdict.stable, verdict.unit),
            _value(verdict.limit, verdict.unit),
            "-" if verdict.room is None else f"{verdict.room:.1%}",
            f"{verdict.samples}",
            Text(name + shadow, style=style),
        )
    return table


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    match unit:
        case "ratio":
            return f"{value:.2%}"
        case "ms":
            return f"{value:.4g} ms"
        case _:
            return f"{value:.4g}"


def _story(record: Record | None) -> Group:
    lines = record.transitions[-LINES:] if record is not None else ()
    return Group(*(line_of(line) for line in lines))


def line_of(line: Transition) -> Text:
    """Put one line of the story on one line of the terminal."""
    when = datetime.fromtimestamp(line.at, UTC).strftime("%H:%M:%S")
    text = Text(f"{when}  ", style="dim")
    text.append(f"{_share(line.weight):>5}  ", style="bold")
    text.append(line.reason, style=STYLES[line.phase][1])
    return text


def _share(weight: Percent) -> str:
    return f"{weight} %"
