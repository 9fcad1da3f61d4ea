"""The meter counts what Prometheus knows, and says when it does not know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from rolloutd.adapters.prometheus.client import Limits
from rolloutd.adapters.prometheus.meter import PrometheusMeter
from rolloutd.core.observation import Counts, Histogram, Reading, Unread
from rolloutd.core.plan import (
    CallerMetrics,
    EnvoyClusterMetrics,
    IstioMetrics,
    Judgement,
    Promql,
    Reporter,
)
from rolloutd.core.target import Target
from rolloutd.core.units import Seconds
from tests.fakes.clock import FakeClock
from tests.fakes.endpoint import FakeEndpoint, served
from tests.fakes.prometheus import EVALUATED, refusal, vector
from tests.fakes.targets import HOST, target

ISTIO = target(IstioMetrics(reporter=Reporter.DESTINATION))
CLUSTERS = target(EnvoyClusterMetrics(port=8080))


class Book:
    """What the fake Prometheus says, by a part of the question."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        (question,) = parse_qs(await request.text())["query"]
        self.asked.append(question)
        for part, body in self.pages.items():
            if part in question:
                return web.Response(body=body, content_type="application/json")
        return web.Response(body=vector(), content_type="application/json")


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def meter(book: Book) -> AsyncIterator[PrometheusMeter]:
    limits = Limits(deadline=Seconds(1.0), stale_after=Seconds(60.0))
    async with (
        served(FakeEndpoint(handler=book.answer)) as endpoint,
        aiohttp.ClientSession() as session,
    ):
        yield PrometheusMeter(session, endpoint.url, FakeClock(), limits)


def istio(age: float = 2.0, **counts: float) -> bytes:
    """Write both halves of an answer; names are version and code, as in ``v4_500=3``."""
    elements: list[tuple[dict[str, str], float | str]] = []
    for name, count in counts.items():
        version, code = name.split("_")
        labels = {
            "destination_workload": f"data-product-{version}",
            "destination_workload_namespace": "default",
            "instance": version,
        }
        elements.append((labels | {"response_code": code, "rolloutd": "counted"}, count))
        elements.append((labels | {"rolloutd": "scraped"}, EVALUATED - age))
    return vector(*elements)


def times(*counts: int) -> bytes:
    """Write the canary's buckets."""
    labels = {
        "destination_workload": "data-product-v4",
        "destination_workload_namespace": "default",
        "instance": "v4",
    }
    edges = ("10", "100", "+Inf")
    return vector(*((labels | {"le": edge}, n) for edge, n in zip(edges, counts, strict=True)))


async def reading(meter: PrometheusMeter, wanted: Target) -> Reading:
    """Read one target that can be read."""
    answer = (await meter.read([wanted]))[wanted.key]
    assert isinstance(answer, Reading)
    return answer


async def reason(meter: PrometheusMeter, wanted: Target) -> str:
    """Read one target that cannot be read."""
    answer = (await meter.read([wanted]))[wanted.key]
    assert isinstance(answer, Unread)
    return answer.reason


async def test_counts_are_what_rose_since_the_first_look(
    meter: PrometheusMeter, book: Book
) -> None:
    """The plain case."""
    book.pages["istio_requests_total"] = istio(v3_200=100, v4_200=10)
    await meter.read([ISTIO])
    book.pages["istio_requests_total"] = istio(v3_200=190, v4_200=15, v4_500=5)

    answer = await reading(meter, ISTIO)

    assert answer.stable == Counts(requests=90, failures=0)
    assert answer.canary == Counts(requests=10, failures=5)


async def test_a_reading_is_as_old_as_the_newest_scrape(
    meter: PrometheusMeter, book: Book
) -> None:
    """Evidence is dated when it was taken, whatever Prometheus' clock says of today."""
    book.pages["istio_requests_total"] = istio(age=12.0, v3_200=1, v4_200=1)

    answer = await reading(meter, ISTIO)

    assert answer.at == FakeClock().now() - 12.0


