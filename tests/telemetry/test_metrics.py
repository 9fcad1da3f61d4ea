"""What is exported, and when."""

from __future__ import annotations

import re

from prometheus_client import generate_latest

from rolloutd.core.plan import Key
from rolloutd.core.state import Phase
from rolloutd.telemetry.metrics import Metrics

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
    metrics.admit(KEY, 4)

    text = "\n".join(lines(metrics))
    for phase in Phase:
        assert f'phase="{phase.value}"' in text
    assert re.search(r'rolloutd_rollouts_total\{.*result="rolledBack".*\} 0.0', text)


def test_series_go_with_their_plan() -> None:
    """And leave the others alone."""
    metrics = Metrics()
    metrics.admit(KEY, 4)
    metrics.admit(Key("shop", "cart"), 4)

    metrics.dismiss(KEY)

    assert lines(metrics) == []
    assert b'rollout="cart"' in generate_latest(metrics.registry)


def test_no_metric_has_a_namespace_label() -> None:
    """Prometheus Operator would rename it."""
    metrics = Metrics()
    metrics.admit(KEY, 4)

    assert b"{namespace=" not in generate_latest(metrics.registry)
    assert b",namespace=" not in generate_latest(metrics.registry)


def test_a_sinks_outcomes_exist_before_its_first_message() -> None:
    """The alert on lost messages is a rate, and a rate needs a first value."""
    metrics = Metrics()
    metrics.admit_sink("slack")

    text = generate_latest(metrics.registry).decode()
    assert 'rolloutd_notifications_total{outcome="overflow",sink="slack"} 0.0' in text
    assert 'rolloutd_notification_queue_length{sink="slack"} 0.0' in text
