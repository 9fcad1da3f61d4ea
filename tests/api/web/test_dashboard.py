"""The dashboard in a real browser, over the real engine and the real control API."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Error, Page, Route, expect

from rolloutd.core.observation import MeshSeen
from rolloutd.core.plan import StartManual
from rolloutd.core.state import Phase
from tests.api.web.browser import NARROW, Looks, Window, chromium, window
from tests.api.web.world import OPERATOR, VIEWER, Health, Theatre, played
from tests.builders import pause, rise

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

CHECKOUT = played("checkout", rise(25, 1200.0), rise(50), rise(100, 0.0))
"""Holds for longer than any test takes, on whatever machine."""


@pytest.fixture
async def theatre(tmp_path: Path) -> AsyncIterator[Theatre]:
    """One rollout that holds at 25 %."""
    stage = Theatre(tmp_path / "tokens.yaml")
    async with stage.driving():
        stage.source.publish(CHECKOUT)
        await stage.until(CHECKOUT.key, Phase.PROGRESSING)
        yield stage


@pytest.fixture
async def opened(theatre: Theatre) -> AsyncIterator[Window]:
    """A window in which an operator has logged in."""
    async with theatre.serving(), chromium() as browser, window(browser) as opened:
        await log_in(opened.page, theatre.url, OPERATOR)
        yield opened
        await opened.page.wait_for_timeout(50)

        assert opened.complaints == []


async def log_in(page: Page, url: str, token: str) -> None:
    await page.goto(url)
    await page.fill("#token", token)
    await page.press("#token", "Enter")
    await page.wait_for_selector("#state")


async def order(page: Page, verb: str, reason: str) -> None:
    await page.click(f"button[data-verb={verb}]")
    await page.fill("#reason", reason)
    await page.click("#confirm")


async def test_what_happens_is_shown_without_a_reload(theatre: Theatre, opened: Window) -> None:
    """A person sees what is, not what was when the page was opened."""
    page = opened.page
    await expect(page.locator("#state")).to_contain_text("Holding")
    await expect(page.locator("#gates")).to_contain_text("fine")

    theatre.traffic.canary[CHECKOUT.key] = Health(failing=0.3)

    await expect(page.locator("#state")).to_contain_text("Rolled back")
    await expect(page.locator("#timeline li").first).to_contain_text("0 %")
    await expect(page).to_have_title(re.compile(r"^\(1\) ✕ Rolled back"))
    await expect(page.locator("#favicon")).to_have_attribute("href", re.compile("%23b3141c"))
    await expect(page.locator("#news")).to_contain_text("Rolled back")


async def test_the_countdown_runs_by_itself(opened: Window) -> None:
    """Whoever waits must know for how long."""
    countdown = opened.page.locator(".countdown")
    before = await countdown.inner_text()
    await expect(countdown).not_to_have_text(before)

    assert 0 < _seconds(before) - _seconds(await countdown.inner_text()) < 60


def _seconds(span: str) -> int:
    """Read ``19 m 58 s``; whole minutes come without seconds."""
    told = re.fullmatch(r"(\d+)\sm(?:\s(\d+)\ss)?", span)
    assert told is not None, span
    return int(told[1]) * 60 + int(told[2] or 0)


async def test_a_rollout_is_paused_and_resumed(theatre: Theatre, opened: Window) -> None:
    """One move each, and the reason is kept with the name."""
    page = opened.page
    await order(page, "pause", "db migration first")
    await expect(page.locator("#state")).to_contain_text("Paused")
    story = page.locator("#timeline li").first
    await expect(story).to_contain_text("db migration first")
    await expect(story.locator(".actor")).to_have_text("ana")
    assert theatre.phase_of(CHECKOUT.key) is Phase.PAUSED

    await order(page, "resume", "")

    await expect(page.locator("#state")).to_contain_text("Holding")
    assert theatre.phase_of(CHECKOUT.key) is Phase.PROGRESSING


async def test_under_the_pause_annotation_only_a_rollback_is_offered(
    theatre: Theatre, opened: Window
) -> None:
    """A button that is refused whenever it is pressed is a trap."""
    mesh = theatre.meshes.of(CHECKOUT.key)
    assert isinstance(mesh.holds, MeshSeen)
    mesh.holds = dataclasses.replace(mesh.holds, hold_off="INC-42, ana")
    page = opened.page
    await expect(page.locator("#state")).to_contain_text("Paused")

    await expect(page.locator("button[data-verb]")).to_have_count(1)
    await expect(page.locator("button[data-verb=rollback]")).to_be_visible()


async def test_a_rollback_says_its_effect_before_and_its_reason_after(
    theatre: Theatre, opened: Window
) -> None:
    """Nobody should send all traffic anywhere by a slip of the hand."""
    page = opened.page
    await page.click("button[data-verb=rollback]")
    await expect(page.locator("#effect")).to_contain_text(
        "Stable gets 100 % of the traffic at once"
    )
    assert theatre.phase_of(CHECKOUT.key) is Phase.PROGRESSING
    await page.fill("#reason", "wrong build")
    await page.click("#confirm")

    await expect(page.locator("#state")).to_contain_text("Aborted")
    await expect(page.locator("#timeline li").first).to_contain_text("wrong build")
    assert theatre.phase_of(CHECKOUT.key) is Phase.ABORTED


async def test_an_order_that_comes_too_late_is_refused_in_the_dialog(
    theatre: Theatre, opened: Window
) -> None:
    """The rollout moved on between reading and pressing: what was confirmed no longer holds."""
    page = opened.page
    await page.click("button[data-verb=skip]")
    await page.route("**/skip", lambda route: route.continue_(post_data='{"expectedStep": 2}'))
    await page.click("#confirm")

    await expect(page.locator("#order-error")).to_contain_text("at step 0 by now")
    assert theatre.phase_of(CHECKOUT.key) is Phase.PROGRESSING


async def test_an_unknown_token_is_refused_and_a_known_one_accepted(theatre: Theatre) -> None:
    """Closed by default; the token itself is nowhere a script can read."""
    async with theatre.serving(), chromium() as browser, window(browser) as opened:
        page = opened.page
        await page.goto(theatre.url)
        await expect(page.locator("#token")).to_be_focused()
        await page.keyboard.type("not-a-token-of-anybody")
        await page.keyboard.press("Enter")
        await expect(page.locator("#login-error")).to_be_visible()

        await page.fill("#token", OPERATOR)
        await page.press("#token", "Enter")
        await expect(page.locator("#who")).to_have_text("ana · operator")
        kept = await page.evaluate("document.cookie + JSON.stringify({...localStorage})")

        assert kept == "{}"
        await page.click("text=Log out")
        await expect(page.locator("#token")).to_be_visible()
        await page.reload()
        await expect(page.locator("#token")).to_be_visible()


async def test_a_viewer_sees_the_buttons_and_why_they_are_shut(theatre: Theatre) -> None:
    """Knowing whom to ask is worth more than an error after the click."""
    async with theatre.serving(), chromium() as browser, window(browser) as opened:
        page = opened.page
        await log_in(page, theatre.url, VIEWER)
        buttons = page.locator("button[data-verb]")

        await expect(buttons).to_have_count(4)
        for button in await buttons.all():
            await expect(button).to_be_disabled()
        await expect(page.locator("#refusal")).to_contain_text("viewer")
        await page.keyboard.press("p")
        await expect(page.locator("#order")).not_to_be_visible()


async def test_old_data_is_never_shown_as_if_it_were_fresh(tmp_path: Path) -> None:
    """The daemon is gone: no green, no glyph of success, an alert; and back when it is back."""
    stage, done = Theatre(tmp_path / "tokens.yaml"), played("cart", rise(100, 0.0))
    async with stage.driving(), chromium() as browser, window(browser) as opened:
        page = opened.page
        stage.source.publish(done)
        async with stage.serving():
            await stage.until(done.key, Phase.PROMOTED)
            await log_in(page, stage.url, OPERATOR)
            await expect(page.locator("#state")).to_contain_text("Promoted")
            await expect(page.locator("#stale")).to_have_count(0)

        await expect(page.locator("#stale")).to_be_visible()
        await expect(page.locator("#state")).to_contain_text("last known: Promoted")
        await expect(page.locator("#state .glyph")).to_have_text("?")
        await expect(page).to_have_title(re.compile(r"\? Stale"))
        await expect(page.locator(".columns")).to_have_css("filter", "grayscale(1)")

        async with stage.serving():
            await expect(page.locator("#stale")).to_have_count(0)
            await expect(page.locator("#state .glyph")).to_contain_text("✓")


async def test_a_daemon_that_answers_but_no_longer_looks_is_stale(
    theatre: Theatre, opened: Window
) -> None:
    """Live answers with dead contents are the worst kind of green."""
    page = opened.page
    frozen = (await page.request.get(f"{theatre.url}api/v1/rollouts/shop/checkout")).text
    text = await frozen()
    await page.route("**/rollouts/shop/checkout", lambda route: route.fulfill(body=text))

    await expect(page.locator("#stale")).to_contain_text("has not looked")


async def test_everything_is_done_by_keyboard(theatre: Theatre, opened: Window) -> None:
    """Also by those who can't use a mouse, and by those in a hurry."""
    page = opened.page
    await page.keyboard.press("p")
    await expect(page.locator("#order")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#order")).not_to_be_visible()
    assert theatre.phase_of(CHECKOUT.key) is Phase.PROGRESSING

    for _ in range(30):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.dataset.verb") == "rollback":
            break
    await page.keyboard.press("Enter")
    await page.keyboard.type("by keys")
    await page.keyboard.press("Enter")

    await expect(page.locator("#state")).to_contain_text("Aborted")
    await expect(page.locator("#timeline")).to_contain_text("by keys")


async def test_keys_walk_the_list_and_each_rollout_has_an_address(
    theatre: Theatre, opened: Window
) -> None:
    """A link to it can be pasted into a chat."""
    theatre.source.publish(CHECKOUT, played("search", start=StartManual()))
    page = opened.page
    await expect(page.locator(".row")).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.locator("#title")).to_contain_text("search")
    await expect(page).to_have_url(re.compile("#/shop/search$"))

    await page.goto(f"{theatre.url}#/shop/checkout")
    await expect(page.locator("#title")).to_contain_text("checkout")
    await page.goto(f"{theatre.url}#/shop/nothing")
    await expect(page.locator("#detail")).to_contain_text("There is no such rollout")


