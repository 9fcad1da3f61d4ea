"""Rollouts as lines of a table, in kubectl's manner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rolloutd.cli.remote.age import age, lasting
from rolloutd.cli.remote.exits import ENDED
from rolloutd.cli.remote.summary import Summary
from rolloutd.core.units import Instant

GAP: Final = "   "

WORST: Final = ("rollback", "blind", "suspect", "hold", "fine")
"""Rulings as spelt on the wire, worst first."""

RULINGS: Final = {"rollback": "breach", "hold": "holding"}
"""How people call them, where that differs."""


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines whose columns begin below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def table(
    items: Sequence[Summary], now: Instant | None, *, namespaces: bool, wide: bool
) -> list[str]:
    """Return a head and a line a rollout.

    Args:
        items: What to show.
        now: By the daemon's clock.
        namespaces: With a column that says in which.
        wide: With what was counted, and why it is where it is.
    """
    head = ["NAME", "PHASE", "WEIGHT", "STEP", "GATES", "AGE", "NEXT"]
    rows = [head, *(_row(item, now) for item in items)]
    if wide:
        rows = [
            [*row, *more]
            for row, more in zip(
                rows, [["OBSERVED", "RUN", "WHY"], *map(_more, items)], strict=True
            )
        ]
    if namespaces:
        places = ["NAMESPACE", *(item.namespace for item in items)]
        rows = [[place, *row] for place, row in zip(places, rows, strict=True)]
    return aligned(rows)


def step_of(item: Summary) -> str:
    """Say at which step a rollout is, the first being 1."""
    if item.step is None or item.phase == "waiting":
        return f"-/{item.step_count}"
    return f"{min(item.step + 1, item.step_count)}/{item.step_count}"


def gates_of(item: Summary) -> str:
    """Say what the gates say together: how many are fine, or what the worst says."""
    if not item.rulings:
        return "-"
    said = list(item.rulings.values())
    worst = min(said, key=lambda ruling: WORST.index(ruling) if ruling in WORST else 0)
    fine = f"{said.count('fine')}/{len(said)}"
    return f"{fine} fine" if worst == "fine" else f"{fine} fine, {RULINGS.get(worst, worst)}"


def weight_of(item: Summary) -> str:
    """Say what share the canary gets."""
    return "-" if item.desired is None else f"{item.desired} %"


def due(item: Summary, now: Instant | None) -> str:
    """Say when the next move is, where a time is known."""
    if item.phase in ENDED:
        return "-"
    if item.at is None or now is None:
        return "blocked" if item.obstacles else "-"
    left = "now" if item.at <= now else f"in {lasting(item.at - now)}"
    return f"{left}, blocked" if item.obstacles else left


def _row(item: Summary, now: Instant | None) -> list[str]:
    phase = f"{item.phase} (suspect)" if item.suspect else item.phase
    since = age(item.since, now)
    return [
        item.name,
        phase,
        weight_of(item),
        step_of(item),
        gates_of(item),
        since,
        due(item, now),
    ]


def _more(item: Summary) -> list[str]:
    observed = "-" if item.observed is None else f"{item.observed:.1%}"
    run = "-" if item.run is None else str(item.run)
    return [observed, run, f"{item.why} {item.trouble}".strip()]
