"""The questions we ask mean to a real Prometheus what we think they mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.prometheus.client import Limits
from rolloutd.adapters.prometheus.meter import PrometheusMeter
from rolloutd.core.observation import Counts, Histogram, Reading, Unread
from rolloutd.core.plan import EnvoyClusterMetrics, IstioMetrics, Judgement, Promql, Reporter
from rolloutd.core.target import Target
from rolloutd.core.units import Seconds
from tests.fakes.endpoint import FakeEndpoint, served
from tests.fakes.targets import HOST, target
from tests.integration.prometheus_process import prometheus

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

ISTIO = target(IstioMetrics(reporter=Reporter.DESTINATION), latency=True)
CLUSTERS = target(EnvoyClusterMetrics(port=8080), latency=True)
DEADLINE = 15.0


@pytest.fixture
async def exporter() -> AsyncIterator[FakeEndpoint]:
    async with served(FakeEndpoint()) as started:
        yield started


@pytest.fixture
async def url(exporter: FakeEndpoint, tmp_path: Path) -> AsyncIterator[str]:
    async with prometheus(tmp_path, [exporter.url.removeprefix("http://")]) as ready:
        yield ready


@pytest.fixture
async def meter(url: str) -> AsyncIterator[PrometheusMeter]:
    async with aiohttp.ClientSession() as session:
        yield PrometheusMeter(session, url, SystemClock(), Limits(stale_after=Seconds(3.0)))


def istio(
    version: str, code: str, count: int, *, grpc: str = "", reporter: str = "destination"
) -> str:
    """Write one of Istio's counters."""
    labels = (
        f'reporter="{reporter}",destination_workload="data-product-{version}",'
        f'destination_workload_namespace="default",response_code="{code}",'
        f'grpc_response_status="{grpc}",response_flags="-",source_workload="x"'
    )
    return f"istio_requests_total{{{labels}}} {count}\n"


def buckets(version: str, *counts: int) -> str:
    """Write one of Istio's histograms."""
    labels = (
        f'reporter="destination",destination_workload="data-product-{version}",'
        'destination_workload_namespace="default"'
    )
    return "".join(
        f'istio_request_duration_milliseconds_bucket{{{labels},le="{edge}"}} {count}\n'
        for edge, count in zip(("10", "100", "+Inf"), counts, strict=True)
    )


def cluster(version: str, family: str, more: str, count: int) -> str:
    """Write one of a cluster's counters."""
    return f'{family}{{cluster_name="outbound|8080|{version}|{HOST}"{more}}} {count}\n'


async def read_until(
    meter: PrometheusMeter, wanted: Target, enough: Callable[[Reading | Unread], bool]
) -> Reading | Unread:
    """Read until an answer is the awaited one; on timeout return the last."""
    clock = SystemClock()
    end = clock.now() + DEADLINE
    while True:
        answer = (await meter.read([wanted]))[wanted.key]
        if enough(answer) or clock.now() > end:
            return answer
        await clock.sleep(Seconds(0.1))


def is_read(answer: Reading | Unread) -> bool:
    """Both arms have series."""
    return isinstance(answer, Reading) and None not in (answer.stable, answer.canary)


def has_canary(requests: int) -> Callable[[Reading | Unread], bool]:
    """Return whether the canary served at least so many."""
    return lambda answer: (
        isinstance(answer, Reading)
        and answer.canary is not None
        and answer.canary.requests >= requests
    )


async def test_istio_counts_per_arm_with_grpc_failures_and_durations(
    meter: PrometheusMeter, exporter: FakeEndpoint
) -> None:
    """The whole way: exporter, scrape, grouped question, counts."""
    other = istio("v4", "500", 99, reporter="source")
    first = istio("v3", "200", 100) + istio("v4", "200", 10, grpc="0")
    exporter.body = (first + other + buckets("v3", 1, 2, 3) + buckets("v4", 0, 0, 0)).encode()
    await read_until(meter, ISTIO, is_read)
    second = istio("v3", "200", 190) + istio("v4", "200", 25, grpc="0")
    second += istio("v4", "200", 5, grpc="14")
    exporter.body = (second + other + buckets("v3", 2, 4, 6) + buckets("v4", 1, 1, 9)).encode()

    answer = await read_until(meter, ISTIO, has_canary(20))

    assert isinstance(answer, Reading)
    assert answer.stable == Counts(
        requests=90, failures=0, latency=Histogram(bounds=(10.0, 100.0), counts=(1, 2, 3))
    )
    assert answer.canary == Counts(
        requests=20, failures=5, latency=Histogram(bounds=(10.0, 100.0), counts=(1, 1, 9))
    )


