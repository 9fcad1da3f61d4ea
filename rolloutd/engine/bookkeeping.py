"""The daemon's own figures: what a turn did, put into metrics."""

from __future__ import annotations

from rolloutd.core.actions import Announce, Decision, Happening
from rolloutd.core.observation import GateVerdict
from rolloutd.core.plan import Key, Plan
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Instant, elapsed
from rolloutd.engine.view import View
from rolloutd.engine.world import World
from rolloutd.telemetry.metrics import Metrics

DIRECTIONS = {
    Happening.STARTED: "advance",
    Happening.ADVANCED: "advance",
    Happening.PROMOTED: "promote",
    Happening.ROLLED_BACK: "rollback",
    Happening.ABORTED: "rollback",
}

RESULTS = {
    Happening.PROMOTED: "promoted",
    Happening.ROLLED_BACK: "rolledBack",
    Happening.ABORTED: "aborted",
}


def wrote(world: World, plan: Plan, decision: Decision, decided: Instant) -> None:
    """Count a write that was accepted, and what it meant."""
    metrics, labels = world.metrics, _labels(plan.key)
    metrics.writes.labels(*labels, "accepted").inc()
    record, now = decision.state.record, world.clock.now()
    for action in decision.actions:
        if isinstance(action, Announce):
            _count(metrics, labels, action.what)
            if record is not None and (result := RESULTS.get(action.what)) is not None:
                metrics.run_seconds.labels(result).observe(elapsed(record.started, now))
            if action.what in {Happening.ROLLED_BACK, Happening.ABORTED}:
                metrics.rollback_seconds.observe(elapsed(decided, now))


def failed(world: World, plan: Plan, outcome: str) -> None:
    """Count a write that was not."""
    world.metrics.writes.labels(*_labels(plan.key), outcome).inc()


def show(metrics: Metrics, view: View) -> None:
    """Set a rollout's gauges to what its view says."""
    labels = _labels(view.plan.key)
    phase = view.record.phase if view.record is not None else Phase.WAITING
    for each in Phase:
        metrics.phase.labels(*labels, each.value).set(each is phase)
    metrics.steps.labels(*labels).set(len(view.plan.steps))
    if view.desired is not None:
        _split(metrics, labels, "desired", view.desired / 100)
    if view.split is not None:
        _split(metrics, labels, "observed", view.split.canary)
    if view.record is not None:
        _progress(metrics, labels, view.record)
    for verdict in view.verdicts:
        _gate(metrics, labels, verdict)


def judged(metrics: Metrics, view: View) -> None:
    """Count the verdicts of one new sample."""
    labels = _labels(view.plan.key)
    for verdict in view.verdicts:
        metrics.evaluations.labels(*labels, verdict.gate, verdict.ruling.value).inc()


def _labels(key: Key) -> tuple[str, str]:
    return key.namespace, key.name


def _count(metrics: Metrics, labels: tuple[str, str], what: Happening) -> None:
    if (direction := DIRECTIONS.get(what)) is not None:
        metrics.transitions.labels(*labels, direction).inc()
    if (result := RESULTS.get(what)) is not None:
        metrics.runs.labels(*labels, result).inc()
    if what is Happening.DRIFT:
        metrics.drift.labels(*labels, "corrected").inc()


def _split(metrics: Metrics, labels: tuple[str, str], source: str, canary: float) -> None:
    metrics.weight.labels(*labels, "canary", source).set(canary)
    metrics.weight.labels(*labels, "stable", source).set(1 - canary)


def _progress(metrics: Metrics, labels: tuple[str, str], record: Record) -> None:
    metrics.step.labels(*labels).set(record.step)
    metrics.step_started.labels(*labels).set(record.step_since)


def _gate(metrics: Metrics, labels: tuple[str, str], verdict: GateVerdict) -> None:
    gate = (*labels, verdict.gate)
    for track, value in (("canary", verdict.canary), ("stable", verdict.stable)):
        if value is not None:
            metrics.gate_value.labels(*gate, track).set(value)
    if verdict.limit is not None:
        metrics.gate_limit.labels(*gate).set(verdict.limit)
    if verdict.room is not None:
        metrics.gate_headroom.labels(*gate).set(verdict.room)
    metrics.gate_samples.labels(*gate).set(verdict.samples)
