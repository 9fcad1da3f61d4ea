"""Messages arrive in order, and trouble with a sink stays with the sink."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from rolloutd.adapters.notify.courier import Courier, Desk
from rolloutd.adapters.notify.letter import SecretFile
from rolloutd.adapters.notify.links import Addresses
from rolloutd.adapters.notify.messages import Message
from rolloutd.adapters.notify.outbox import Outbox
from rolloutd.adapters.notify.post import Delivered, Post, Receipt
from rolloutd.adapters.notify.slack import SlackWebhook
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.plan import Key
from rolloutd.core.state import Phase
from rolloutd.core.units import Instant, Percent, Seconds
from rolloutd.telemetry.metrics import Metrics
from tests.builders import a_plan, a_record, at, rise
from tests.fakes.clock import FakeClock
from tests.fakes.endpoint import FakeEndpoint, Handler, served

PLAN = a_plan(notify=("slack",))
TOKEN = "T00SECRET/B00SECRET/xyzzy"  # noqa: S105 - nobody's


class Office:
    """A courier, with what surrounds it."""

    def __init__(self, courier: Courier, slack: FakeEndpoint, desk: Desk, file: Path) -> None:
        self.courier = courier
        self.slack = slack
        self.clock = desk.clock
        self.metrics = desk.metrics
        self.file = file

    def tell(
        self,
        what: Happening,
        *,
        run: int = 1,
        name: str = "data-product",
        again: bool = False,
    ) -> None:
        """Tell of a run; another run is another occasion."""
        phase = Phase.ROLLED_BACK if what is Happening.ROLLED_BACK else Phase.PROGRESSING
        plan = dataclasses.replace(PLAN, key=Key("default", name))
        record = a_record(plan, phase=phase, run=run, since=at(30))
        words = Announce(what=what, text=f"Because of {run}.", again=again)
        self.courier.tell(plan, record, words)

    def count(self, outcome: str) -> float:
        labels = {"sink": "slack", "outcome": outcome}
        value = self.metrics.registry.get_sample_value("rolloutd_notifications_total", labels)
        assert value is not None
        return value

    def titles(self) -> Sequence[str]:
        return [_title(body) for _, _, body in self.slack.requests]


def _title(body: str) -> str:
    form: object = json.loads(body)
    assert isinstance(form, dict)
    return str(form["blocks"][0]["text"]["text"])


@asynccontextmanager
async def an_office(folder: Path, *, capacity: int = 200) -> AsyncIterator[Office]:
    file = folder / "slack-url"
    async with served(FakeEndpoint(body=b"ok")) as slack, aiohttp.ClientSession() as session:
        file.write_text(f"{slack.url}/services/{TOKEN}\n")
        post = Post(session, patience=Seconds(0.2))
        desk = Desk(clock=FakeClock(), metrics=Metrics())
        courier = Courier(SlackWebhook(post, SecretFile(file)), desk, Outbox(capacity))
        yield Office(courier, slack, desk, file)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with an_office(tmp_path) as opened:
        yield opened


async def deliver(office: Office, until: Callable[[], bool]) -> None:
    """Run the courier until something holds."""
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(office.courier.run())
        while not until():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)  # noqa: TID251 - real sockets are waited for
        running.cancel()


def answers(*statuses: int, headers: dict[str, str] | None = None) -> Handler:
    """Answer with these in turn, then with 200."""
    left = list(statuses)

    async def handler(request: web.Request) -> web.StreamResponse:
        del request
        if left:
            return web.Response(status=left.pop(0), text="rate_limited", headers=headers)
        return web.Response(text="ok")

    return handler


async def test_messages_arrive_in_order_and_no_faster_than_one_a_second(office: Office) -> None:
    """Slack allows one a second to a channel, and a story told backwards misleads."""
    began = office.clock.now()
    office.tell(Happening.STARTED)
    office.tell(Happening.SUSPECT)
    office.tell(Happening.ROLLED_BACK)

    await deliver(office, lambda: office.count("sent") == 3)

    assert [title.split(": ")[1] for title in office.titles()] == [
        "v4 started at 10 %",
        "v4 looks worse, cut to 10 %",
        "v4 rolled back from 10 %",
    ]
    assert office.clock.now() - began >= 2.0


async def test_a_plan_that_does_not_name_the_sink_is_not_told_there(office: Office) -> None:
    """Each team names its own channels."""
    silent = a_plan(notify=("webhook",))
    words = Announce(what=Happening.STARTED, text="Started.")
    office.courier.tell(silent, a_record(silent), words)
    office.tell(Happening.STARTED, name="other")

    await deliver(office, lambda: office.count("sent") == 1)

    assert [title.split()[1] for title in office.titles()] == ["default/other:"]


async def test_the_wait_that_a_429_asks_for_is_kept(office: Office) -> None:
    """Slack blocks those who don't."""
    office.slack.handler = answers(429, headers={"Retry-After": "30"})
    began = office.clock.now()
    office.tell(Happening.STARTED)

    await deliver(office, lambda: office.count("sent") == 1)

    assert len(office.slack.requests) == 2
    assert 30.0 <= office.clock.now() - began < 40.0


