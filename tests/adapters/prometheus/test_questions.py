"""All rollouts are asked for together, and everything they need is in the question."""

from __future__ import annotations

from dataclasses import replace

from rolloutd.adapters.prometheus.questions import arm_names, arm_of, batches
from rolloutd.core.plan import CallerMetrics, EnvoyClusterMetrics, IstioMetrics, Reporter
from rolloutd.core.scrape import Side
from tests.fakes.targets import HOST, target

ISTIO = IstioMetrics(reporter=Reporter.SOURCE)
CLUSTERS = EnvoyClusterMetrics(port=8080)


def test_rollouts_with_the_same_source_share_a_question() -> None:
    """A thousand questions cost Prometheus thirty times what one does."""
    asked = list(batches([target(ISTIO), target(ISTIO, service="shop")]))

    assert len(asked) == 1
    assert "data-product-v3|data-product-v4|shop-v3|shop-v4" in asked[0].counts
    assert 'reporter="source"' in asked[0].counts


def test_sources_are_asked_apart() -> None:
    """Their metrics have nothing in common."""
    destination = IstioMetrics(reporter=Reporter.DESTINATION)

    asked = list(batches([target(ISTIO), target(destination), target(CLUSTERS)]))

    assert len(asked) == 3


def test_many_rollouts_are_asked_for_in_parts() -> None:
    """An expression of two hundred names is still fast."""
    targets = [target(ISTIO, service=f"svc-{number}") for number in range(250)]

    asked = list(batches(targets))

    assert [len(batch.targets) for batch in asked] == [100, 100, 50]


def test_targets_of_envoy_are_left_out() -> None:
    """They are somebody else's to read."""
    assert not list(batches([target(CallerMetrics(urls=(), port=1))]))


def test_buckets_are_asked_only_for_targets_that_want_them() -> None:
    """They are the dearest part of an answer by far."""
    (batch,) = batches([target(ISTIO), target(ISTIO, service="shop", latency=True)])

    assert batch.durations is not None
    assert "shop-v3|shop-v4" in batch.durations
    assert "data" not in batch.durations


def test_without_latency_there_is_no_question_for_buckets() -> None:
    """Success rates alone cost a tenth."""
    asked = [*batches([target(ISTIO)]), *batches([target(CLUSTERS)])]

    assert [batch.durations for batch in asked] == [None, None]


def test_every_question_groups_by_instance() -> None:
    """A restart shows as a fall only where instances stay apart."""
    for source in (ISTIO, CLUSTERS):
        (batch,) = batches([target(source, latency=True)])
        for question in (batch.counts, batch.statuses, batch.durations):
            assert question is None or "instance,pod" in question


def test_a_row_belongs_to_the_arm_that_a_target_names() -> None:
    """The two spellings must agree, or every answer is empty."""
    istio = arm_names(target(ISTIO))
    clusters = arm_names(target(CLUSTERS))

    labels = {
        "destination_workload": "data-product-v4",
        "destination_workload_namespace": "default",
    }
    assert istio[Side.CANARY] == arm_of(labels)
    assert clusters[Side.CANARY] == arm_of({"cluster_name": f"outbound|8080|v4|{HOST}"})


def test_a_name_cannot_break_out_of_its_matcher() -> None:
    """Plans come from many hands."""
    odd = target(ISTIO)
    odd = replace(odd, canary=replace(odd.canary, workload='x"}) or vector(1) #'))

    (batch,) = batches([odd])

    assert r"x\"\\}\\) or vector\\(1\\) #" in batch.counts
