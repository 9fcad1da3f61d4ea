"""``rolloutd demo --serve``: one rollout, stopped from wherever a person may be."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from tests.api.web.browser import chromium, window

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

ROLLOUT = "/api/v1/rollouts/default/data-product"


@asynccontextmanager
async def a_demo() -> AsyncIterator[str]:
    """Run it until the block is left; yield the address of its dashboard."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "rolloutd", "demo", "--serve", "--no-ui"),
        *("--pace", "60s"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while "the dashboard: " not in (line := (await process.stdout.readline()).decode()):
                assert line, "the demo ended"
        yield line.split(": ")[1].strip().rstrip("/")
    finally:
        # Not Ctrl-C: what runs in the background of a shell does not hear it.
        process.terminate()
        async with asyncio.timeout(60):
            await process.communicate()
    assert process.returncode == 0


async def state(session: aiohttp.ClientSession, url: str, phase: str) -> Json:
    """Wait until the rollout is in a phase; return all that is known of it."""
    clock = SystemClock()
    async with asyncio.timeout(60):
        while True:
            async with session.get(url + ROLLOUT) as answer:
                found: Json = await answer.json()
            if found.get("phase") == phase:
                return found
            await clock.sleep(Seconds(0.1))


async def pause_on_the_page(url: str) -> None:
    async with chromium() as browser, window(browser) as opened:
        page = opened.page
        await page.goto(url)
        await page.click("button[data-verb=pause]")
        await page.fill("#reason", "a look at the logs")
        await page.click("#confirm")
        await page.wait_for_selector("button[data-verb=resume]")


async def test_pause_on_the_page_resume_by_command_roll_back_by_curl() -> None:
    """Three people, three ways, one story that names them all."""
    async with a_demo() as url, aiohttp.ClientSession() as session:
        await state(session, url, "progressing")
        await pause_on_the_page(url)
        paused = await state(session, url, "paused")
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rolloutd", "resume", "data-product", "-n", "default"),
            *("--server", url, "--reason", "seen enough"),
        )
        resumed = await command.wait()
        await state(session, url, "progressing")
        async with session.post(url + ROLLOUT + "/rollback") as answer:
            status = answer.status
        ended = await state(session, url, "aborted")

        assert (resumed, status) == (0, 200)
        assert "a look at the logs" in str(paused["why"])
        split, timeline = ended["split"], str(ended["timeline"])
        assert isinstance(split, dict)
        assert split["desiredPercent"] == 0
        assert "a look at the logs" in timeline
        assert "seen enough" in timeline
