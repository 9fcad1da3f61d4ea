"""From the form to the plan: every field arrives, with its unit; the digest is its meaning."""

from __future__ import annotations

import re

import pytest

from rolloutd.core.plan import (
    Afterwards,
    CallerMetrics,
    Confidence,
    EnvoyClusterMetrics,
    IstioMetrics,
    Judgement,
    Key,
    Latency,
    MetricsSource,
    OnBlind,
    OnBreach,
    PauseStep,
    Promql,
    Reporter,
    Routes,
    Samples,
    SidecarMetrics,
    Start,
    StartAuto,
    StartCron,
    StartManual,
    SuccessRate,
    WeightStep,
    Window,
)
from rolloutd.core.units import Millis, Percent, Ratio, Seconds
from tests.adapters.plans.forms import PLAN, changed, plan, with_spec

STEPS = "steps: [{weight: 10, hold: 5m}, {weight: 100}]"
GATE = "{name: success-rate, type: successRate, min: 99%}"


def digest(text: str) -> str:
    return plan(text).digest


def test_a_plan_is_known_by_namespace_and_name() -> None:
    """Without a namespace it is Kubernetes' own default."""
    placed = changed(("{name: shop}\nspec", "{name: shop, namespace: prod}\nspec"))

    assert plan().key == Key("default", "shop")
    assert plan(placed).key == Key("prod", "shop")


def test_one_virtual_service_is_a_list_of_one() -> None:
    """Most plans have one; the policy sees no difference."""
    assert plan().virtual_services == (Routes(virtual_service="shop", routes=()),)


def test_steps_keep_their_order_and_their_seconds() -> None:
    """The way up is what the plan is about."""
    steps = "steps: [{weight: 5, hold: 90s}, {pause: {}}, {pause: {for: 10m}}, {weight: 100}]"

    assert plan(changed((STEPS, steps))).steps == (
        WeightStep(weight=Percent(5), hold=Seconds(90.0)),
        PauseStep(duration=None),
        PauseStep(duration=Seconds(600.0)),
        WeightStep(weight=Percent(100), hold=Seconds(0.0)),
    )


def test_a_success_rate_gate_is_ratios() -> None:
    """99 % and half a point."""
    gate = "{name: ok, type: successRate, min: 99%, vsStable: {maxDrop: 0.5pp}}"

    assert plan(changed((GATE, gate))).gates == (
        SuccessRate(
            name="ok",
            minimum=Ratio(0.99),
            max_drop=Ratio(0.005),
            judgement=Judgement.SEQUENTIAL,
        ),
    )


def test_a_latency_gate_is_milliseconds() -> None:
    """The unit of the histograms that it is compared with."""
    gate = "{name: p99, type: latency, quantile: 0.99, max: 1s500ms, mode: threshold}"

    assert plan(changed((GATE, gate))).gates == (
        Latency(
            name="p99",
            quantile=Ratio(0.99),
            maximum=Millis(1500.0),
            max_ratio=None,
            judgement=Judgement.THRESHOLD,
        ),
    )


def test_a_query_gate_is_a_threshold_by_default() -> None:
    """A value without counts can't be judged sequentially."""
    gate = (
        "{name: cpu, type: promql, query: a, stableQuery: b, max: 1, vsStable: {maxRatio: 2}}"
    )

    assert plan(changed((GATE, gate))).gates == (
        Promql(
            name="cpu",
            query="a",
            stable_query="b",
            minimum=None,
            maximum=1.0,
            max_ratio=2.0,
            consecutive=3,
            judgement=Judgement.THRESHOLD,
        ),
    )


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("{source: istio}", IstioMetrics(reporter=Reporter.SOURCE)),
        ("{reporter: destination}", IstioMetrics(reporter=Reporter.DESTINATION)),
        ("{source: envoyCluster, port: 80}", EnvoyClusterMetrics(port=80)),
        ("{source: sidecars}", SidecarMetrics(port=15090)),
        (
            '{source: callers, urls: ["http://10.0.0.7:15090/stats"], port: 9090}',
            CallerMetrics(urls=("http://10.0.0.7:15090/stats",), port=9090),
        ),
    ],
)
def test_each_source_of_counts_is_known(written: str, source: MetricsSource) -> None:
    """Istio's metrics are the default."""
    assert plan(with_spec(f"metrics: {written}")).metrics.source == source


