"""The daemon's own figures: what a turn did, put into metrics."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.core.actions import Announce, Decision, Happening
from rolloutd.core.advance import hold_of
from rolloutd.core.bound import bound_of
from rolloutd.core.observation import GateVerdict, Ruling
from rolloutd.core.plan import Gate, Key, Plan
from rolloutd.core.state import Cause, Phase, Record
from rolloutd.core.units import Instant, elapsed
from rolloutd.core.windows import is_open
from rolloutd.engine.view import View
from rolloutd.engine.world import World
from rolloutd.telemetry.metrics import UNKNOWN, Metrics

DIRECTIONS = {
    Happening.STARTED: "advance",
    Happening.ADVANCED: "advance",
    Happening.PROMOTED: "promote",
    Happening.ROLLED_BACK: "rollback",
    Happening.SUPERSEDED: "rollback",
    Happening.ABORTED: "rollback",
}

RESULTS = {
    Happening.PROMOTED: "promoted",
    Happening.ROLLED_BACK: "rolled_back",
    Happening.SUPERSEDED: "superseded",
    Happening.ABORTED: "aborted",
}

EVALUATIONS = {
    Ruling.FINE: "pass",
    Ruling.HOLD: "inconclusive",
    Ruling.SUSPECT: "suspect",
    Ruling.BREACH: "fail",
    Ruling.BLIND: "error",
}

BACK = frozenset({Happening.ROLLED_BACK, Happening.SUPERSEDED, Happening.ABORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A decision that the cluster holds now.

    Attributes:
        before: The record that it replaced.
        wanted: When it was first decided; failed attempts may lie between.
    """

    before: Record | None
    decision: Decision
    wanted: Instant


def wrote(world: World, plan: Plan, written: Written) -> None:
    """Count a write that was accepted, and what it meant."""
    metrics, labels = world.metrics, _labels(plan.key)
    metrics.writes.labels(*labels, "accepted").inc()
    record, now = written.decision.state.record, world.clock.now()
    if record is None:
        return
    _end_pause(metrics, written.before, record)
    for action in written.decision.actions:
        if isinstance(action, Announce):
            _count(metrics, labels, action, record)
            _time(metrics, action.what, record, now)
            if action.what in BACK:
                metrics.rollback_seconds.observe(elapsed(written.wanted, now))
            if _is_breach(action, record):
                metrics.detection_seconds.observe(elapsed(record.step_since, written.wanted))


def failed(world: World, plan: Plan, outcome: str) -> None:
    """Count a write that was not."""
    world.metrics.writes.labels(*_labels(plan.key), outcome).inc()


def show(metrics: Metrics, view: View, before: View | None = None) -> None:
    """Set a rollout's gauges to what its view says.

    Args:
        metrics: Where they are.
        view: That.
        before: What they were set to last. What both views share, the very same object, is not
            set again: most turns change little, and this was a third of each.
    """
    labels = _labels(view.plan.key)
    if before is not None and before.plan is not view.plan:
        before = None  # an edited plan has other series
    if before is None or before.record is not view.record:
        _stand(metrics, labels, view)
    metrics.window.labels(*labels).set(is_open(view.plan.windows, view.at))
    _split(metrics, labels, "desired", None if view.desired is None else view.desired / 100)
    _split(metrics, labels, "observed", None if view.split is None else view.split.canary)
    if before is None or before.verdicts is not view.verdicts:
        gates = {gate.name: gate for gate in view.plan.gates}
        for verdict in view.verdicts:
            if verdict.gate in gates:
                _gate(metrics, labels, gates[verdict.gate], verdict)


def judged(metrics: Metrics, view: View) -> None:
    """Count the verdicts of one new sample."""
    labels = _labels(view.plan.key)
    for verdict in view.verdicts:
        result = EVALUATIONS[verdict.ruling]
        metrics.evaluations.labels(*labels, verdict.gate, result).inc()


def _labels(key: Key) -> tuple[str, str]:
    return key.namespace, key.name


def _count(metrics: Metrics, labels: tuple[str, str], said: Announce, record: Record) -> None:
    if (direction := DIRECTIONS.get(said.what)) is not None:
        metrics.transitions.labels(*labels, direction).inc()
    if (result := RESULTS.get(said.what)) is not None:
        metrics.runs.labels(*labels, result, "manual" if said.actor else "auto").inc()
    if said.what is Happening.DRIFT:
        metrics.drift.labels(*labels, "corrected").inc()
    if said.what is Happening.PAUSED and _paused_by(record) is Cause.DRIFT:
        metrics.drift.labels(*labels, "paused").inc()


def _time(metrics: Metrics, what: Happening, record: Record, now: Instant) -> None:
    if (result := RESULTS.get(what)) is not None:
        metrics.run_seconds.labels(result).observe(elapsed(record.started, now))


def _end_pause(metrics: Metrics, before: Record | None, record: Record) -> None:
    if before is None or before.pause is None or before.pause == record.pause:
        return
    lasted = elapsed(before.since, record.since)
    metrics.pause_seconds.labels(before.pause.cause.value).observe(lasted)


def _is_breach(said: Announce, record: Record) -> bool:
    if said.what is Happening.PAUSED:
        return _paused_by(record) is Cause.BREACH
    broken = any(each.enforced and each.ruling is Ruling.BREACH for each in said.verdicts)
    return said.what is Happening.ROLLED_BACK and broken


def _paused_by(record: Record) -> Cause | None:
    return None if record.pause is None else record.pause.cause


def _stand(metrics: Metrics, labels: tuple[str, str], view: View) -> None:
    """Set what the record says."""
    phase = view.record.phase if view.record is not None else Phase.WAITING
    for each in Phase:
        metrics.phase.labels(*labels, each.value).set(each is phase)
    metrics.paused.labels(*labels).set(phase is Phase.PAUSED)
    if view.record is not None:
        _progress(metrics, labels, view.plan, view.record)


def _split(
    metrics: Metrics, labels: tuple[str, str], source: str, canary: float | None
) -> None:
    share = UNKNOWN if canary is None else canary
    metrics.weight.labels(*labels, "canary", source).set(share)
    metrics.weight.labels(*labels, "stable", source).set(1 - share)


def _progress(metrics: Metrics, labels: tuple[str, str], plan: Plan, record: Record) -> None:
    metrics.step.labels(*labels).set(record.step)
    metrics.step_started.labels(*labels).set(record.step_since)
    metrics.step_hold.labels(*labels).set(hold_of(plan, record))
    metrics.phase_started.labels(*labels).set(record.since)


def _gate(metrics: Metrics, labels: tuple[str, str], gate: Gate, verdict: GateVerdict) -> None:
    name = (*labels, verdict.gate)
    for track, value, requests in (
        ("canary", verdict.canary, float(verdict.samples)),
        ("stable", verdict.stable, verdict.evidence.get("stableRequests")),
    ):
        metrics.gate_value.labels(*name, track).set(_known(value))
        metrics.gate_samples.labels(*name, track).set(_known(requests))
    metrics.gate_limit.labels(*name, bound_of(gate).value).set(_known(verdict.limit))
    metrics.gate_headroom.labels(*name).set(_known(verdict.room))


def _known(value: float | None) -> float:
    """Return NaN for what is not known: the last value would pass for the present one."""
    return UNKNOWN if value is None else value