async def test_one_question_serves_all_rollouts(meter: PrometheusMeter, book: Book) -> None:
    """Prometheus is shared; a hundred rollouts must not be a hundred times the load."""
    targets = [
        replace(target(ISTIO.metrics.source, service=f"svc-{number}")) for number in range(80)
    ]

    answers = await meter.read(targets)

    assert len(answers) == 80
    assert len(book.asked) == 1


async def test_the_reason_is_prometheus_own(meter: PrometheusMeter, book: Book) -> None:
    """A person acts on "query timed out", not on "no data"."""
    book.pages["istio_requests_total"] = refusal("query timed out")

    assert "says: query timed out" in await reason(meter, ISTIO)


async def test_after_a_gap_counting_begins_anew(meter: PrometheusMeter, book: Book) -> None:
    """What rose while nobody looked belongs to no interval."""
    book.pages["istio_requests_total"] = istio(v3_200=100, v4_200=10)
    await meter.read([ISTIO])
    book.pages["istio_requests_total"] = refusal("away")
    await meter.read([ISTIO])
    book.pages["istio_requests_total"] = istio(v3_200=900, v4_200=90)
    await meter.read([ISTIO])
    book.pages["istio_requests_total"] = istio(v3_200=903, v4_200=91)

    answer = await reading(meter, ISTIO)

    assert answer.stable == Counts(requests=3, failures=0)


async def test_stale_data_is_unread(meter: PrometheusMeter, book: Book) -> None:
    """A stalled scrape looks like silence; it is not."""
    book.pages["istio_requests_total"] = istio(age=90.0, v3_200=1, v4_200=1)

    assert "last scraped 90 s ago" in await reason(meter, ISTIO)


async def test_no_series_at_all_is_unread(meter: PrometheusMeter) -> None:
    """A misspelt workload must be found by its author."""
    assert "no series of either arm of default/data-product" in await reason(meter, ISTIO)


async def test_durations_come_with_the_counts(meter: PrometheusMeter, book: Book) -> None:
    """Both are about the same requests."""
    wanted = replace(ISTIO, latency=True)
    book.pages["duration"] = times(1, 2, 3)
    book.pages["istio_requests_total"] = istio(v3_200=1, v4_200=3)
    await meter.read([wanted])
    book.pages["duration"] = times(2, 4, 6)

    answer = await reading(meter, wanted)

    assert answer.canary is not None
    assert answer.canary.latency == Histogram(bounds=(10.0, 100.0), counts=(1, 2, 3))


async def test_failures_still_count_when_buckets_do_not_come(
    meter: PrometheusMeter, book: Book
) -> None:
    """The dear question fails first; a rollback for errors may not wait for it."""
    wanted = replace(ISTIO, latency=True)
    book.pages["duration"] = refusal("query timed out")
    book.pages["istio_requests_total"] = istio(v3_200=1, v4_200=1)
    await meter.read([wanted])
    book.pages["istio_requests_total"] = istio(v3_200=1, v4_200=1, v4_500=9)

    answer = await reading(meter, wanted)

    assert answer.canary == Counts(requests=9, failures=9, latency=None)


async def test_a_bucket_without_an_edge_costs_the_durations_alone(
    meter: PrometheusMeter, book: Book
) -> None:
    """A broken histogram is no reason to be blind to errors."""
    labels = {"destination_workload": "data-product-v4", "le": "wide"}
    book.pages["duration"] = vector((labels, 1.0))
    book.pages["istio_requests_total"] = istio(v3_200=1, v4_200=1)

    answer = await reading(meter, replace(ISTIO, latency=True))

    assert answer.canary == Counts(requests=0, failures=0, latency=None)


def cluster(family: str, value: float, **labels: str) -> tuple[dict[str, str], float | str]:
    """Make an element of the canary's cluster."""
    name = f"outbound|8080|v4|{HOST}"
    named = {"cluster_name": name, "instance": "gw", "rolloutd": "counted"}
    return named | labels | ({"__name__": family} if family else {}), value


