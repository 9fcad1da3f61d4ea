"""Metrics of a daemon that has seen everything, so that every series is there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from rolloutd.core.state import Phase
from rolloutd.telemetry.metrics import Metrics
from tests.builders import a_plan

SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


def busy() -> Metrics:
    """Return metrics in which every series exists and every number is known."""
    metrics, plan = Metrics(), a_plan()
    rollout = (plan.key.namespace, plan.key.name)
    metrics.admit(plan)
    metrics.admit_sink("slack")
    metrics.admit_provider("prometheus")
    metrics.leader.labels("alone").set(1)
    for each in Phase:
        metrics.phase.labels(*rollout, each.value).set(each is Phase.PAUSED)
    for track, source in itertools.product(("canary", "stable"), ("desired", "observed")):
        metrics.weight.labels(*rollout, track, source).set(0.5)
    for gate, track in itertools.product(("success-rate",), ("canary", "stable")):
        metrics.gate_value.labels(*rollout, gate, track).set(0.99)
        metrics.gate_samples.labels(*rollout, gate, track).set(1000)
    metrics.gate_limit.labels(*rollout, "success-rate", "min").set(0.98)
    metrics.gate_headroom.labels(*rollout, "success-rate").set(0.5)
    grow(metrics)
    return metrics


def grow(metrics: Metrics) -> None:
    """Let every histogram and counter have something to show an increase of."""
    metrics.run_seconds.labels("promoted").observe(600)
    metrics.pause_seconds.labels("person").observe(60)
    metrics.rollback_seconds.observe(0.2)
    metrics.detection_seconds.observe(5)
    metrics.loop_lag.observe(0.01)
    metrics.provider_seconds.labels("prometheus", "ok").observe(0.1)


def names(metrics: Metrics) -> Mapping[str, frozenset[str]]:
    """Return the labels of every series by the name that queries call it."""
    return dict(_names(metrics))


def _names(metrics: Metrics) -> Iterator[tuple[str, frozenset[str]]]:
    for family in metrics.registry.collect():
        labels = frozenset(name for sample in family.samples for name in sample.labels)
        for suffix in SUFFIXES.get(family.type, ("",)):
            yield family.name + suffix, labels