async def test_failures_of_the_server_are_tried_again_ever_more_slowly(office: Office) -> None:
    """1, 2, 4 seconds: gentle to a server that is just coming back."""
    office.slack.handler = answers(500, 502, 503)
    began = office.clock.now()
    office.tell(Happening.STARTED)

    await deliver(office, lambda: office.count("sent") == 1)

    assert len(office.slack.requests) == 4
    assert 7.0 <= office.clock.now() - began < 9.0


async def test_a_malformed_message_is_given_up_and_the_next_one_sent(office: Office) -> None:
    """Sent again it would be refused again, and hold up everything behind it."""
    office.slack.handler = answers(400)
    office.tell(Happening.STARTED)
    office.tell(Happening.SUSPECT)

    await deliver(office, lambda: office.count("sent") == 1)

    assert office.count("refused") == 1
    assert len(office.slack.requests) == 2


async def test_old_news_is_dropped_and_old_rollbacks_are_told(office: Office) -> None:
    """After an hour without Slack nobody wants the steps; everybody wants the rollback."""
    office.slack.handler = answers(*[503] * 70)
    office.tell(Happening.STARTED)
    office.tell(Happening.ROLLED_BACK)

    await deliver(office, lambda: office.count("sent") == 1)

    assert office.count("expired") == 1
    assert "rolled back" in office.titles()[-1]


async def test_telling_costs_microseconds_while_slack_hangs(office: Office) -> None:
    """A rollback must never wait for a chat."""
    release = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        del request
        await release.wait()
        return web.Response(text="ok")

    office.slack.handler = hang
    office.tell(Happening.STARTED)
    costs: list[float] = []

    def told_while_it_hangs() -> bool:
        if office.slack.requests:
            for run in range(2, 102):
                began = time.perf_counter()
                office.tell(Happening.STARTED, run=run)
                costs.append(time.perf_counter() - began)
        return bool(costs)

    await deliver(office, told_while_it_hangs)
    release.set()

    assert sorted(costs)[50] < 0.001


async def test_a_hanging_slack_is_left_after_the_deadline_and_tried_again(
    office: Office,
) -> None:
    """Otherwise one lost connection ends all messages."""
    hung = 0

    async def hang_once(request: web.Request) -> web.StreamResponse:
        nonlocal hung
        del request
        hung += 1
        if hung == 1:
            await asyncio.Event().wait()
        return web.Response(text="ok")

    office.slack.handler = hang_once
    office.tell(Happening.STARTED)

    await deliver(office, lambda: office.count("sent") == 1)

    assert hung == 2


async def test_a_full_queue_keeps_rollbacks_and_counts_what_it_lost(tmp_path: Path) -> None:
    """In the storm in which messages pile up, the rollbacks are the ones that matter."""
    async with an_office(tmp_path, capacity=3) as office:
        office.tell(Happening.ROLLED_BACK, run=1)
        for run in range(2, 6):
            office.tell(Happening.STARTED, run=run)
        for run in range(6, 10):
            office.tell(Happening.ROLLED_BACK, run=run)

        await deliver(office, lambda: office.count("sent") == 5)

        assert all("rolled back" in title for title in office.titles())
        assert office.count("overflow") == 4


async def test_the_same_occasion_is_told_once(office: Office) -> None:
    """A turn that is repeated is no news."""
    office.tell(Happening.STARTED)
    office.tell(Happening.STARTED)
    await deliver(office, lambda: office.count("sent") == 1)
    office.tell(Happening.STARTED)

    assert office.count("duplicate") == 2
    assert len(office.slack.requests) == 1


