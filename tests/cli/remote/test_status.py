"""How it ends, for pipelines: one line a change, and the right exit code."""

from __future__ import annotations

import asyncio

import pytest

from rolloutd.core.plan import StartManual
from tests.api.control.office import Office, checkout, search
from tests.cli.remote.switchboard import Switchboard
from tests.cli.remote.terminal import run

EVENTS = "/api/v1/events"
WAIT = ("status", "shop/checkout", "--wait", "--timeout", "60s")


@pytest.mark.parametrize(
    ("orders", "code"),
    [
        ([("promote", {"full": True})], 0),
        ([("rollback", {})], 3),
        ([("pause", {})], 4),
        ([], 4),
    ],
)
async def test_a_look_ends_with_the_code_of_where_it_stands(
    orders: list[tuple[str, dict[str, object]]], code: int
) -> None:
    """``--no-wait`` is what scripts branch on."""
    async with Office().open(checkout()) as office:
        for verb, body in orders:
            await office.order(verb, body)
        told = await run(office.url, "status", "shop/checkout", "--no-wait")

    assert told.exit_code == code
    assert told.output.startswith("shop/checkout is ")


async def test_a_rollout_that_has_not_begun_is_not_over() -> None:
    """Waiting for a person is 4, too."""
    async with Office().open(search(start=StartManual())) as office:
        told = await run(office.url, "status", "find/search")

    assert told.exit_code == 4
    assert "waiting" in told.output


async def test_waiting_prints_each_change_once_and_ends_with_the_rollout() -> None:
    """Over a cut connection: what came meanwhile is asked for."""
    async with (
        Office().open(checkout()) as office,
        Switchboard(office.url).open() as board,
        asyncio.TaskGroup() as group,
    ):
        waiting = group.create_task(run(board.url, *WAIT))
        first = await board.hears(EVENTS)
        await office.order("skip", {"reason": "in a hurry"})
        await office.settle()
        await board.hears("/api/v1/rollouts")
        board.cut()
        again = await board.hears(EVENTS)
        await office.order("promote", {"full": True})
        await office.settle()
    told = waiting.result()

    assert told.exit_code == 0
    assert "Last-Event-ID" not in first
    assert "Last-Event-ID" in again
    assert told.stdout.count("Advanced: 50 %") == 1
    assert told.stdout.splitlines()[-1].startswith("shop/checkout is promoted at 100 %")


async def test_waiting_outlives_a_restart_of_the_daemon() -> None:
    """The next process reads the record; the pipeline goes on."""
    async with Switchboard("").open() as board, asyncio.TaskGroup() as group:
        async with Office().open(checkout()) as office:
            board.target = office.url
            waiting = group.create_task(run(board.url, *WAIT))
            await board.hears(EVENTS)
            await office.order("skip")
            board.target = None
            board.cut()
        async with Office(meshes=office.meshes).open(checkout()) as office:
            board.target = office.url
            await board.hears(EVENTS)
            await office.order("rollback", {"reason": "enough"})
            await office.settle()
            await board.hears("/api/v1/rollouts")
            await office.settle()
            while not waiting.done():
                await office.settle()
                await asyncio.sleep(0.02)  # noqa: TID251 - another thread's turn
    told = waiting.result()

    assert told.exit_code == 3
    assert "Connected again." in told.stderr
    assert "enough" in told.stdout


async def test_what_does_not_end_in_time_is_late() -> None:
    """124, as of ``timeout``; where it stands is said."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, "status", "shop/checkout", "--wait", "--timeout", "200ms")

    assert told.exit_code == 124
    assert told.stderr.startswith("Not over after 0.2s. shop/checkout is progressing")


async def test_a_daemon_that_never_answers_is_late_too() -> None:
    """It accepts the connection and is silent: a pipeline waits for as long as it said."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        url = "http://{}:{}".format(*server.sockets[0].getsockname())
        told = await run(url, *WAIT[:3], "--timeout", "200ms")

    assert told.exit_code == 124
    assert told.stderr.startswith(f"Not over after 0.2s. {url} does not answer")


async def test_a_run_that_ended_before_is_not_the_answer() -> None:
    """The canary that was just deployed is another run."""
    async with Office().open(checkout()) as office:
        await office.order("promote", {"full": True})
        now = await run(office.url, "status", "shop/checkout", "--after", "1")
        old = await run(office.url, "status", "shop/checkout", "--after", "0")
        late = await run(office.url, *WAIT[:3], "--after", "1", "--timeout", "100ms")

    assert (now.exit_code, old.exit_code, late.exit_code) == (4, 0, 124)


async def test_a_plan_that_goes_away_ends_the_waiting() -> None:
    """Nothing would ever come."""
    async with (
        Office().open(search(start=StartManual())) as office,
        Switchboard(office.url).open() as board,
        asyncio.TaskGroup() as group,
    ):
        waiting = group.create_task(run(board.url, "status", "find/search", "--wait"))
        await board.hears(EVENTS)
        office.source.publish(checkout())
        while not waiting.done():
            await office.settle()
            await asyncio.sleep(0.02)  # noqa: TID251 - another thread's turn
    told = waiting.result()

    assert told.exit_code == 1
    assert "There is no plan for find/search" in told.stderr


@pytest.mark.parametrize("wrong", ["soon", "10", "-5s", "1h1m1s1ms1h"])
async def test_a_time_that_is_none_is_a_usage_error(wrong: str) -> None:
    """With examples of what would be one."""
    told = await run("http://127.0.0.1:1", "status", "checkout", "--wait", "--timeout", wrong)

    assert told.exit_code == 2


async def test_a_timeout_needs_something_to_wait_for() -> None:
    """It would be silently ignored."""
    told = await run("http://127.0.0.1:1", "status", "checkout", "--timeout", "5s")

    assert told.exit_code == 2
    assert "--timeout goes with --wait" in told.stderr
