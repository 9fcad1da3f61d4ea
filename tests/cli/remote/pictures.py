"""Rollouts as the daemon tells of them, for tests of how they are shown."""

from __future__ import annotations

import dataclasses

from rolloutd.cli.remote.forms import Full, Gate, Line, Step
from rolloutd.core.units import Instant, Percent, Ratio, Seconds
from tests.builders import T0


def a_gate(**changes: object) -> Gate:
    """Return a gate that finds nothing wrong."""
    gate = Gate(
        name="success-rate",
        ruling="fine",
        reason="Canary fails 0 % (0 of 112).",
        seen=T0,
        certified=False,
        enforced=True,
        canary=0.9994,
        stable=0.9996,
        limit=0.995,
        room=0.44,
        unit="ratio",
        samples=112,
        evidence={"evidence": 2.0, "evidenceNeeded": 8.0, "ruledOut": -1.0, "beyond": 1.0},
    )
    return dataclasses.replace(gate, **changes)  # type: ignore[arg-type] # checked by its users


def a_line(weight: int, reason: str, *, after: float = 0.0, actor: str = "") -> Line:
    """Return a line of the story."""
    return Line(
        at=Instant(T0 + after),
        phase="progressing",
        step=0,
        weight=Percent(weight),
        actor=actor,
        reason=reason,
    )


def a_full(**changes: object) -> Full:
    """Return ``shop/checkout``, holding at the second of three steps."""
    now = Full(
        namespace="shop",
        name="checkout",
        phase="progressing",
        run=4,
        step=1,
        step_count=3,
        suspect=False,
        desired=Percent(25),
        observed=Ratio(0.252),
        observed_requests=1000,
        in_force=True,
        rulings={"success-rate": "fine"},
        why="Holding at 25 %: all gates are fine.",
        what_next="100 % in 2m if the gates stay fine.",
        at=Instant(T0 + 130.0),
        obstacles=(),
        trouble="",
        since=T0,
        seen=T0,
        interval=Seconds(5.0),
        stable="v3",
        canary="v4",
        reason="Started: 10 % to the canary.",
        started=T0,
        step_since=T0,
        steps=(
            Step(weight=Percent(10), hold=Seconds(60.0)),
            Step(weight=Percent(25), hold=Seconds(600.0)),
            Step(weight=None, hold=None),
            Step(weight=Percent(100), hold=Seconds(0.0)),
        ),
        gates=(a_gate(),),
        pause=None,
        timeline=(a_line(10, "Started: 10 %."), a_line(25, "Advanced: 25 %.", after=60.0)),
        told=Instant(T0 + 1.0),
    )
    return dataclasses.replace(now, **changes)  # type: ignore[arg-type] # checked by its users