async def test_the_worst_rollout_comes_first(theatre: Theatre, opened: Window) -> None:
    """Whoever opens the page in trouble sees the trouble."""
    broken, waits = played("zebra", rise(50)), played("apple", start=StartManual())
    theatre.traffic.canary[broken.key] = Health(failing=0.5)
    approval = played("search", rise(50, 0.0), pause(), rise(100, 0.0))
    theatre.source.publish(CHECKOUT, waits, broken, approval)
    await theatre.until(broken.key, Phase.ROLLED_BACK)
    await theatre.until(approval.key, Phase.PAUSED)
    names = opened.page.locator(".row b")

    await expect(names).to_have_text(["zebra", "search", "checkout", "apple"])
    await expect(opened.page.locator("#list-title")).to_contain_text("2 need attention")


async def test_a_narrow_screen_needs_no_sideways_scrolling(theatre: Theatre) -> None:
    """A phone in the night."""
    async with (
        theatre.serving(),
        chromium() as browser,
        window(browser, Looks(size=NARROW)) as opened,
    ):
        page = opened.page
        await page.goto(theatre.url)
        await page.fill("#token", OPERATOR)
        await page.press("#token", "Enter")
        await expect(page.locator(".row")).to_be_visible()
        await expect(page.locator("#detail")).not_to_be_visible()
        await page.click(".row")
        await expect(page.locator("#gates")).to_be_visible()
        await expect(page.locator("#charts")).to_be_visible()
        width = await page.evaluate("document.documentElement.scrollWidth")

        assert width <= NARROW[0]
        await page.click(".back")
        await expect(page.locator(".row")).to_be_visible()