async def test_a_rotated_url_is_used_at_once(office: Office) -> None:
    """Nobody restarts the daemon in mid-rollout for a chat."""
    office.tell(Happening.STARTED)
    await deliver(office, lambda: office.count("sent") == 1)

    office.file.write_text(f"{office.slack.url}/services/NEW")
    office.tell(Happening.SUSPECT)
    await deliver(office, lambda: office.count("sent") == 2)

    assert [path for _, path, _ in office.slack.requests] == [
        f"/services/{TOKEN}",
        "/services/NEW",
    ]


async def test_a_missing_secret_delays_and_is_found_when_it_comes(office: Office) -> None:
    """A Secret may be mounted after the daemon has started."""
    url = office.file.read_text()
    office.file.unlink()
    office.tell(Happening.ROLLED_BACK)

    with capture_logs() as lines:

        def mounted_after_the_first_trouble() -> bool:
            if lines:
                office.file.write_text(url)
            return office.count("sent") == 1

        await deliver(office, mounted_after_the_first_trouble)

    assert lines[0]["event"] == "notification_delayed"
    assert "FileNotFoundError" in lines[0]["reason"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"http://127.0.0.1:1/services/{TOKEN}", id="nobody listens"),
        pytest.param(f"no-url-at-all/{TOKEN}", id="no URL"),
        pytest.param(f"http://[{TOKEN}", id="malformed"),
        pytest.param(f"http://127.0.0.1:1/{TOKEN}\nX-Injected: 1", id="two lines"),
        pytest.param(f"ftp://127.0.0.1/{TOKEN}", id="another scheme"),
    ],
)
async def test_the_url_is_never_in_the_log(office: Office, content: str) -> None:
    """Whoever reads the log could write to the channel."""
    office.file.write_text(content)
    office.tell(Happening.ROLLED_BACK)

    with capture_logs() as lines:
        await deliver(office, lambda: len(lines) >= 2)

    assert TOKEN not in repr(lines)
    assert "SECRET" not in repr(lines)


async def test_an_answer_that_repeats_the_url_is_not_logged(office: Office) -> None:
    """Proxies do that in their error pages."""

    async def echo(request: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text=f"{request.path} not found")

    office.slack.handler = echo
    office.tell(Happening.STARTED)

    with capture_logs() as lines:
        await deliver(office, lambda: len(lines) >= 2)

    assert {line["reason"] for line in lines if "reason" in line} == {"HTTP 404"}
    assert "SECRET" not in repr(lines)


async def test_a_redirect_is_not_followed(office: Office) -> None:
    """It would carry the message to someone whom nobody configured."""

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(status=307, headers={"Location": "/stolen"})

    office.slack.handler = elsewhere
    office.tell(Happening.STARTED)

    await deliver(office, lambda: office.count("expired") == 1)

    assert {path for _, path, _ in office.slack.requests} == {f"/services/{TOKEN}"}


async def test_the_queue_length_is_shown(office: Office) -> None:
    """An alert on it tells of a dead Slack before a rollback is missed."""
    office.tell(Happening.STARTED)
    office.tell(Happening.SUSPECT)
    name, labels = "rolloutd_notification_queue_length", {"sink": "slack"}
    waiting = office.metrics.registry.get_sample_value(name, labels)
    await deliver(office, lambda: office.count("sent") == 2)

    assert waiting == 2.0
    assert office.metrics.registry.get_sample_value(name, labels) == 0.0


async def test_messages_of_the_last_second_are_delivered_before_the_end(office: Office) -> None:
    """A daemon that is replaced right after a rollback still tells of it, without waiting."""
    began = office.clock.now()
    for run in range(1, 5):
        office.tell(Happening.ROLLED_BACK, run=run)

    await office.courier.drain(Seconds(5.0))

    assert office.count("sent") == 4
    assert office.clock.now() == began


