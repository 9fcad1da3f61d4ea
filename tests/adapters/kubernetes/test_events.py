"""Events reach the cluster, once, and trouble with them stays with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from rolloutd.adapters.kubernetes import events
from rolloutd.adapters.kubernetes.events import EventHerald
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused, Unavailable
from rolloutd.ports import Json
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_plan, a_record, at
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

PLAN = a_plan()
EVENTS = "/api/v1/namespaces/default/events"


class FakeCache:
    """Knows one VirtualService."""

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        return {"kind": kind, "metadata": {"uid": f"{namespace}-{name}"}}

    def list(self, kind: str, namespace: str) -> list[Json]:
        del kind, namespace
        return []


class Desk:
    """A herald and the cluster that it writes to."""

    def __init__(self, capacity: int = 500) -> None:
        self.kube, self.clock, self.metrics = FakeKube(), FakeClock(T0), Metrics()
        self.herald = EventHerald(self.kube, FakeCache(), self.clock, self.metrics, capacity)

    def tell(
        self,
        what: Happening = Happening.DRIFT,
        *,
        text: str = "Found 30 %.",
        since: float = 0.0,
        again: bool = False,
    ) -> None:
        record = a_record(PLAN, since=at(since))
        self.herald.tell(PLAN, record, Announce(what=what, text=text, again=again))

    async def until(self, done: Callable[[], bool]) -> None:
        """Run the herald until something holds."""
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            running = group.create_task(self.herald.run())
            while not done():
                await self.clock.sleep(Seconds(0.1))
            running.cancel()

    def written(self) -> list[Json]:
        return list(self.kube.objects.values())

    def count(self, outcome: str) -> float | None:
        labels = {"sink": "events", "outcome": outcome}
        name = "rolloutd_notifications_total"
        return self.metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_news_becomes_an_event(desk: Desk) -> None:
    """There, where people look who know nothing of us."""
    desk.tell()

    await desk.until(lambda: desk.count("sent") == 1)

    (event,) = desk.written()
    assert (event["reason"], event["message"]) == (
        "DriftCorrected",
        "data-product: Found 30 %.",
    )
    assert event["involvedObject"]["uid"] == "default-data-product"  # type: ignore[index] # JSON


async def test_the_same_news_again_is_counted_on_the_event_that_is_there(desk: Desk) -> None:
    """Three Events that say the same hide the one that does not."""
    desk.tell(since=0)
    await desk.until(lambda: desk.count("sent") == 1)
    await desk.clock.sleep(Seconds(60.0))
    desk.tell(since=60)
    await desk.until(lambda: desk.count("sent") == 2)

    (event,) = desk.written()
    assert event["count"] == 2
    assert event["firstTimestamp"] != event["lastTimestamp"]


async def test_news_of_long_ago_is_no_series(desk: Desk) -> None:
    """Drift of this morning and drift of tonight are two stories."""
    desk.tell(since=0)
    await desk.until(lambda: desk.count("sent") == 1)
    await desk.clock.sleep(Seconds(events.FRESH + 1))
    desk.tell(since=700)
    await desk.until(lambda: desk.count("sent") == 2)

    assert [event["count"] for event in desk.written()] == [1, 1]


async def test_an_event_that_has_expired_is_written_anew(desk: Desk) -> None:
    """API servers drop them after an hour, or sooner."""
    desk.tell(since=0)
    await desk.until(lambda: desk.count("sent") == 1)
    desk.kube.objects.clear()
    desk.tell(since=60)
    await desk.until(lambda: desk.count("sent") == 2)

    (event,) = desk.written()
    assert event["count"] == 1


async def test_a_reminder_finds_the_event_that_was_written(desk: Desk) -> None:
    """Whoever leads next tells of the rollback that it finds; the cluster knows it already."""
    desk.tell(Happening.ROLLED_BACK)
    await desk.until(lambda: desk.count("sent") == 1)
    desk.tell(Happening.ROLLED_BACK, again=True)
    await desk.until(lambda: desk.count("duplicate") == 1)

    (event,) = desk.written()
    assert event["count"] == 1


async def test_a_reminder_writes_the_event_that_is_missing(desk: Desk) -> None:
    """The process before died with it."""
    desk.tell(Happening.ROLLED_BACK, again=True)

    await desk.until(lambda: desk.count("sent") == 1)

    assert len(desk.written()) == 1


async def test_an_event_is_tried_again_while_the_cluster_is_away(desk: Desk) -> None:
    """It was away when the rollout went wrong: that is the very thing to tell."""
    desk.kube.fail("create", Unavailable("503"), Unavailable("503"))
    desk.tell()

    await desk.until(lambda: desk.count("sent") == 1)

    assert len(desk.written()) == 1


async def test_an_event_that_is_refused_is_given_up_and_the_next_one_written(
    desk: Desk,
) -> None:
    """Without the right to write Events a rollout goes on all the same."""
    desk.kube.fail("create", Refused("events is forbidden"))
    desk.tell(text="First.")
    desk.tell(text="Second.")

    with capture_logs() as lines:
        await desk.until(lambda: desk.count("sent") == 1)

    assert desk.count("refused") == 1
    assert [line["error"] for line in lines] == ["events is forbidden"]


async def test_old_news_is_given_up(desk: Desk) -> None:
    """An Event that comes an hour late is read as of now."""
    desk.kube.fail("create", *[Unavailable("503")] * 100)
    desk.tell()

    await desk.until(lambda: desk.count("expired") == 1)

    assert desk.written() == []


async def test_a_full_queue_gives_up_its_oldest() -> None:
    """Memory is bounded, whatever the cluster does."""
    desk = Desk(capacity=2)
    for number in range(3):
        desk.tell(text=f"{number}.")

    await desk.until(lambda: desk.count("sent") == 2)

    assert desk.count("overflow") == 1
    assert [event["message"] for event in desk.written()] == [
        "data-product: 1.",
        "data-product: 2.",
    ]


async def test_what_waits_at_the_end_is_written(desk: Desk) -> None:
    """A daemon that is replaced right after a rollback."""
    desk.tell()

    await desk.herald.drain(Seconds(5.0))

    assert desk.count("sent") == 1


async def test_what_can_not_be_written_at_the_end_is_counted(desk: Desk) -> None:
    """And keeps nobody waiting."""
    desk.kube.fail("create", Unavailable("503"))
    desk.tell(text="First.")
    desk.tell(text="Second.")

    await desk.herald.drain(Seconds(5.0))

    assert (desk.count("sent"), desk.count("unsent")) == (1, 1)


async def test_an_api_server_that_hangs_keeps_nobody_at_the_end(desk: Desk) -> None:
    """The grace of whoever stops us is short."""
    desk.kube.hang("create")
    desk.tell()

    await desk.herald.drain(Seconds(0.05))

    assert desk.count("unsent") == 1


async def test_no_more_series_are_remembered_than_fit(desk: Desk) -> None:
    """A year of news must not stay in memory."""
    for number in range(events.SERIES_KEPT + 1):
        desk.tell(text=f"{number}.", since=number)
        await desk.herald.drain(Seconds(5.0))

    desk.tell(text="0.", since=9000)
    await desk.herald.drain(Seconds(5.0))

    assert all(event["count"] == 1 for event in desk.written())