HOSTILE = '<img src=x onerror="document.title=1">&"\'`${1}'


async def test_hostile_words_stay_words(theatre: Theatre, opened: Window) -> None:
    """Names, reasons and people come from outside; none of them may become a script."""
    page = opened.page
    evil = played(HOSTILE, namespace="<b>shop", start=StartManual())
    theatre.source.publish(CHECKOUT, evil)
    await order(page, "pause", HOSTILE)
    await expect(page.locator("#timeline")).to_contain_text(HOSTILE)
    await page.click(".row >> text=onerror")

    await expect(page.locator("#title")).to_contain_text(HOSTILE)
    await expect(page.locator("img, #page b b")).to_have_count(0)
    await expect(page).to_have_title(re.compile("onerror"))
    async with page.expect_console_message(lambda said: "TrustedHTML" in said.text):
        with pytest.raises(Error, match="TrustedHTML"):
            await page.evaluate("document.getElementById('page').innerHTML = '<b>markup</b>'")
    opened.complaints.clear()  # of that attempt


async def test_a_run_that_is_over_can_still_be_looked_at(
    theatre: Theatre, opened: Window
) -> None:
    """Tomorrow someone asks what happened, why, and by whom. There is nothing to press."""
    page = opened.page
    await expect(page.locator("#charts")).to_be_visible()
    await order(page, "rollback", "wrong build")
    await expect(page.locator("#state")).to_contain_text("Aborted")
    await order(page, "retry", "")
    await page.click("#history a")

    await expect(page).to_have_url(re.compile("#/shop/checkout/runs/1$"))
    await expect(page.locator("#past")).to_contain_text("wrong build")
    await expect(page.locator(".facts")).to_contain_text("ana")
    await expect(page.locator("#charts figure")).to_have_count(3)
    await expect(page.locator("#gates")).to_contain_text("latency p99")
    await expect(page.locator("button[data-verb]")).to_have_count(0)
    await page.reload()
    await expect(page.locator("#past")).to_contain_text("wrong build")
    await expect(page.locator(".facts")).to_contain_text("of the way to it left")
    await page.goto(f"{theatre.url}#/shop/checkout/runs/77")
    await expect(page.locator("#detail")).to_contain_text("not kept any more")