async def test_a_restarted_pod_is_seen_through_the_grouped_question(
    meter: PrometheusMeter, exporter: FakeEndpoint
) -> None:
    """The question groups by instance so that a reset shows."""
    exporter.body = (istio("v3", "200", 1000) + istio("v4", "200", 1000)).encode()
    await read_until(meter, ISTIO, is_read)
    exporter.body = (istio("v3", "200", 1000) + istio("v4", "200", 30)).encode()

    answer = await read_until(meter, ISTIO, has_canary(1))

    assert isinstance(answer, Reading)
    assert answer.canary is not None
    assert answer.canary.requests == 30


@pytest.mark.parametrize("by_status", [False, True], ids=["codes", "grpc statuses"])
async def test_clusters_count_by_code_or_by_grpc_status(
    meter: PrometheusMeter, exporter: FakeEndpoint, *, by_status: bool
) -> None:
    """Series by code class and the second way of counting are left out."""

    def body(scale: int) -> bytes:
        text = ""
        for version in ("v3", "v4"):
            codes = "envoy_cluster_upstream_rq"
            text += cluster(version, codes, ',response_code="200"', 9 * scale)
            text += cluster(version, codes, ',response_code_class="2xx"', 9 * scale)
            text += cluster(version, codes, ',response_code="503"', scale)
            if by_status:
                grpc = "envoy_cluster_grpc_demo_Product_Get_"
                text += cluster(version, f"{grpc}0", "", 8 * scale)
                text += cluster(version, f"{grpc}14", "", 2 * scale)
                text += cluster(version, f"{grpc}total", "", 10 * scale)
        return text.encode()

    exporter.body = body(1)
    await read_until(meter, CLUSTERS, is_read)
    exporter.body = body(11)

    answer = await read_until(meter, CLUSTERS, has_canary(100))

    assert isinstance(answer, Reading)
    assert answer.canary == Counts(requests=100, failures=20 if by_status else 10)


async def test_a_stopped_scrape_is_no_data_and_not_no_traffic(
    meter: PrometheusMeter, exporter: FakeEndpoint
) -> None:
    """Zero requests would be a lie about a service that is busy unseen."""
    exporter.body = (istio("v3", "200", 100) + istio("v4", "200", 10)).encode()
    await read_until(meter, ISTIO, is_read)
    exporter.status = 503

    answer = await read_until(meter, ISTIO, lambda answer: isinstance(answer, Unread))

    assert isinstance(answer, Unread)


async def test_custom_queries_are_answered_for_both_arms(
    meter: PrometheusMeter, exporter: FakeEndpoint
) -> None:
    """A query without one finite number is not known, and the others still are."""
    exporter.body = b"saturation 0.75\nqueue 3\n"

    def gate(name: str, query: str, stable_query: str | None = None) -> Promql:
        return Promql(
            name=name,
            query=query,
            stable_query=stable_query,
            minimum=None,
            maximum=1.0,
            max_ratio=None,
            consecutive=1,
            judgement=Judgement.THRESHOLD,
        )

    wanted = replace(
        ISTIO,
        queries=(
            gate("both", "saturation", "queue"),
            gate("scalar", "1 + 1"),
            gate("several", '{__name__=~"saturation|queue"}'),
            gate("none", "nothing_of_this_name"),
            gate("nan", "0 / 0"),
            gate("wrong", "sum("),
        ),
    )

    answer = await read_until(
        meter,
        wanted,
        lambda answer: isinstance(answer, Reading) and answer.values["both"] == (0.75, 3.0),
    )

    assert isinstance(answer, Reading)
    assert answer.values == {
        "both": (0.75, 3.0),
        "scalar": (2.0, None),
        "several": (None, None),
        "none": (None, None),
        "nan": (None, None),
        "wrong": (None, None),
    }


async def test_names_with_special_characters_match_themselves_alone(
    meter: PrometheusMeter, exporter: FakeEndpoint
) -> None:
    """A dot in a workload's name must not match the neighbour's."""
    odd = replace(ISTIO, canary=replace(ISTIO.canary, workload="v4.0"), latency=False)

    def body(canary: int) -> bytes:
        text = istio("v3", "200", 1) + istio("v4", "500", 900 * canary)
        text += istio("v4", "200", canary).replace("data-product-v4", "v4.0")
        return (text + istio("v4", "500", 9).replace("data-product-v4", "v4x0")).encode()

    exporter.body = body(1)
    await read_until(meter, odd, is_read)
    exporter.body = body(8)

    answer = await read_until(meter, odd, has_canary(1))

    assert isinstance(answer, Reading)
    assert answer.canary == Counts(requests=7, failures=0)
