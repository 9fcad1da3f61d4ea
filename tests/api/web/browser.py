"""Debian's Chromium, driven by Playwright; what it complains of is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    async_playwright,
    expect,
)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PATIENCE = 30_000
"""Milliseconds that a page may take to show what has happened. It only ends a test that hangs:
the machine may have a lot to do besides."""

WIDE = (1440, 900)
NARROW = (400, 800)


def program() -> str:
    """Return the path of Chromium; without it skip, but never in CI."""
    path = shutil.which("chromium")
    if path is not None:
        return path
    reason = "Chromium is not installed: run tools/system-packages."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How a page is looked at.

    Attributes:
        size: Width and height in CSS pixels.
    """

    size: tuple[int, int] = WIDE
    dark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A page, and what the browser complained of.

    Attributes:
        complaints: Script errors and breaches of the policy; not answers that say no.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a browser until the block is left; what is expected of it may take PATIENCE."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(), args=[*FLAGS], timeout=60_000
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def window(browser: Browser, looks: Looks | None = None) -> AsyncIterator[Window]:
    """Open a window of its own: no cookie of another one."""
    looks = looks or Looks()
    width, height = looks.size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if looks.dark else "light",
        timezone_id="UTC",
        locale="en-GB",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    opened = Window(page=page)
    _listen(opened)
    try:
        yield opened
    finally:
        await context.close()


def _listen(opened: Window) -> None:
    def hear(message: ConsoleMessage) -> None:
        # A refused or lost request is the server's word, not the page's fault.
        if message.type in {"error", "warning"} and "Failed to load" not in message.text:
            opened.complaints.append(message.text)

    def catch(error: Error) -> None:
        opened.complaints.append(str(error))

    opened.page.on("console", hear)
    opened.page.on("pageerror", catch)
