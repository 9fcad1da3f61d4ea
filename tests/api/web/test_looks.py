"""Readable by everybody in every state and theme, and small on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from rolloutd.api.web.pages import pages
from rolloutd.core.plan import Plan
from rolloutd.core.units import Seconds
from tests.api.web.browser import NARROW, Looks, chromium, window
from tests.api.web.fleet import CHECKOUT, FLEET, PAYMENTS, PROFILE, perform
from tests.api.web.world import OPERATOR, Theatre

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


WIDEST = """() => Math.max(document.documentElement.scrollWidth,
  ...[...document.querySelectorAll("main *")].filter((one) => !one.closest(".unseen, thead"))
    .map((one) => Math.ceil(one.getBoundingClientRect().right)))"""


class Answer(TypedDict):
    url: str


class Said(TypedDict):
    """What Chromium says of a request."""

    requestId: str
    response: Answer
    encodedDataLength: float


BUDGET = 100_000
"""Bytes over the wire for the page and all its parts, headers included."""

CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text()


@pytest.fixture
async def theatre(tmp_path: Path) -> AsyncIterator[Theatre]:
    """Every state there is."""
    stage = Theatre(tmp_path / "tokens.yaml")
    async with stage.driving(), stage.serving():
        await perform(stage)
        yield stage


async def enter(page: Page, theatre: Theatre, address: str = "") -> None:
    await page.goto(f"{theatre.url}#/{address}")
    await page.fill("#token", OPERATOR)
    await page.press("#token", "Enter")
    await page.wait_for_selector(".row", state="attached")


async def drawn(page: Page, plan: Plan) -> None:
    """Wait until a rollout is shown with all that is known of it."""
    await page.wait_for_selector(f"#title:has-text('{plan.key.name}')")
    await page.wait_for_selector("#state", state="attached")
    if plan is not PROFILE:  # it has not begun, and so it has no curves
        await page.wait_for_selector("rollout-chart .u-legend", state="attached")


async def faint(page: Page) -> list[str]:
    """Return what is too faint to be read, with its contrast."""
    measured: list[tuple[str, float, float]] = await page.evaluate(CONTRASTS)
    assert len(measured) > 30
    return [f"{name}: {seen:.2f} < {least}" for name, least, seen in measured if seen < least]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everything_can_be_read_in_every_state(theatre: Theatre, *, dark: bool) -> None:
    """WCAG AA: text 4.5 : 1, edges of controls 3 : 1."""
    async with chromium() as browser, window(browser, Looks(dark=dark)) as opened:
        page = opened.page
        await enter(page, theatre)
        weak = await faint(page)
        for plan in FLEET:
            await page.goto(f"{theatre.url}#/{plan.key}")
            await drawn(page, plan)
            weak += await faint(page)
        await page.goto(f"{theatre.url}#/{PAYMENTS.key}")
        await page.click("button[data-verb=retry]")
        weak += await faint(page)
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")

        assert sorted(set(weak)) == []
        assert (ground == "rgb(14, 20, 27)") is dark
        assert opened.complaints == []


async def test_a_first_visit_is_small(theatre: Theatre) -> None:
    """It must open on a phone in a train, at the moment when something is on fire."""
    async with chromium() as browser, window(browser) as opened:
        page = opened.page
        wire = await page.context.new_cdp_session(page)
        await wire.send("Network.enable")
        files: dict[str, float] = {}

        def begun(said: Said) -> None:
            path = str(urlsplit(said["response"]["url"]).path)
            if not path.startswith("/api/"):
                files[said["requestId"]] = 0.0

        def done(said: Said) -> None:
            if said["requestId"] in files:
                files[said["requestId"]] = said["encodedDataLength"]

        wire.on("Network.responseReceived", begun)
        wire.on("Network.loadingFinished", done)
        await enter(page, theatre, str(CHECKOUT.key))
        await page.wait_for_selector("#charts")
        async with asyncio.timeout(30):
            while not all(files.values()):
                await theatre.clock.sleep(Seconds(0.02))

        assert len(files) == len(pages())
        assert sum(files.values()) < BUDGET
        assert opened.complaints == []


async def test_no_state_needs_sideways_scrolling(theatre: Theatre) -> None:
    """Long reasons wrap, tables become cards: from a phone (400 px) and a page at 400 % zoom
    (320 px) to just below where there is room for everything."""
    async with chromium() as browser, window(browser) as opened:
        page = opened.page
        await enter(page, theatre)
        wider: list[str] = []
        for plan in FLEET:
            await page.goto(f"{theatre.url}#/{plan.key}")
            await drawn(page, plan)
            for width in (320, NARROW[0], 730, 1000, 1160):
                await page.set_viewport_size({"width": width, "height": 800})
                if (needed := await settled(page, width)) > width:
                    wider.append(f"{plan.key.name} at {width} px needs {needed} px")

        assert wider == []


DISPLAY = "getComputedStyle(document.querySelector('.gates')).display"

ROWS = """(gates) => {
  const parts = ["gates", "html"].map((name) => import(`./ui/js/views/${name}.js`));
  return Promise.all(parts).then(([views, { render }]) => {
    const place = document.createElement("div");
    render(views.gates(gates, false), place);
    return [...place.querySelectorAll(".gates > tbody")].map((gate) =>
      [gate.querySelector(".meter i").style.width, gate.querySelector(".verdict").innerText]);
  });
}"""


async def test_gates_are_a_table_where_there_is_room_and_their_bars_agree_with_the_words(
    theatre: Theatre,
) -> None:
    """Canary beside stable beside limit is what they are compared by. A gate may have no
    evidence against a value beyond its limit, but a full bar would say that all is well."""
    near = {
        "gate": "p99",
        "ruling": "fine",
        "reason": "Fine.",
        "enforced": True,
        "canary": 380.0,
        "stable": 300.0,
        "limit": 500.0,
        "room": 1.0,
        "unit": "ms",
        "samples": 900,
        "inARow": 3,
        "evidence": {},
    }
    async with chromium() as browser, window(browser, Looks(size=(1000, 800))) as opened:
        page = opened.page
        await enter(page, theatre, str(CHECKOUT.key))
        await page.wait_for_selector(".gates", state="attached")
        wide = await page.evaluate(DISPLAY)
        await page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        narrow = await page.evaluate(DISPLAY)

        assert (wide, narrow) == ("table", "block")
        over = {**near, "canary": 620.0}
        said = await page.evaluate(ROWS, [near, over, {**over, "stable": 580.0}])
        assert [(bar, " ".join(words.split()[1:])) for bar, words in said] == [
            ("100%", "fine"),
            ("0%", "over, maybe by chance"),
            ("0%", "over, so is stable"),
        ]


async def settled(page: Page, width: int) -> int:
    """Return the width that a page needs, once it needs no more than this, or after 10 s.

    Curves follow a little later. Asked from here, again and again: a question that waits in the
    page would be evaluated there, which its security policy forbids.
    """
    needed = width + 1
    for _ in range(100):
        needed = int(await page.evaluate(WIDEST))
        if needed <= width:
            break
        await page.wait_for_timeout(100)
    return needed
