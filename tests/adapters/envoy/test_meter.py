"""The meter counts what Envoys served, and says when it does not know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from rolloutd.adapters.envoy.fetch import Limits
from rolloutd.adapters.envoy.meter import EnvoyMeter
from rolloutd.core.observation import Counts, Reading, Unread
from rolloutd.core.plan import CallerMetrics, IstioMetrics, Reporter, SidecarMetrics
from rolloutd.core.target import Pod, Target
from rolloutd.core.units import Instant, Seconds
from rolloutd.ports import Meter
from tests.fakes.clock import FakeClock
from tests.fakes.endpoint import FakeEndpoint, served
from tests.fakes.targets import HOST, arm, metrics, target


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    async with served(FakeEndpoint()) as started:
        yield started


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def meter(clock: FakeClock) -> AsyncIterator[EnvoyMeter]:
    async with aiohttp.ClientSession() as session:
        yield EnvoyMeter(session, clock, Limits(deadline=Seconds(0.5)))


def by_code(**counts: int) -> bytes:
    """Write a gateway's counters; names are version and code, as in ``v4_500=3``."""
    lines = ["# TYPE envoy_cluster_upstream_rq counter"]
    for name, count in counts.items():
        version, code = name.split("_")
        labels = f'cluster_name="outbound|8080|{version}|{HOST}",response_code="{code}"'
        lines.append(f"envoy_cluster_upstream_rq{{{labels}}} {count}")
    return ("\n".join(lines) + "\n").encode()


def by_workload(reporter: str, **counts: int) -> bytes:
    """Write Istio's counters; names as above."""
    lines = ["# TYPE istio_requests_total counter"]
    for name, count in counts.items():
        version, code = name.split("_")
        labels = (
            f'reporter="{reporter}",destination_workload="data-product-{version}",'
            f'destination_workload_namespace="default",response_code="{code}",'
            'grpc_response_status="",response_flags="-"'
        )
        lines.append(f"istio_requests_total{{{labels}}} {count}")
    return ("\n".join(lines) + "\n").encode()


def gateway(endpoint: FakeEndpoint) -> Target:
    """Make a target that is counted at this endpoint."""
    return target(CallerMetrics(urls=(endpoint.url,), port=8080))


async def reading(meter: Meter, wanted: Target) -> Reading:
    """Read one target that can be read."""
    answer = (await meter.read([wanted]))[wanted.key]
    assert isinstance(answer, Reading)
    return answer


async def reason(meter: Meter, wanted: Target) -> str:
    """Read one target that cannot be read."""
    answer = (await meter.read([wanted]))[wanted.key]
    assert isinstance(answer, Unread)
    return answer.reason


