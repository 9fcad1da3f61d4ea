"""From the checked form of a plan file to the plan that the policy sees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import assert_never

from rolloutd.adapters.plans import gate_models, models
from rolloutd.core.plan import (
    Afterwards,
    Arm,
    CallerMetrics,
    Confidence,
    EnvoyClusterMetrics,
    Gate,
    IstioMetrics,
    Judgement,
    Key,
    Latency,
    Metrics,
    MetricsSource,
    OnBlind,
    OnBreach,
    PauseStep,
    Plan,
    Promql,
    Reporter,
    Routes,
    Samples,
    SidecarMetrics,
    Start,
    StartAuto,
    StartCron,
    StartManual,
    Step,
    SuccessRate,
    WeightStep,
    Window,
)
from rolloutd.core.units import Millis, Percent, Ratio

DIGITS = 16
"""Hexadecimal digits of a digest: short in messages, and no two plans of a lifetime alike."""


def to_plan(document: models.PlanDocument, *, origin: str) -> Plan:
    """Return the plan that a document stands for.

    Args:
        document: Its form is right, and no rule is broken.
        origin: ``file:line`` of the document.
    """
    metadata, spec = document.metadata, document.spec
    down = spec.on_promoted.scale_down_stable
    return Plan(
        key=Key(metadata.namespace, metadata.name),
        virtual_services=tuple(
            Routes(virtual_service=each.name, routes=tuple(each.routes))
            for each in _references(spec)
        ),
        stable=_arm(spec.stable),
        canary=_arm(spec.canary),
        steps=tuple(_step(step) for step in spec.steps),
        gates=tuple(_gate(gate) for gate in spec.gates),
        confidence=_confidence(spec.confidence),
        metrics=_metrics(spec.metrics),
        samples=Samples(
            interval=spec.samples.interval,
            window=spec.samples.window,
            min_requests=spec.samples.min_requests,
        ),
        on_breach=OnBreach(spec.on_breach),
        on_blind=OnBlind(hold=spec.on_blind.hold, then=Afterwards(spec.on_blind.then)),
        scale_down_after=None if down is None else down.after,
        start=_start(spec.start),
        windows=tuple(_window(window) for window in spec.windows),
        notify=tuple(spec.notify),
        digest=digest(spec),
        origin=origin,
    )


def digest(spec: models.Spec) -> str:
    """Hash what a spec means: the same for any order of keys, spelling, comment or format.

    Defaults are left out, written or not. So a release that adds a field changes no digest:
    a new digest starts a rolled-back rollout again, which an upgrade must not do.
    """
    meaning = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    meaning["virtualService"] = [
        each.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for each in _references(spec)
    ]
    failures = meaning.get("metrics", {}).get("grpcFailures")
    if failures is not None:
        meaning["metrics"]["grpcFailures"] = sorted(failures)
    text = json.dumps(_without_empty(meaning), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _without_empty(value: object) -> object:
    """Drop empty mappings: a part of which all is default is a part that is not there."""
    match value:
        case Mapping():
            kept = {key: _without_empty(each) for key, each in value.items()}
            return {key: each for key, each in kept.items() if each != {}}
        case list():
            return [_without_empty(each) for each in value]
        case _:
            return value


def _references(spec: models.Spec) -> list[models.VirtualServiceRef]:
    written = spec.virtual_service
    return written if isinstance(written, list) else [written]


def _arm(arm: models.Arm) -> Arm:
    return Arm(host=arm.host, subset=arm.subset, deployment=arm.deployment)


def _step(step: models.WeightStep | models.PauseStep) -> Step:
    match step:
        case models.WeightStep():
            return WeightStep(weight=Percent(step.weight), hold=step.hold)
        case models.PauseStep():
            return PauseStep(duration=step.pause.duration)
        case never:
            assert_never(never)


def _gate(gate: gate_models.Gate) -> Gate:
    match gate:
        case gate_models.SuccessRateGate():
            return SuccessRate(
                name=gate.name,
                minimum=gate.minimum,
                max_drop=None if gate.vs_stable is None else gate.vs_stable.max_drop,
                judgement=Judgement(gate.mode),
            )
        case gate_models.LatencyGate():
            return Latency(
                name=gate.name,
                quantile=Ratio(gate.quantile),
                maximum=None if gate.maximum is None else Millis(gate.maximum * 1000.0),
                max_ratio=None if gate.vs_stable is None else gate.vs_stable.max_ratio,
                judgement=Judgement(gate.mode),
            )
        case gate_models.PromqlGate():
            return _promql(gate)
        case never:
            assert_never(never)


def _promql(gate: gate_models.PromqlGate) -> Promql:
    return Promql(
        name=gate.name,
        query=gate.query,
        stable_query=gate.stable_query,
        minimum=gate.minimum,
        maximum=gate.maximum,
        max_ratio=None if gate.vs_stable is None else gate.vs_stable.max_ratio,
        consecutive=gate.consecutive,
        judgement=Judgement(gate.mode),
    )


def _confidence(confidence: gate_models.Confidence) -> Confidence:
    return Confidence(
        false_rollback=confidence.false_rollback,
        regression=confidence.regression,
        slowdown=confidence.slowdown,
        certainty=confidence.certainty,
        max_hold=confidence.max_hold,
        warm_up=confidence.warm_up,
    )


def _metrics(metrics: models.Metrics) -> Metrics:
    return Metrics(
        source=_source(metrics),
        grpc_failures=frozenset(metrics.grpc_failures),
        http_failures=metrics.http_failures,
    )


def _source(metrics: models.Metrics) -> MetricsSource:
    match metrics:
        case models.IstioSource():
            return IstioMetrics(reporter=Reporter(metrics.reporter))
        case models.EnvoyClusterSource():
            return EnvoyClusterMetrics(port=metrics.port)
        case models.SidecarsSource():
            return SidecarMetrics(port=metrics.port)
        case models.CallersSource():
            return CallerMetrics(urls=tuple(metrics.urls), port=metrics.port)
        case never:
            assert_never(never)


def _start(start: models.Start) -> Start:
    match start:
        case "auto":
            return StartAuto()
        case "manual":
            return StartManual()
        case models.CronStart():
            return StartCron(cron=start.cron, timezone=start.timezone)
        case never:
            assert_never(never)


def _window(window: models.Window) -> Window:
    return Window(
        days=window.days, start=window.start, end=window.end, timezone=window.timezone
    )