async def test_curves_begin_before_the_page_was_opened(
    theatre: Theatre, opened: Window
) -> None:
    """Who is called in needs the minutes before the call."""
    page = opened.page
    await theatre.seen(CHECKOUT.key, times=12)
    reloaded = theatre.clock.now()
    await page.reload()
    await expect(page.locator("#charts")).to_be_visible()
    at: list[float] = await page.evaluate(
        "import('./ui/js/store.js').then(({ state }) => state.series.at)"
    )

    assert sum(each < reloaded for each in at) >= 12


async def test_a_curve_that_has_ended_is_not_told_as_the_present(opened: Window) -> None:
    """`observed 25 %, ordered 0 %` after a rollback reads like traffic that did not move."""
    page = opened.page
    traffic = page.locator("#charts figcaption", has_text="traffic to the canary")
    await expect(traffic).to_contain_text(re.compile(r"observed \d.*ordered 25\W%"))
    await order(page, "rollback", "")

    await expect(traffic).to_contain_text(re.compile(r"observed \W, ordered 0\W%"))


TICKS = """import('./ui/js/words.js').then(({ ticks }) =>
  [ticks([0, 0.025, 0.05], "ratio"), ticks([0.9925, 0.995], "ratio"), ticks([0, 200], "ms")])"""

MARKS = """import('./ui/js/series.js').then(({ within }) => {
  const marks = [[5, "5 %"], [9, "10 %"], [20, "50 %"], [40, "0 %"]];
  return within(marks.map(([at, label]) => ({ at, label })), { min: 10, max: 30 });
})"""


async def test_curves_say_which_numbers_and_weights_they_stand_beside(opened: Window) -> None:
    """An axis of 0, 3, 5 and 8 % is wrong, and the first step began before the first look."""
    ticks = await opened.page.evaluate(TICKS)
    marks = await opened.page.evaluate(MARKS)

    assert ticks == [["0.0 %", "2.5 %", "5.0 %"], ["99.25 %", "99.50 %"], ["0 ms", "200 ms"]]
    assert marks == [{"at": 10, "label": "10 %"}, {"at": 20, "label": "50 %"}]


UNBROKEN = """import('./ui/js/words.js').then(({ span, unbroken }) =>
  [span(130), unbroken("1 : 2 200 000 at 0.5 %, 10 ms, of 3 requests")])"""


async def test_a_number_stays_on_one_line_with_its_unit(opened: Window) -> None:
    """`1 : 2` at the end of a line and `200` on the next is another number."""
    told = await opened.page.evaluate(UNBROKEN)

    assert told == [
        "2\u00a0m 10\u00a0s",
        "1 : 2\u00a0200\u00a0000 at 0.5\u00a0%, 10\u00a0ms, of 3 requests",
    ]


async def test_an_order_whose_answer_was_lost_can_be_sent_again(
    theatre: Theatre, opened: Window
) -> None:
    """It was carried out, and pressing again must not make it two."""
    page = opened.page
    keys: list[str | None] = []

    async def lose_the_first_answer(route: Route) -> None:
        keys.append(await route.request.header_value("Idempotency-Key"))
        answer = await route.fetch()
        await (route.abort() if len(keys) == 1 else route.fulfill(response=answer))

    await page.route("**/pause", lose_the_first_answer)
    await order(page, "pause", "once")
    await expect(page.locator("#order-error")).to_contain_text("does not answer")
    await page.click("#confirm")
    await expect(page.locator("#order")).not_to_be_visible()
    view = theatre.view_of(CHECKOUT.key)

    assert keys[0] == keys[1] is not None
    assert view is not None
    assert view.record is not None
    assert [line.reason for line in view.record.transitions].count("Paused by ana: once.") == 1