async def test_a_gateway_counts_for_both_arms(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """The plain case: what rose since the first look, failures by code."""
    endpoint.body = by_code(v3_200=100, v4_200=10)
    await meter.read([gateway(endpoint)])
    endpoint.body = by_code(v3_200=190, v4_200=15, v4_503=5)

    answer = await reading(meter, gateway(endpoint))

    assert answer.stable == Counts(requests=90, failures=0)
    assert answer.canary == Counts(requests=10, failures=5)


async def test_no_traffic_yet_is_zero_and_known(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """An Envoy that answers with nothing has served nothing, and its first failures count."""
    first = await reading(meter, gateway(endpoint))
    endpoint.body = by_code(v3_200=9, v4_500=1)
    second = await reading(meter, gateway(endpoint))

    assert first.canary == Counts(requests=0, failures=0)
    assert second.canary == Counts(requests=1, failures=1)


async def test_an_endpoint_that_fails_is_a_reason_not_an_error(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """Trouble at one gateway must reach a person as a sentence that names it."""
    endpoint.status = 503

    why = await reason(meter, gateway(endpoint))

    assert why == f"{endpoint.url} answered HTTP 503."


async def test_a_stopped_endpoint_does_not_take_the_others_down(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """All rollouts are read together; each answers for itself."""
    away = target(CallerMetrics(urls=("http://127.0.0.1:1",), port=8080), service="shop")

    answers = await meter.read([gateway(endpoint), away])

    assert isinstance(answers[gateway(endpoint).key], Reading)
    assert isinstance(answers[away.key], Unread)


async def test_nan_is_refused_in_words(meter: EnvoyMeter, endpoint: FakeEndpoint) -> None:
    """A NaN that reaches a gate would silence every comparison."""
    endpoint.body = by_code(v3_200=1).replace(b"} 1", b"} NaN")

    why = await reason(meter, gateway(endpoint))

    assert "nan" in why


async def test_pods_are_read_by_their_own_sidecars(meter: EnvoyMeter) -> None:
    """Only what a sidecar served counts, not what its pod called elsewhere."""
    async with served(FakeEndpoint()) as old, served(FakeEndpoint()) as new:
        source = SidecarMetrics(port=15090)
        wanted = replace(
            target(source),
            stable=arm("v3", pods=(pod(old),)),
            canary=arm("v4", pods=(pod(new),)),
        )
        new.body = by_workload("destination", v4_200=1)
        await meter.read([wanted])
        old.body = by_workload("destination", v3_200=50) + by_workload("source", v4_500=7)
        new.body = by_workload("destination", v4_200=4, v4_500=2)

        answer = await reading(meter, wanted)

    assert answer.stable == Counts(requests=50, failures=0)
    assert answer.canary == Counts(requests=5, failures=2)


def pod(endpoint: FakeEndpoint, *, started: float = 0.0) -> Pod:
    """Make a pod whose sidecar is this endpoint."""
    address = endpoint.url.removeprefix("http://")
    return Pod(name=address, address=address, started=Instant(started))


async def test_a_pod_born_between_looks_counts_from_its_birth(
    meter: EnvoyMeter, clock: FakeClock
) -> None:
    """Scaling up during a rollout must not lose the new pods' first requests."""
    async with served(FakeEndpoint()) as old, served(FakeEndpoint()) as new:
        source = SidecarMetrics(port=15090)
        before = replace(target(source), stable=arm("v3", pods=(pod(old),)))
        await meter.read([before])
        born = clock.now() + 2.0
        await clock.sleep(Seconds(5.0))
        new.body = by_workload("destination", v3_200=30)
        after = replace(
            target(source), stable=arm("v3", pods=(pod(old), pod(new, started=born)))
        )

        answer = await reading(meter, after)

    assert answer.stable == Counts(requests=30, failures=0)
    assert answer.canary is None


async def test_a_better_basis_starts_with_a_new_baseline(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """The same requests stand in both bases; carried over they would count twice."""
    endpoint.body = by_code(v3_200=100, v4_200=100)
    await meter.read([gateway(endpoint)])
    both = by_code(v3_200=110, v4_200=110)
    endpoint.body = both + by_workload("source", v3_200=110, v4_200=110)
    switched = await reading(meter, gateway(endpoint))
    endpoint.body = both + by_workload("source", v3_200=112, v4_200=113)

    answer = await reading(meter, gateway(endpoint))

    assert switched.stable == Counts(requests=0, failures=0)
    assert answer.stable == Counts(requests=2, failures=0)
    assert answer.canary == Counts(requests=3, failures=0)


async def test_clusters_are_asked_for_until_istio_series_are_seen(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """A filter must not hide the only counters there are."""
    endpoint.body = by_code(v3_200=1)
    await meter.read([gateway(endpoint)])
    endpoint.body = by_workload("source", v3_200=1)
    await meter.read([gateway(endpoint)])
    await meter.read([gateway(endpoint)])

    asked = ["upstream_rq" in path for _, path, _ in endpoint.requests]

    assert asked == [True, True, False]


async def test_a_change_of_what_fails_does_not_recount_the_past(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """An edited plan judges from now on; a thousand old 404 are not an outage."""
    endpoint.body = by_code(v3_200=100, v4_404=1000)
    wanted = gateway(endpoint)
    await meter.read([wanted])
    strict = replace(
        wanted, metrics=replace(metrics(wanted.metrics.source), http_failures=(400, 599))
    )

    answer = await reading(meter, strict)

    assert answer.canary == Counts(requests=0, failures=0)


async def test_what_is_forgotten_begins_anew(meter: EnvoyMeter, endpoint: FakeEndpoint) -> None:
    """A finished rollout leaves nothing behind."""
    endpoint.body = by_code(v3_200=100, v4_200=10)
    wanted = gateway(endpoint)
    await meter.read([wanted])
    meter.forget([wanted.key])
    endpoint.body = by_code(v3_200=200, v4_200=20)

    answer = await reading(meter, wanted)

    assert answer.stable == Counts(requests=0, failures=0)


async def test_large_answers_are_read_like_small_ones(
    meter: EnvoyMeter, endpoint: FakeEndpoint
) -> None:
    """They go through a thread, which must not change what is read."""
    padding = b"# TYPE other counter\n" + b"other 1\n" * 20_000
    endpoint.body = padding + by_code(v3_200=1)
    await meter.read([gateway(endpoint)])
    endpoint.body = padding + by_code(v3_200=4)

    answer = await reading(meter, gateway(endpoint))

    assert answer.stable == Counts(requests=3, failures=0)


async def test_a_target_without_pods_says_so(meter: EnvoyMeter) -> None:
    """ "No running pod" is what the operator must mend, not a silent zero."""
    why = await reason(meter, target(SidecarMetrics(port=15090)))

    assert "names no endpoint or running pod" in why


async def test_a_target_of_prometheus_is_unread_here(meter: EnvoyMeter) -> None:
    """A mix-up in the wiring is reported, not raised in the middle of a rollout."""
    wanted = target(IstioMetrics(reporter=Reporter.SOURCE))

    assert "IstioMetrics" in await reason(meter, wanted)


async def test_many_bad_endpoints_are_named_in_few_words(meter: EnvoyMeter) -> None:
    """A reason is read by a person, in a chat."""
    urls = tuple(f"http://127.0.0.1:1/{number}" for number in range(9))

    why = await reason(meter, target(CallerMetrics(urls=urls, port=8080)))

    assert why.count("could not be asked") == 3
    assert why.endswith("And 6 more.")
