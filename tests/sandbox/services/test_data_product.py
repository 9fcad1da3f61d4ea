"""A pod and a caller understand each other, in good and in bad days."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Millis
from rolloutd.errors import Unavailable
from rolloutd.sandbox.services.business_product import BusinessProduct
from rolloutd.sandbox.services.data_product import DataProduct
from rolloutd.sandbox.services.faults import Crash, GrpcStatus, Latency, Switchboard
from rolloutd.sandbox.services.rpc import Answer
from tests.sandbox.examples import chance


@pytest.fixture
def faults() -> Switchboard:
    """What the pod suffers."""
    return Switchboard(chance())


@pytest.fixture
def pod(faults: Switchboard) -> DataProduct:
    """A pod that has not started."""
    answer = Answer(version="v4", pod="data-product-v4-x")
    return DataProduct(answer, faults, SystemClock(), chance())


@asynccontextmanager
async def calling(pod: DataProduct) -> AsyncIterator[BusinessProduct]:
    """Start a pod and connect a caller to it."""
    await pod.start()
    caller = BusinessProduct("caller", f"127.0.0.1:{pod.address.port}", SystemClock())
    try:
        yield caller
    finally:
        await caller.close()
        await pod.crash()


async def test_a_pod_says_who_it_is(pod: DataProduct) -> None:
    """The table of calls is made of it."""
    async with calling(pod) as caller:
        call = await caller.call()

    assert (call.caller, call.version, call.pod) == ("caller", "v4", "data-product-v4-x")
    assert not call.failed
    assert 0.0 < call.duration < 5.0


async def test_a_fault_reaches_the_caller_as_its_status(
    pod: DataProduct, faults: Switchboard
) -> None:
    """And the pod that failed is known."""
    faults.inflict("v4", GrpcStatus(code=8))
    async with calling(pod) as caller:
        call = await caller.call()

    assert (call.status, call.pod) == (8, "data-product-v4-x")


async def test_added_latency_is_felt(pod: DataProduct, faults: Switchboard) -> None:
    """In milliseconds, not in seconds."""
    faults.inflict("v4", Latency(added=Millis(80.0)))
    async with calling(pod) as caller:
        call = await caller.call()

    assert 0.08 < call.duration < 5.0
    assert not call.failed


async def test_a_crashed_pod_refuses_calls(pod: DataProduct, faults: Switchboard) -> None:
    """An error is a result: the load goes on."""
    async with calling(pod) as caller:
        faults.inflict("v4", Crash())
        await pod.crash()
        call = await caller.call()

    assert call.status == 14


async def test_a_pod_comes_back_on_its_port(pod: DataProduct) -> None:
    """Envoy was told of it once and is not told again."""
    async with calling(pod):
        before = pod.address
        await pod.crash()
        await pod.start()

        assert pod.address == before


async def test_a_pod_whose_port_is_taken_is_unavailable(pod: DataProduct) -> None:
    """Two servers on one port would share calls, and nobody would know."""
    await pod.start()
    await pod.crash()
    other = socket.create_server(("127.0.0.1", pod.address.port))
    with closing(other), pytest.raises(Unavailable, match="cannot listen"):
        await pod.start()


async def test_starting_and_ending_twice_is_harmless(pod: DataProduct) -> None:
    """Every change makes all pods what they should be, and most of them are."""
    await pod.start()
    address = pod.address
    await pod.start()

    assert pod.address == address

    await pod.drain()
    await pod.drain()
