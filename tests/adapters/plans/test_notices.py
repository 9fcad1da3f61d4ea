"""Notices of changes, where they can be had."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from structlog.testing import capture_logs

from rolloutd.adapters.plans.notices import notices


async def becomes(true: Callable[[], bool]) -> None:
    """Wait for something that a thread does."""
    async with asyncio.timeout(20.0):
        while not true():  # noqa: ASYNC110 - a thread tells no event of ours
            await asyncio.sleep(0.01)  # noqa: TID251 - it works in real time


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "plan-notices"]


async def test_a_watch_that_begins_asks_for_one_look(tmp_path: Path) -> None:
    """What was written while it was being set up gave no notice."""
    with notices(tmp_path) as happened:
        async with asyncio.timeout(20.0):
            await happened.wait()


async def test_a_new_file_is_noticed(tmp_path: Path) -> None:
    """Each time, and not only for the first."""
    with notices(tmp_path) as happened:
        for number in range(3):
            async with asyncio.timeout(20.0):
                await happened.wait()
            happened.clear()
            (tmp_path / f"{number}.yaml").touch()


async def test_where_nothing_can_be_watched_no_notice_comes(tmp_path: Path) -> None:
    """It is said once, and polling goes on without."""
    with capture_logs() as logs, notices(tmp_path / "nowhere") as happened:
        await becomes(lambda: bool(logs))

    assert [entry["event"] for entry in logs] == ["plan_notices_lost"]
    assert not happened.is_set()


async def test_nobody_watches_any_more_afterwards(tmp_path: Path) -> None:
    """A thread that stays would keep the process and a kernel watch."""
    with notices(tmp_path):
        await becomes(lambda: len(watching()) == 1)

    await becomes(lambda: watching() == [])