def test_failures_are_numbers_by_name_or_number() -> None:
    """Metrics carry numbers."""
    metrics = "metrics: {grpcFailures: [UNAVAILABLE, 4], httpFailures: 400-599}"

    read = plan(with_spec(metrics)).metrics

    assert read.grpc_failures == {14, 4}
    assert read.http_failures == (400, 599)


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("auto", StartAuto()),
        ("manual", StartManual()),
        ('{cron: "0 9 * * tue"}', StartCron(cron="0 9 * * tue", timezone="UTC")),
    ],
)
def test_each_way_to_start_is_known(written: str, start: Start) -> None:
    """By itself, by a person, by the calendar."""
    assert plan(with_spec(f"start: {written}")).start == start


def test_a_window_is_days_and_minutes() -> None:
    """In its own time zone."""
    window = '{days: mon-tue, from: "22:00", to: "06:30", timezone: Europe/Berlin}'

    assert plan(with_spec(f"windows: [{window}]")).windows == (
        Window(days=frozenset({1, 2}), start=1320, end=390, timezone="Europe/Berlin"),
    )


def test_what_is_left_out_has_the_documented_default() -> None:
    """The policy never has to know a default."""
    read = plan()

    assert read.confidence == Confidence()
    assert read.samples == Samples(
        interval=Seconds(5.0), window=Seconds(60.0), min_requests=100
    )
    assert read.metrics.grpc_failures == {2, 4, 13, 14, 15}
    assert read.metrics.http_failures == (500, 599)
    assert read.on_blind == OnBlind(hold=Seconds(1200.0), then=Afterwards.HOLD)
    assert (read.on_breach, read.start) == (OnBreach.ROLLBACK, StartAuto())
    assert (read.scale_down_after, read.windows, read.notify) == (None, (), ())


def test_what_is_written_replaces_the_default() -> None:
    """Each of the small parts."""
    read = plan(
        with_spec(
            "confidence: {falseRollback: 1%, regression: 2pp, maxHold: 1h}",
            "samples: {interval: 2s, window: 30s, minRequests: 5}",
            "onBreach: pause",
            "onBlind: {hold: 1m, then: rollback}",
            "onPromoted: {scaleDownStable: {after: 30m}}",
            "notify: [slack]",
        )
    )

    assert (read.confidence.false_rollback, read.confidence.regression) == (0.01, 0.02)
    assert read.confidence.max_hold == 3600.0
    assert read.samples == Samples(interval=Seconds(2.0), window=Seconds(30.0), min_requests=5)
    assert read.on_breach is OnBreach.PAUSE
    assert read.on_blind == OnBlind(hold=Seconds(60.0), then=Afterwards.ROLLBACK)
    assert (read.scale_down_after, read.notify) == (1800.0, ("slack",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hold: 5m", "hold: 300s"),
        ("{weight: 10, hold: 5m}", "{hold: 5m, weight: 10}"),
        ("{weight: 100}", "{weight: 100, hold: 0s}"),
        ("virtualService: {name: shop}", "virtualService: [{name: shop}]"),
        ("virtualService: {name: shop}", "virtualService: {name: shop, routes: []}"),
        ("spec:\n", "spec:  # a comment\n  onBreach: rollback\n  metrics: {source: istio}\n"),
        ("{name: shop}\nspec", "{name: shop, labels: {team: web}}\nspec"),
        ("min: 99%}", "min: 99.0%, mode: sequential}"),
    ],
)
def test_another_spelling_is_the_same_plan(old: str, new: str) -> None:
    """A new digest starts a new run: a reformatted file must not."""
    assert digest(changed((old, new))) == digest(PLAN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hold: 5m", "hold: 6m"),
        ("weight: 10,", "weight: 11,"),
        ("subset: v2", "subset: v3"),
        ("min: 99%", "min: 99.1%"),
        ("virtualService: {name: shop}", "virtualService: {name: shop, routes: [web]}"),
        ("spec:\n", "spec:\n  onBreach: pause\n"),
        ("spec:\n", "spec:\n  metrics: {source: sidecars}\n"),
    ],
)
def test_another_meaning_is_another_plan(old: str, new: str) -> None:
    """What is edited takes effect."""
    assert digest(changed((old, new))) != digest(PLAN)


def test_the_order_of_steps_is_meaning() -> None:
    """Lists are not sets."""
    gates = "[{name: a, type: successRate}, {name: b, type: successRate}]"
    turned = "[{name: b, type: successRate}, {name: a, type: successRate}]"
    first = changed((f"\n    - {GATE}", f" {gates}"))

    assert digest(first) != digest(changed((gates, turned), text=first))


def test_a_digest_is_short_text_for_a_label() -> None:
    """It travels in annotations, logs and messages."""
    assert re.fullmatch("[0-9a-f]{16}", digest(PLAN))
