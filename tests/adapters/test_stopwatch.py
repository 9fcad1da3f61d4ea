"""How well a provider answers is measured where it is asked."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.stopwatch import stopwatch
from rolloutd.telemetry.metrics import Metrics
from tests.fakes.endpoint import FakeEndpoint, served


def count(metrics: Metrics, outcome: str) -> float | None:
    return metrics.registry.get_sample_value(
        "rolloutd_provider_request_duration_seconds_count",
        {"provider": "prometheus", "outcome": outcome},
    )


async def test_a_providers_series_exist_before_its_first_answer() -> None:
    """The alert asks for an increase from 0."""
    metrics = Metrics()

    stopwatch("prometheus", SystemClock(), metrics)

    assert (count(metrics, "ok"), count(metrics, "error")) == (0, 0)


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "ok"), (307, "error"), (429, "error"), (503, "error")]
)
async def test_an_answer_is_ok_or_an_error(status: int, outcome: str) -> None:
    """A login page behind a redirect is no metrics."""
    metrics = Metrics()
    trace = stopwatch("prometheus", SystemClock(), metrics)
    async with (
        served(FakeEndpoint(status=status)) as provider,
        aiohttp.ClientSession(trace_configs=[trace]) as session,
        session.get(provider.url, allow_redirects=False),
    ):
        pass

    other = "error" if outcome == "ok" else "ok"
    assert (count(metrics, outcome), count(metrics, other)) == (1, 0)


async def test_a_request_that_is_given_up_is_an_error() -> None:
    """A provider that never answers must not look idle."""
    metrics = Metrics()
    trace = stopwatch("prometheus", SystemClock(), metrics)

    async def hang(request: web.Request) -> web.StreamResponse:
        del request
        await asyncio.Event().wait()
        raise AssertionError

    async with (
        served(FakeEndpoint(handler=hang)) as provider,
        aiohttp.ClientSession(trace_configs=[trace]) as session,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), session.get(provider.url):
                pass

    assert (count(metrics, "ok"), count(metrics, "error")) == (0, 1)