async def test_what_was_under_way_at_the_end_is_delivered_after_all(office: Office) -> None:
    """It was taken from the queue already, and nobody knows whether it arrived."""
    hung = asyncio.Event()

    async def hang_once(request: web.Request) -> web.StreamResponse:
        del request
        if not hung.is_set():
            hung.set()
            await asyncio.Event().wait()
        return web.Response(text="ok")

    office.slack.handler = hang_once
    office.tell(Happening.ROLLED_BACK)
    await deliver(office, hung.is_set)

    await office.courier.drain(Seconds(5.0))

    assert office.count("sent") == 1


async def test_a_dead_slack_does_not_keep_the_daemon_from_ending(office: Office) -> None:
    """What could not be told is counted and named, so that somebody may."""

    async def dead(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    office.slack.handler = dead
    office.tell(Happening.STARTED)
    office.tell(Happening.ROLLED_BACK)

    with capture_logs() as lines:
        await office.courier.drain(Seconds(0.1))

    assert office.count("unsent") == 2
    unsent = [line["occasion"] for line in lines if line["event"] == "notification_unsent"]
    assert "rolledBack" in unsent[0]
    assert (
        office.metrics.registry.get_sample_value(
            "rolloutd_notification_queue_length", {"sink": "slack"}
        )
        == 0
    )


async def test_rollbacks_are_the_first_of_the_last_words(office: Office) -> None:
    """Time may be up before the rest."""
    office.tell(Happening.STARTED)
    office.tell(Happening.ROLLED_BACK, run=2)

    await office.courier.drain(Seconds(5.0))

    assert ["rolled back" in title for title in office.titles()] == [True, False]


async def test_a_reminder_of_what_was_told_is_not_told_again(office: Office) -> None:
    """A replica that leads again finds the record that it wrote itself."""
    office.tell(Happening.ROLLED_BACK)
    await deliver(office, lambda: office.count("sent") == 1)

    office.tell(Happening.ROLLED_BACK, again=True)

    assert office.count("duplicate") == 1


async def test_a_reminder_of_what_this_process_did_not_tell_is_told(office: Office) -> None:
    """The process before it may have died with the message."""
    office.tell(Happening.ROLLED_BACK, again=True)

    await deliver(office, lambda: office.count("sent") == 1)

    assert "Told again after a restart" in office.slack.requests[0][2]


async def test_a_message_that_arrives_while_we_are_stopped_is_not_sent_again(
    office: Office,
) -> None:
    """Its answer was on the way."""
    asked = asyncio.Event()

    async def answer_late(request: web.Request) -> web.StreamResponse:
        del request
        asked.set()
        await asyncio.sleep(0.05)  # noqa: TID251 - longer than it takes to be stopped
        return web.Response(text="ok")

    office.slack.handler = answer_late
    office.tell(Happening.ROLLED_BACK)
    await deliver(office, asked.is_set)

    await office.courier.drain(Seconds(5.0))

    assert len(office.slack.requests) == 1
    assert office.count("sent") == 1


class Pigeonhole:
    """A sink that keeps messages, and has a place for every step."""

    name = "slack"
    tells_every_step = True

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message, at: Instant) -> Receipt:
        """Keep it."""
        del at
        self.messages.append(message)
        return Delivered()


async def test_a_sink_with_a_place_for_every_step_is_told_of_every_step() -> None:
    """A thread, or a machine: nobody is flooded there."""
    sink, plan = Pigeonhole(), a_plan(rise(5), rise(10), rise(50), rise(75), notify=("slack",))
    courier = Courier(sink, Desk(clock=FakeClock(), metrics=Metrics()))
    for step, weight in enumerate((10, 50, 75), start=1):
        record = a_record(plan, step=step, weight=Percent(weight), since=at(step))
        courier.tell(plan, record, Announce(what=Happening.ADVANCED, text="Advanced."))

    await courier.drain(Seconds(5.0))

    assert [said.weight for said in sink.messages] == [10, 50, 75]


async def test_messages_carry_the_links_that_are_configured() -> None:
    """At night nobody looks for the dashboard."""
    sink = Pigeonhole()
    addresses = Addresses(page="https://rolloutd.example.com")
    desk = Desk(clock=FakeClock(), metrics=Metrics(), addresses=addresses)
    courier = Courier(sink, desk)
    courier.tell(PLAN, a_record(PLAN), Announce(what=Happening.STARTED, text="Started."))

    await courier.drain(Seconds(5.0))

    assert [link.label for link in sink.messages[0].links] == ["Live view"]
