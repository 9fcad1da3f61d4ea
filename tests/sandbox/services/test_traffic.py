"""The whole sandbox: callers, Envoy and two versions, as a demonstration uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Instant, Seconds
from rolloutd.sandbox.services.faults import Crash, Errors, Fault, GrpcStatus, Latency
from rolloutd.sandbox.services.ledger import Call
from rolloutd.sandbox.services.traffic import SandboxTraffic, sandbox_traffic, scene
from tests.sandbox.examples import chance, split

pytestmark = pytest.mark.real

CLOCK = SystemClock()

SLOW = Seconds(0.3)
"""Longer than a call takes, shorter than what a latency fault adds."""

NEWS = Seconds(0.25)
"""Envoy confirms routes before the thread that uses them has seen them: microseconds, or more
where all processors are busy."""


@asynccontextmanager
async def traffic(*, rps: float = 150.0) -> AsyncIterator[SandboxTraffic]:
    """Start everything; all calls go to v3."""
    async with sandbox_traffic(scene(rps=rps), CLOCK, chance()) as made:
        for version in ("v3", "v4"):
            await made.set_pods(version, [f"{version}-{number}" for number in range(3)])
        await made.apply(split(100, 0))
        yield made


@asynccontextmanager
async def load(made: SandboxTraffic) -> AsyncIterator[None]:
    """Make the load meanwhile."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(made.run(), name="load")
        try:
            yield
        finally:
            task.cancel()


async def until(done: Callable[[], bool]) -> None:
    """Wait for something that takes as long as it takes on this machine."""
    while not done():
        await CLOCK.sleep(Seconds(0.02))


def is_good(call: Call, since: Instant) -> bool:
    """Say whether a call of the canary, sent after an instant, was answered well and soon."""
    late = call.start > since and call.version == "v4"
    return late and not call.failed and call.duration < SLOW


async def stats(made: SandboxTraffic, pattern: str) -> list[str]:
    """Read the metrics whose names match, without comments."""
    query = {"filter": pattern, "usedonly": ""}
    async with (
        aiohttp.ClientSession() as http,
        http.get(made.stats_url, params=query) as answer,
    ):
        return [line for line in (await answer.text()).splitlines() if line[:1] != "#"]


async def test_27_calls_of_9_callers_are_9_calls_to_each_of_3_pods() -> None:
    """Long-lived connections do not pin a caller to a pod: Envoy balances calls."""
    async with traffic() as made:
        table = await made.show_balance()
        connections = await stats(made, r"^http\.outbound;\.downstream_cx_total$")

    assert table.total == 27
    assert list(table.callers.values()) == [3] * 9
    assert table.pods == {"v3-0": 9, "v3-1": 9, "v3-2": 9}
    assert [line.rsplit(" ", 1)[1] for line in connections] == ["9"]


async def test_weights_show_in_the_calls() -> None:
    """The split is real, not a number in a file."""
    async with traffic() as made:
        await made.apply(split(80, 20))
        async with load(made):
            await until(lambda: made.ledger.requests() >= 600)

    assert made.ledger.failures() == 0
    assert made.ledger.requests("v4") / made.ledger.requests() == pytest.approx(0.2, abs=0.08)


@pytest.mark.parametrize("fault", [Errors(), Latency(), Crash(), GrpcStatus()])
async def test_a_fault_is_seen_on_the_canary_alone_and_can_be_mended(fault: Fault) -> None:
    """Whatever breaks, the callers' ledger knows which arm it was."""
    async with traffic() as made:
        await made.apply(split(50, 50))
        async with load(made):
            broken = CLOCK.now()
            await made.break_canary(fault)
            await until(lambda: made.ledger.first_bad("v4", broken, slower=SLOW) is not None)
            await until(lambda: made.ledger.requests() >= 100)
            await made.mend_canary()
            mended = CLOCK.now()
            await until(lambda: any(is_good(call, mended) for call in made.ledger.recent()))

    assert made.ledger.failures("v3") == 0
    assert made.ledger.failures("") == 0


async def test_an_incident_hurts_both_arms() -> None:
    """It is what the daemon must not blame the canary for."""
    async with traffic() as made:
        await made.apply(split(50, 50))
        made.incident(on=True)
        async with load(made):
            await until(lambda: made.ledger.requests() >= 400)

    for version in ("v3", "v4"):
        assert 0.05 < made.ledger.failures(version) / made.ledger.requests(version) < 0.3


async def test_no_call_starts_on_the_canary_once_its_weight_is_gone() -> None:
    """This is the end of restoreSeconds."""
    async with traffic() as made:
        await made.apply(split(50, 50))
        async with load(made):
            await until(lambda: made.ledger.requests("v4") >= 20)
            await made.apply(split(100, 0))
            restored = CLOCK.now()
            before = made.ledger.requests()
            await until(lambda: made.ledger.requests() >= before + 100)

    last = made.ledger.last_start_on("v4")
    assert last is not None
    assert last < restored + NEWS


async def test_pods_come_and_go_without_a_failed_call() -> None:
    """Scaling is no reason for a rollback."""
    async with traffic() as made, load(made):
        await until(lambda: made.ledger.requests() >= 50)
        await made.set_pods("v3", ["v3-0", "v3-new"])
        scaled = made.ledger.requests()
        await until(lambda: made.ledger.requests() >= scaled + 50)

    assert {call.pod for call in made.ledger.recent()[-20:]} == {"v3-0", "v3-new"}
    assert made.ledger.failures() == 0


async def test_envoy_counts_as_istio_does() -> None:
    """The daemon reads these very names and labels in production."""
    async with traffic() as made:
        await made.break_canary(GrpcStatus(code=13))
        await made.apply(split(0, 100))
        await made.show_balance()
        await CLOCK.sleep(Seconds(1.1))
        (counter,) = await stats(made, "istio_requests_total")
        durations = await stats(made, "istio_request_duration_milliseconds")

    assert counter.startswith("istio_requests_total{")
    assert counter.endswith("} 27")
    for label in (
        'reporter="source"',
        'source_workload="business-product"',
        'destination_workload="data-product-v4.0"',
        'destination_version="v4"',
        'destination_service="data-product.default.svc.cluster.local"',
        'destination_service_namespace="default"',
        'request_protocol="grpc"',
        'response_code="200"',
        'grpc_response_status="13"',
        'response_flags="-"',
    ):
        assert label in counter
    edges = [line for line in durations if "_bucket{" in line]
    assert sum('le="7.5"' in line or 'le="15"' in line for line in edges) == 2
    assert [line.rsplit(" ", 1)[1] for line in durations if "_count{" in line] == ["27"]
