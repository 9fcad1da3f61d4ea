"""Rows become what each instance said of each arm."""

from __future__ import annotations

import pytest

from rolloutd.adapters.prometheus.answers import (
    counts_look,
    dated,
    durations_look,
    sheet,
    youngest,
)
from rolloutd.adapters.prometheus.client import Row
from rolloutd.core.observation import Histogram
from rolloutd.core.plan import EnvoyClusterMetrics
from rolloutd.core.scrape import Missed, Scrape, Series, Side
from rolloutd.core.units import Seconds
from tests.fakes.targets import metrics

METRICS = metrics(EnvoyClusterMetrics(port=8080))
ARMS = {Side.STABLE: "s", Side.CANARY: "c"}
NOW = 1000.0
STALE = Seconds(60.0)


def counted(arm: str, value: float, *, instance: str = "a", **labels: str) -> Row:
    """Make a row of requests."""
    named = {"cluster_name": arm, "instance": instance, "rolloutd": "counted"}
    return Row(named | labels, value, NOW)


def scraped(arm: str, age: float, *, instance: str = "a") -> Row:
    """Make a row that says when an instance was scraped."""
    labels = {"cluster_name": arm, "instance": instance, "rolloutd": "scraped"}
    return Row(labels, NOW - age, NOW)


def bucket(arm: str, edge: str, value: float) -> Row:
    """Make a row of a histogram."""
    return Row({"cluster_name": arm, "instance": "a", "le": edge}, value, NOW)


def test_each_instance_is_a_source_of_its_own() -> None:
    """Pods restart one by one."""
    answer = sheet(
        [
            counted("s", 5.0, response_code="200"),
            counted("s", 1.0, response_code="500"),
            counted("c", 7.0, instance="b", response_code="200"),
        ]
    )

    look = counts_look(answer, ARMS, METRICS, STALE)

    assert look == {
        "a": Scrape(arms={Side.STABLE: Series(passed={"200  ": 5.0}, failed={"500  ": 1.0})}),
        "b": Scrape(arms={Side.CANARY: Series(passed={"200  ": 7.0})}),
    }


def test_a_pod_that_inherits_an_address_is_another_source() -> None:
    """Its count begins at 0, and may soon be above the old one's."""
    answer = sheet(
        [
            counted("s", 5.0, pod="old", response_code="200"),
            counted("s", 5.0, pod="new", response_code="200"),
        ]
    )

    assert set(answer["s"]) == {"a old", "a new"}


def test_an_instance_not_scraped_for_long_is_missed() -> None:
    """Prometheus repeats its last value for five minutes; that is no news."""
    answer = sheet(
        [
            counted("s", 5.0),
            scraped("s", 61.0),
            counted("c", 5.0, instance="b"),
            scraped("c", 5.0),
        ]
    )

    look = counts_look(answer, ARMS, METRICS, STALE)

    missed = look["a"]
    assert isinstance(missed, Missed)
    assert missed.reason == "Prometheus has nothing usable of a: last scraped 61 s ago."
    assert isinstance(look["b"], Scrape)


def test_an_arm_without_series_beside_one_with_some_has_no_traffic() -> None:
    """Before the first percent the canary has no series, and that is known, not blind."""
    look = counts_look(sheet([counted("s", 5.0)]), ARMS, METRICS, STALE)

    assert look["Prometheus"] == Scrape(arms={Side.CANARY: Series()})


def test_without_any_series_nothing_is_known() -> None:
    """A misspelt workload must not read as a quiet service."""
    assert counts_look({}, ARMS, METRICS, STALE) == {}


@pytest.mark.parametrize(
    ("family", "fails"),
    [("envoy_cluster_grpc_demo_Get_14", True), ("envoy_cluster_grpc_demo_Get_5", False)],
)
def test_a_status_in_a_name_decides(family: str, *, fails: bool) -> None:
    """Envoy puts the status of a call into the name of its counter."""
    look = counts_look(sheet([counted("s", 5.0, __name__=family)]), ARMS, METRICS, STALE)

    answer = look["a"]
    assert isinstance(answer, Scrape)
    assert bool(answer.arms[Side.STABLE].failed) is fails


def test_statuses_are_as_old_as_the_counts_of_their_instance() -> None:
    """One question asks for the times, so that the other need not."""
    counts = sheet([counted("s", 5.0), scraped("s", 42.0)])
    statuses = sheet([counted("s", 5.0), counted("s", 5.0, instance="b")])

    answer = dated(statuses, counts)

    assert (answer["s"]["a"].age, answer["s"]["b"].age) == (42.0, 0.0)


def test_buckets_come_in_order_whatever_the_order_of_rows() -> None:
    """Prometheus sorts by text, where 1000 comes before 5."""
    rows = [bucket("s", "+Inf", 9.0), bucket("s", "1000", 8.0), bucket("s", "5", 1.0)]

    look = durations_look(sheet(rows), ARMS)

    histogram = Histogram(bounds=(5.0, 1000.0), counts=(1, 8, 9))
    assert look == {"a": Scrape(arms={Side.STABLE: Series(latency={"le": histogram})})}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([bucket("s", "5", 1.0)], id="without all"),
        pytest.param([bucket("s", "+Inf", float("nan"))], id="NaN"),
        pytest.param([bucket("s", "+Inf", float("inf"))], id="infinite"),
    ],
)
def test_buckets_that_are_not_whole_are_missed(rows: list[Row]) -> None:
    """A histogram with a hole has quantiles, and they are wrong."""
    assert isinstance(durations_look(sheet(rows), ARMS)["a"], Missed)


def test_a_bucket_without_an_edge_is_an_error() -> None:
    """The client's caller turns it into a reason."""
    with pytest.raises(ValueError, match="wide"):
        sheet([bucket("s", "wide", 1.0)])


def test_the_age_of_an_answer_is_its_youngest_instances() -> None:
    """``Reading.at`` says when the newest count was taken."""
    answer = sheet([scraped("s", 40.0), scraped("c", 3.0, instance="b"), scraped("x", 1.0)])

    assert youngest(answer, ARMS) == 3.0
    assert youngest({}, ARMS) == 0.0