async def test_calls_with_a_status_are_judged_by_it_from_then_on(
    meter: PrometheusMeter, book: Book
) -> None:
    """The change of counters may not count the same calls twice."""
    book.pages["envoy_cluster_upstream_rq"] = vector(cluster("", 100, response_code="200"))
    await meter.read([CLUSTERS])
    status = "envoy_cluster_grpc_x_Get_14"
    book.pages["__name__"] = vector(cluster(status, 40))
    book.pages = dict(reversed(book.pages.items()))
    changed = await reading(meter, CLUSTERS)
    book.pages["__name__"] = vector(cluster(status, 43))

    answer = await reading(meter, CLUSTERS)

    assert changed.canary == Counts(requests=0, failures=0)
    assert answer.canary == Counts(requests=3, failures=3)


async def test_a_failed_question_for_statuses_is_unread(
    meter: PrometheusMeter, book: Book
) -> None:
    """Codes alone would call every failed gRPC call a success."""
    book.pages["__name__"] = refusal("too many samples")

    assert "too many samples" in await reason(meter, CLUSTERS)


def gate(name: str, query: str, stable_query: str | None = None) -> Promql:
    """Make a custom gate."""
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


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (vector(({}, 0.5)), 0.5),
        (vector(({}, "NaN")), None),
        (vector(({}, "+Inf")), None),
        (vector(), None),
        (vector(({"a": "1"}, 0.5), ({"a": "2"}, 0.5)), None),
        (refusal("parse error"), None),
    ],
)
async def test_a_custom_query_has_one_finite_number_or_is_not_known(
    meter: PrometheusMeter, book: Book, body: bytes, value: float | None
) -> None:
    """Guessing which of two series was meant is not ours to do."""
    book.pages["mine"] = body
    wanted = replace(ISTIO, queries=(gate("load", "mine"),))

    values = await meter.values([wanted])

    assert values == {wanted.key: {"load": (value, None)}}


async def test_the_same_query_is_asked_once(meter: PrometheusMeter, book: Book) -> None:
    """Copied plans ask the same of everyone's Prometheus."""
    book.pages["mine"] = vector(({}, 0.5))
    queries = (gate("a", "mine", "mine"), gate("b", "mine"))
    targets = [
        replace(target(ISTIO.metrics.source, service=name), queries=queries) for name in "xy"
    ]

    values = await meter.values(targets)

    assert values[targets[1].key] == {"a": (0.5, 0.5), "b": (0.5, None)}
    assert book.asked == ["mine"]


async def test_custom_values_are_known_even_where_counts_are_not(
    meter: PrometheusMeter, book: Book
) -> None:
    """Not knowing one thing is not knowing nothing."""
    book.pages["mine"] = vector(({}, 0.5))
    wanted = replace(ISTIO, queries=(gate("load", "mine"),))

    answer = await reading(meter, wanted)

    assert (answer.stable, answer.canary) == (None, None)
    assert answer.values == {"load": (0.5, None)}


async def test_a_target_of_envoy_is_unread_here(meter: PrometheusMeter, book: Book) -> None:
    """A mix-up in the wiring is reported, not raised in the middle of a rollout."""
    why = await reason(meter, target(CallerMetrics(urls=(), port=1)))

    assert "is not asked for CallerMetrics" in why
    assert book.asked == []


Change = Callable[[PrometheusMeter], Target]


def forgotten(meter: PrometheusMeter) -> Target:
    """Let go of the target."""
    meter.forget([ISTIO.key])
    return ISTIO


def judged_otherwise(_: PrometheusMeter) -> Target:
    """Change what counts as a failure."""
    return replace(ISTIO, metrics=replace(ISTIO.metrics, http_failures=(400, 599)))


@pytest.mark.parametrize("change", [forgotten, judged_otherwise])
async def test_what_is_forgotten_or_changed_begins_anew(
    meter: PrometheusMeter, book: Book, change: Change
) -> None:
    """Old counts under a new meaning would look like an outage."""
    book.pages["istio_requests_total"] = istio(v3_200=100, v4_404=1000)
    await meter.read([ISTIO])

    answer = await reading(meter, change(meter))

    assert answer.canary == Counts(requests=0, failures=0)
