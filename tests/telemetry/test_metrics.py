"""What is exported, and when."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from prometheus_client import generate_latest

from rolloutd.core.plan import Key
from rolloutd.core.state import Phase
from rolloutd.telemetry.metrics import Metrics
from tests.builders import GATE, a_plan
from tests.grafana.exported import busy

KEY = Key("shop", "checkout")


def lines(metrics: Metrics) -> list[str]:
    return [
        line
        for line in generate_latest(metrics.registry).decode().splitlines()
        if "checkout" in line
    ]


def test_series_exist_before_anything_happened() -> None:
    """An alert must not wait for the first event to know its series."""
    metrics = Metrics()
    metrics.admit(a_plan(key=KEY))

    text = "\n".join(lines(metrics))
    for phase in Phase:
        assert f'phase="{phase.value}"' in text
    assert re.search(r'rolloutd_rollouts_total\{.*result="rolled_back".*\} 0.0', text)


def test_series_go_with_their_plan() -> None:
    """And leave the others alone."""
    metrics = Metrics()
    metrics.admit(a_plan(key=KEY))
    metrics.admit(a_plan(key=Key("shop", "cart")))

    metrics.dismiss(KEY)

    assert lines(metrics) == []
    assert b'rollout="cart"' in generate_latest(metrics.registry)


def test_no_metric_has_a_namespace_label() -> None:
    """Prometheus Operator would rename it."""
    metrics = Metrics()
    metrics.admit(a_plan(key=KEY))

    assert b"{namespace=" not in generate_latest(metrics.registry)
    assert b",namespace=" not in generate_latest(metrics.registry)


def test_a_sinks_outcomes_exist_before_its_first_message() -> None:
    """The alert on lost messages is a rate, and a rate needs a first value."""
    metrics = Metrics()
    metrics.admit_sink("slack")

    text = generate_latest(metrics.registry).decode()
    assert 'rolloutd_notifications_total{outcome="overflow",sink="slack"} 0.0' in text
    assert 'rolloutd_notification_queue_length{sink="slack"} 0.0' in text


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    rollout = {"rollout_namespace": "shop", "rollout": "checkout"}
    return metrics.registry.get_sample_value(name, {**rollout, **labels})


def test_what_is_not_known_yet_is_no_number() -> None:
    """A 0 would be a success rate of nothing, far below its limit."""
    metrics = Metrics()
    metrics.admit(a_plan(key=KEY))

    gate = {"gate": "success-rate"}
    for name, labels in (
        ("rolloutd_gate_value", {**gate, "track": "canary"}),
        ("rolloutd_gate_samples", {**gate, "track": "stable"}),
        ("rolloutd_gate_limit", {**gate, "bound": "min"}),
        ("rolloutd_gate_headroom_ratio", gate),
        ("rolloutd_traffic_weight_ratio", {"track": "canary", "source": "observed"}),
    ):
        unknown = value(metrics, name, **labels)
        assert unknown is not None
        assert math.isnan(unknown)


def test_every_gate_can_be_counted_before_it_has_spoken() -> None:
    """The alert on gates that never decide is an increase from 0."""
    metrics = Metrics()
    metrics.admit(a_plan(key=KEY))

    for result in ("pass", "fail", "suspect", "inconclusive", "error"):
        name, labels = "rolloutd_gate_evaluations_total", {"gate": "success-rate"}
        assert value(metrics, name, result=result, **labels) == 0


def test_an_edited_plan_keeps_its_counts_and_drops_the_gates_it_no_longer_has() -> None:
    """A gate that is gone would stand in the dashboard with its last value."""
    metrics, name = Metrics(), "rolloutd_gate_evaluations_total"
    kept, dropped = GATE, dataclasses.replace(GATE, name="old")
    metrics.admit(a_plan(key=KEY, gates=(kept, dropped)))
    metrics.evaluations.labels("shop", "checkout", kept.name, "pass").inc()
    added = dataclasses.replace(GATE, name="new")

    metrics.admit(a_plan(key=KEY, gates=(kept, added), digest="d2"))

    assert value(metrics, name, gate=kept.name, result="pass") == 1
    assert value(metrics, name, gate="old", result="pass") is None
    assert value(metrics, name, gate="new", result="pass") == 0


def test_versions_are_told_by_one_series() -> None:
    """Two of them would double every query that joins them."""
    metrics = Metrics()
    metrics.admit(a_plan(key=KEY))
    metrics.admit(a_plan(key=KEY, digest="d2"))

    infos = [line for line in lines(metrics) if line.startswith("rolloutd_rollout_info{")]
    assert len(infos) == 1
    assert 'plan_hash="d2"' in infos[0]
    assert 'stable_version="v3"' in infos[0]
    assert 'canary_version="v4"' in infos[0]
    assert 'virtual_service="data-product"' in infos[0]


def test_durations_of_rollouts_fit_their_buckets() -> None:
    """Buckets that end at 10 s put every real rollout into the last one."""
    metrics = Metrics()
    metrics.run_seconds.labels("promoted").observe(2400.0)

    labels = {"result": "promoted"}
    name = "rolloutd_rollout_duration_seconds_bucket"
    get = metrics.registry.get_sample_value
    assert get(name, {**labels, "le": "30.0"}) == 0
    assert get(name, {**labels, "le": "3600.0"}) == 1
    assert get(name, {**labels, "le": "86400.0"}) == 1


CONTRACT = {
    "rolloutd_rollout_info": {
        "virtual_service",
        "stable_version",
        "canary_version",
        "plan_hash",
    },
    "rolloutd_rollout_phase": {"phase"},
    "rolloutd_rollout_paused": set(),
    "rolloutd_traffic_weight_ratio": {"track", "source"},
    "rolloutd_step": set(),
    "rolloutd_steps": set(),
    "rolloutd_step_started_timestamp_seconds": set(),
    "rolloutd_step_transitions": {"direction"},
    "rolloutd_gate_value": {"gate", "track"},
    "rolloutd_gate_limit": {"gate", "bound"},
    "rolloutd_gate_headroom_ratio": {"gate"},
    "rolloutd_gate_samples": {"gate", "track"},
    "rolloutd_gate_evaluations": {"gate", "result"},
    "rolloutd_rollouts": {"result", "trigger"},
    "rolloutd_weight_drift": {"action"},
}
"""What dashboards and alerts of others rest on; every one has the rollout's two labels, too."""

