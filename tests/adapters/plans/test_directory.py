"""A directory of plans, as people and as kubelets change it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.plans.catalogue import Catalogue
from rolloutd.adapters.plans.directory import POLL, PlanDirectory, plan_files, scan
from rolloutd.core.plan import Key, WeightStep
from rolloutd.errors import Refused
from tests.adapters.plans.forms import PLAN, changed
from tests.fakes.clock import FakeClock

SHOP = Key("default", "shop")
SLOWER = changed(("hold: 5m", "hold: 10m"))
PATIENCE = 20.0
"""Real seconds: more than any machine needs, and only spent when something is wrong."""


def configmap(directory: Path, minutes: int) -> None:
    """Write a version as a kubelet does: a new folder, then one rename of the link to it."""
    folder = directory / f"..version_{minutes}"
    folder.mkdir()
    (folder / "shop.yaml").write_text(changed(("hold: 5m", f"hold: {minutes}m")))
    fresh = directory / "..data_tmp"
    fresh.symlink_to(folder.name)
    fresh.rename(directory / "..data")
    link = directory / "shop.yaml"
    if not link.is_symlink():
        link.symlink_to(Path("..data") / link.name)


def hold(catalogue: Catalogue) -> float:
    first = catalogue.plans[SHOP].steps[0]
    assert isinstance(first, WeightStep)
    return first.hold


async def following(changes: AsyncGenerator[Catalogue, None]) -> Catalogue:
    async with asyncio.timeout(PATIENCE):
        return await anext(changes)


async def after_sleep(
    changes: AsyncGenerator[Catalogue, None],
    clock: FakeClock,
    change: Callable[[], object],
    *,
    poll: bool = False,
) -> Catalogue:
    """Make a change while the source waits, and return what it then tells."""
    async with asyncio.TaskGroup() as group:
        pending = group.create_task(following(changes))
        await asleep(clock)
        change()
        if poll:
            await clock.advance(POLL)
    return pending.result()


async def asleep(clock: FakeClock) -> None:
    """Wait until the source waits; it reads files in a thread, which no clock of ours sees."""
    async with asyncio.timeout(PATIENCE):
        while not clock.sleeping:  # noqa: ASYNC110 - it tells no event of ours
            await asyncio.sleep(0.01)  # noqa: TID251 - a thread works in real time


def test_only_plan_files_directly_in_the_directory_count(tmp_path: Path) -> None:
    """A ConfigMap keeps its versions in folders beside them, editors their copies."""
    for name in ("b.yaml", "a.yml", ".hidden.yaml", "notes.txt", "c.yaml~"):
        (tmp_path / name).write_text(PLAN)
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "d.yaml").write_text(PLAN)

    assert [path.name for path in plan_files(tmp_path)] == ["a.yml", "b.yaml"]


def test_files_and_directories_may_be_named_together(tmp_path: Path) -> None:
    """A file that is named twice is read once."""
    (tmp_path / "shop.yaml").write_text(PLAN)

    catalogue = scan([tmp_path, tmp_path / "shop.yaml"])

    assert (catalogue.files, catalogue.complaints) == (1, ())


def test_the_origin_of_a_plan_is_its_file_and_line(tmp_path: Path) -> None:
    """Messages lead to the place where something can be changed."""
    (tmp_path / "shop.yaml").write_text("# ours\n" + PLAN)

    assert scan([tmp_path]).plans[SHOP].origin == f"{tmp_path}/shop.yaml:4"


def test_a_directory_in_place_of_a_file_is_a_complaint(tmp_path: Path) -> None:
    """It can't be read, which is not the same as being removed."""
    (tmp_path / "shop.yaml").write_text(PLAN)
    good = scan([tmp_path])
    (tmp_path / "shop.yaml").unlink()
    (tmp_path / "shop.yaml").mkdir()

    catalogue = scan([tmp_path], good)

    assert catalogue.plans == good.plans
    assert "RD100" in catalogue.complaints[0]


def test_a_link_to_nothing_is_no_file(tmp_path: Path) -> None:
    """For a moment a kubelet leaves links to files that a new version does not have."""
    (tmp_path / "shop.yaml").symlink_to("..data/shop.yaml")

    catalogue = scan([tmp_path])

    assert (catalogue.files, catalogue.complaints) == (0, ())


async def test_a_directory_without_plans_says_so_at_once(tmp_path: Path) -> None:
    """A daemon that is still without plans is ready, and not waiting to be."""
    async with aclosing(PlanDirectory(tmp_path, FakeClock()).changes()) as changes:
        found = await following(changes)

    assert found.plans == {}