async def test_promoting_fully_says_what_it_skips(theatre: Theatre, opened: Window) -> None:
    """It is the one order that gives an unproven canary everything."""
    page = opened.page
    await page.click("button[data-verb=promote]")
    await expect(page.locator("#effect")).to_contain_text("The canary gets 100 %")
    await expect(page.locator("#effect")).to_contain_text(
        "2 steps and their checks are skipped"
    )
    await page.click("#confirm")

    await expect(page.locator("#state")).to_contain_text("Promoted")
    assert theatre.phase_of(CHECKOUT.key) is Phase.PROMOTED


async def test_a_token_that_ends_takes_what_was_shown_with_it(
    theatre: Theatre, opened: Window
) -> None:
    """Whoever has left must not go on reading over an old session."""
    page = opened.page
    theatre.dismiss_everybody()

    await expect(page.locator("#token")).to_be_visible()
    await expect(page.locator("body")).not_to_contain_text("checkout")
    await expect(page).to_have_title("Log in · rolloutd")


async def test_a_long_list_is_filtered(theatre: Theatre, opened: Window) -> None:
    """By name and by phase; the worst stays on top of what is left."""
    page = opened.page
    many = [played(f"svc-{number}", start=StartManual()) for number in range(6)]
    theatre.source.publish(CHECKOUT, *many)
    await expect(page.locator(".row")).to_have_count(7)
    await page.keyboard.press("/")
    await page.keyboard.type("svc-3")
    await expect(page.locator(".row b")).to_have_text(["svc-3"])

    await page.fill("#filter", "")
    await page.select_option("select", "progressing")
    await expect(page.locator(".row b")).to_have_text(["checkout"])


async def test_the_keys_are_told(opened: Window) -> None:
    """A short way that nobody knows of is none."""
    page = opened.page
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Roll back")
    await page.keyboard.press("Escape")

    await expect(page.locator("#help")).not_to_be_visible()


async def test_clean_looks_in_a_row_are_counted(opened: Window) -> None:
    """Thirty say more than one."""
    verdicts = opened.page.locator("#gates")

    await expect(verdicts).to_contain_text(re.compile(r"([3-9]|\d\d+) in a row"))


async def test_the_timeline_is_filtered(opened: Window) -> None:
    """Who did what, or what the daemon did by itself: on the present run and on past ones."""
    page = opened.page
    await order(page, "pause", "a look")
    lines = page.locator("#timeline li")
    await expect(lines.first).to_contain_text("a look")
    every = await lines.count()
    await page.select_option("#told", "people")
    await expect(lines).to_have_count(1)
    await expect(lines).to_contain_text("a look")
    await page.select_option("#told", "daemon")
    await expect(lines).to_have_count(every - 1)
    await expect(page.locator("#timeline")).not_to_contain_text("a look")
    await page.select_option("#told", "")

    await expect(lines).to_have_count(every)


async def test_a_link_is_copied(theatre: Theatre, opened: Window) -> None:
    """To a rollout, though the address names none yet, and to a past run."""
    page = opened.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.click("#copy")
    await expect(page.locator("#copy")).to_contain_text("Copied")
    rollout = await page.evaluate("navigator.clipboard.readText()")
    await order(page, "rollback", "")
    await order(page, "retry", "")
    await page.click("#history a")
    await expect(page.locator("#past")).to_be_visible()
    await page.click("#copy")
    await expect(page.locator("#copy")).to_contain_text("Copied")
    run = await page.evaluate("navigator.clipboard.readText()")

    assert rollout == f"{theatre.url}#/shop/checkout"
    assert run == f"{theatre.url}#/shop/checkout/runs/1"


async def test_where_a_page_may_not_copy_the_address_bar_has_the_link(
    theatre: Theatre,
) -> None:
    """Over plain HTTP browsers give pages no clipboard."""
    async with theatre.serving(), chromium() as browser, window(browser) as opened:
        page = opened.page
        await page.add_init_script("delete Navigator.prototype.clipboard")
        await log_in(page, theatre.url, VIEWER)
        await page.click("#copy")

        await expect(page.locator("#news")).to_contain_text("the link is in the address bar")
        await expect(page).to_have_url(f"{theatre.url}#/shop/checkout")
        assert opened.complaints == []


async def test_the_page_says_which_cluster_it_is_and_who_leads(opened: Window) -> None:
    """Five tabs of five clusters look alike; a rollback belongs in one of them."""
    page = opened.page

    await expect(page.locator("#cluster")).to_have_text("cluster prod-eu1")
    await expect(page.locator("#replica")).to_have_text("leader rolloutd-0")
    await expect(page).to_have_title(re.compile("prod-eu1 · rolloutd$"))
