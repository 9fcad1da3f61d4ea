"""The real kubectl shows our Events where everyone looks for them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.events import EventHerald
from rolloutd.adapters.kubernetes.paths import virtual_service
from rolloutd.adapters.kubernetes.settings import WatchSettings
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.observation import Ruling
from rolloutd.core.plan import Key, Plan, Routes
from rolloutd.core.units import Seconds
from rolloutd.sandbox.kubernetes.direct import DirectApi
from rolloutd.telemetry.metrics import Metrics
from tests.builders import a_plan, a_record, at, says
from tests.sandbox.kubernetes.examples import reviews
from tests.sandbox.kubernetes.http import pace
from tests.sandbox.kubernetes.kubectl import Kubectl, terminal

pytestmark = pytest.mark.real

PLAN: Plan = dataclasses.replace(
    a_plan(),
    key=Key("default", "reviews"),
    virtual_services=(Routes(virtual_service="reviews", routes=()),),
)


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """Start a terminal whose cluster has a VirtualService with a rollback to tell of."""
    async with terminal(tmp_path) as ready:
        ready.write("vs.json", reviews())
        await ready("create", "-f", "vs.json")
        await _told(ready)
        yield ready


async def _told(kubectl: Kubectl) -> None:
    api, metrics = DirectApi(kubectl.store), Metrics()
    cache = WatchedCache(api, [virtual_service("v1")], ["default"], pace(), WatchSettings())
    herald = EventHerald(api, cache, SystemClock(), metrics)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(cache.run(), name="cache")
        await cache.synced()
        for since in (0, 60):
            drift = Announce(what=Happening.DRIFT, text="Weights restored: found 30 %.")
            herald.tell(PLAN, a_record(PLAN, since=at(since)), drift)
        back = Announce(
            what=Happening.ROLLED_BACK,
            text="Rolled back: 5xx.",
            verdicts=(says(Ruling.BREACH),),
        )
        herald.tell(PLAN, a_record(PLAN), back)
        await herald.drain(Seconds(5.0))
        following.cancel()


async def test_get_events_lists_them_with_their_reasons(kubectl: Kubectl) -> None:
    """Drift that came twice is one line."""
    lines = (await kubectl("get", "events", "--no-headers")).splitlines()

    reasons = sorted(word for line in lines for word in line.split() if word[0].isupper())
    assert len(lines) == 3
    assert {"DriftCorrected", "GateBreached", "RolledBack"} <= set(reasons)


async def test_describe_shows_them_beside_their_virtual_service(kubectl: Kubectl) -> None:
    """Whoever wonders about the weights describes the object that holds them."""
    told = await kubectl("describe", "virtualservice", "reviews")

    _, _, below = told.partition("Events:")
    assert "RolledBack" in below
    assert "reviews: Rolled back: 5xx." in below
    assert "(x2 over" in below


async def test_events_can_be_waited_for_by_reason(kubectl: Kubectl) -> None:
    """A script selects by reason and type, through the newer group as well."""
    found = await kubectl(
        "get",
        "events",
        "--field-selector=reason=RolledBack,type=Warning,involvedObject.name=reviews",
        "-o",
        "jsonpath={.items[*].message}",
    )
    newer = await kubectl(
        "get", "events.v1.events.k8s.io", "-o", "jsonpath={.items[*].reportingController}"
    )

    assert found == "reviews: Rolled back: 5xx."
    assert set(newer.split()) == {"rolloutd"}