async def test_what_is_there_is_told_at_once(tmp_path: Path) -> None:
    """The daemon is not ready before it has read its plans."""
    (tmp_path / "shop.yaml").write_text(PLAN)

    async with aclosing(PlanDirectory(tmp_path, FakeClock(jumps=False)).changes()) as changes:
        assert set((await following(changes)).plans) == {SHOP}


async def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """At the start somebody is looking, and nothing runs yet that could be kept."""
    async with aclosing(PlanDirectory(tmp_path / "x", SystemClock()).changes()) as changes:
        with pytest.raises(Refused, match="can't be read"):
            await following(changes)


async def test_changes_are_noticed_without_polling(tmp_path: Path) -> None:
    """Time stands still here: only a notice can have told, at least of the last."""
    (tmp_path / "shop.yaml").write_text(PLAN)
    clock = FakeClock(jumps=False)
    async with aclosing(PlanDirectory(tmp_path, clock).changes()) as changes:
        await following(changes)
        for minutes in (10, 20, 30):
            text = changed(("hold: 5m", f"hold: {minutes}m"))
            write = functools.partial((tmp_path / "shop.yaml").write_text, text)
            catalogue = await after_sleep(changes, clock, write)

            assert hold(catalogue) == minutes * 60


async def test_new_versions_of_a_configmap_are_noticed(tmp_path: Path) -> None:
    """The files themselves never change: a watch on them would see nothing."""
    configmap(tmp_path, 5)
    clock = FakeClock(jumps=False)
    async with aclosing(PlanDirectory(tmp_path, clock).changes()) as changes:
        await following(changes)
        for minutes in (10, 20, 30):
            write = functools.partial(configmap, tmp_path, minutes)
            catalogue = await after_sleep(changes, clock, write)

            assert hold(catalogue) == minutes * 60


async def test_without_notices_polling_sees_a_change(tmp_path: Path) -> None:
    """The folder that the directory's files link to is not watched, as on some file systems."""
    directory, elsewhere = tmp_path / "plans", tmp_path / "elsewhere.yaml"
    directory.mkdir()
    elsewhere.write_text(PLAN)
    (directory / "shop.yaml").symlink_to(elsewhere)
    clock = FakeClock(jumps=False)
    async with aclosing(PlanDirectory(directory, clock).changes()) as changes:
        await following(changes)
        for minutes in (10, 20, 30):
            text = changed(("hold: 5m", f"hold: {minutes}m"))
            write = functools.partial(elsewhere.write_text, text)
            catalogue = await after_sleep(changes, clock, write, poll=True)

            assert hold(catalogue) == minutes * 60


async def test_a_touch_is_no_change(tmp_path: Path) -> None:
    """Content counts: a kubelet rewrites the same files now and then."""
    (tmp_path / "shop.yaml").write_text(PLAN)
    clock = FakeClock(jumps=False)
    async with aclosing(PlanDirectory(tmp_path, clock).changes()) as changes:
        await following(changes)
        async with asyncio.TaskGroup() as group:
            pending = group.create_task(following(changes))
            await asleep(clock)
            (tmp_path / "shop.yaml").write_text(PLAN)
            await clock.advance(POLL)
            await asleep(clock)

            assert not pending.done()
            (tmp_path / "shop.yaml").write_text(SLOWER)
            await clock.advance(POLL)
        assert SHOP in pending.result().plans


async def test_a_directory_that_goes_away_removes_nothing(tmp_path: Path) -> None:
    """A lost mount is a fault of the world, not an order of the author; it is said once."""
    directory = tmp_path / "plans"
    directory.mkdir()
    (directory / "shop.yaml").write_text(PLAN)
    clock = FakeClock(jumps=False)
    async with aclosing(PlanDirectory(directory, clock).changes()) as changes:
        good = await following(changes)
        move = functools.partial(directory.rename, tmp_path / "away")
        lost = await after_sleep(changes, clock, move, poll=True)
        back = functools.partial((tmp_path / "away").rename, directory)
        found = await after_sleep(changes, clock, back, poll=True)

    assert lost.plans == good.plans == found.plans
    assert lost.broken == {SHOP}
    assert "the plan directory can't be read" in lost.complaints[0]
    assert found.complaints == ()


async def test_warnings_are_logged_from_the_start(tmp_path: Path) -> None:
    """They refuse nothing, so that nobody else speaks of them."""
    (tmp_path / "shop.yaml").write_text(PLAN[: PLAN.index("  gates:")])
    with capture_logs() as logs:
        async with aclosing(PlanDirectory(tmp_path, FakeClock(jumps=False)).changes()) as told:
            await following(told)

    assert [entry["event"] for entry in logs] == ["plan_doubtful"]
