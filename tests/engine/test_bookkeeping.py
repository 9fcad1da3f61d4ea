"""The daemon's own figures."""

from __future__ import annotations

import dataclasses

from rolloutd.core.actions import Outlook
from rolloutd.core.observation import Ruling, SplitSeen
from rolloutd.core.units import Percent, Ratio
from rolloutd.engine.bookkeeping import show
from rolloutd.engine.view import View
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_plan, a_record, says

LABELS = {"rollout_namespace": "default", "rollout": "data-product"}


def test_a_view_becomes_gauges() -> None:
    """What the page shows, the monitoring can plot."""
    plan, metrics = a_plan(), Metrics()
    verdict = dataclasses.replace(
        says(Ruling.FINE), canary=0.998, stable=0.999, limit=0.99, room=0.008, samples=1200
    )
    view = View(
        plan=plan,
        record=a_record(plan, step=1),
        at=T0,
        outlook=Outlook(why="", what_next=""),
        desired=Percent(50),
        split=SplitSeen(canary=Ratio(0.48), requests=100, in_force=True),
        verdicts=(verdict,),
    )

    show(metrics, view)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, {**LABELS, **labels})

    weight = "rolloutd_traffic_weight_ratio"
    assert value(weight, track="canary", source="desired") == 0.5
    assert value(weight, track="stable", source="observed") == 0.52
    assert value("rolloutd_step") == 1
    gate = "success-rate"
    assert value("rolloutd_gate_value", gate=gate, track="canary") == 0.998
    assert value("rolloutd_gate_limit", gate=gate) == 0.99
    assert value("rolloutd_gate_headroom_ratio", gate=gate) == 0.008
    assert value("rolloutd_gate_samples", gate=gate) == 1200
