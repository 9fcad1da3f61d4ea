"""What rollouts' metrics hold, and how it comes and goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from rolloutd.core.plan import Key
from rolloutd.telemetry.series import RolloutCounter, RolloutGauge

KEY = Key("shop", "checkout")
OTHER = Key("shop", "cart")


def test_the_text_is_that_of_the_library() -> None:
    """Dashboards and alerts can't tell by what a series is kept."""
    registry = CollectorRegistry()
    gauge = RolloutGauge("step", "Index of the step.", registry=registry)
    counter = RolloutCounter("writes_total", "Writes.", ("outcome",), registry=registry)
    gauge.begin(KEY, [()])
    gauge.labels("shop", "checkout").set(True)
    counter.begin(KEY, [("accepted",), ("refused",)])
    counter.labels("shop", "checkout", "accepted").inc()

    assert generate_latest(registry).decode().splitlines() == [
        "# HELP step Index of the step.",
        "# TYPE step gauge",
        'step{rollout="checkout",rollout_namespace="shop"} 1.0',
        "# HELP writes_total Writes.",
        "# TYPE writes_total counter",
        'writes_total{outcome="accepted",rollout="checkout",rollout_namespace="shop"} 1.0',
        'writes_total{outcome="refused",rollout="checkout",rollout_namespace="shop"} 0.0',
    ]


def test_a_counter_that_was_not_foreseen_begins_at_0() -> None:
    """A result that nobody thought of must not stop a rollout."""
    registry = CollectorRegistry()
    counter = RolloutCounter("writes_total", "Writes.", ("outcome",), registry=registry)
    counter.labels("shop", "checkout", "novel").inc()

    labels = {"rollout_namespace": "shop", "rollout": "checkout", "outcome": "novel"}
    assert registry.get_sample_value("writes_total", labels) == 1


def test_two_metrics_of_one_name_are_a_mistake() -> None:
    """Their series would overwrite each other in Prometheus."""
    registry = CollectorRegistry()
    RolloutGauge("step", "Index of the step.", registry=registry)

    with pytest.raises(ValueError, match="Duplicated"):
        RolloutGauge("step", "Another.", registry=registry)


def test_one_labels_series_go_and_those_of_others_stay() -> None:
    """A gate leaves a plan; the other gates, and the other plans, keep theirs."""
    registry = CollectorRegistry()
    gauge = RolloutGauge("value", "Value.", ("gate", "track"), registry=registry)
    for key in (KEY, OTHER):
        gauge.begin(key, [("p99", "canary"), ("success", "canary")], 1.0)
    gauge.drop_first(KEY, "p99")
    gauge.drop(OTHER)
    gauge.drop(OTHER)

    (family,) = registry.collect()
    assert [sample.labels["gate"] for sample in family.samples] == ["success"]


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads interrupt each other as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_rollouts_may_come_and_go_during_a_scrape() -> None:
    """Scrapes run on a thread: one in a thousand would fail, and nobody know why."""
    registry = CollectorRegistry()
    gauge = RolloutGauge("weight", "Weight.", ("track",), registry=registry)
    for number in range(500):
        gauge.begin(Key("shop", str(number)), [("stable",), ("canary",)])
    with ThreadPoolExecutor(1) as thread:
        scraping = thread.submit(lambda: [generate_latest(registry) for _ in range(5)])
        while not scraping.done():
            for number in range(400, 600):
                gauge.begin(Key("shop", str(number)), [("novel",)])
            for number in range(400, 600):
                gauge.drop(Key("shop", str(number)))

    assert len(scraping.result()) == 5