OF_ALL = {
    "rolloutd_rollout_duration_seconds": {"result"},
    "rolloutd_pause_duration_seconds": {"source"},
    "rolloutd_rollback_duration_seconds": set(),
    "rolloutd_breach_detection_seconds": set(),
    "rolloutd_provider_request_duration_seconds": {"provider", "outcome"},
    "rolloutd_notifications": {"sink", "outcome"},
    "rolloutd_notification_queue_length": {"sink"},
    "rolloutd_config_last_reload_successful": set(),
    "rolloutd_config_last_reload_success_timestamp_seconds": set(),
    "rolloutd_leader": {"shard"},
    "rolloutd_loop_lag_seconds": set(),
    "rolloutd_build_info": {"version", "python"},
}
"""Of the daemon as a whole: labelled by rollout, their buckets would be thousands of series."""


@pytest.mark.parametrize("name", [*CONTRACT, *OF_ALL])
def test_metrics_and_labels_are_what_others_rest_on(name: str) -> None:
    """A renamed label breaks an alert without a word."""
    metrics = busy()
    rollout = {"rollout_namespace", "rollout"} if name in CONTRACT else set[str]()
    wanted = rollout | {**CONTRACT, **OF_ALL}[name]

    (family,) = [each for each in metrics.registry.collect() if each.name == name]
    assert family.samples
    assert all(set(sample.labels) - {"le"} == wanted for sample in family.samples)


def test_no_series_says_when_a_counter_began() -> None:
    """They would be a third of all that is kept for every rollout."""
    metrics = Metrics()
    metrics.admit(a_plan(key=KEY))

    assert not [line for line in lines(metrics) if "_created{" in line]
