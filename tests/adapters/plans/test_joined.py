"""A directory and a cluster together, under one set of rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from rolloutd.adapters.plans.catalogue import NOTHING, Catalogue, merge
from rolloutd.adapters.plans.joined import JoinedSources, join
from rolloutd.adapters.plans.reading import read
from rolloutd.core.plan import Key
from rolloutd.errors import Refused
from tests.adapters.plans.forms import PLAN, changed

SHOP, OTHER = Key("default", "shop"), Key("default", "other")
SECOND = changed(("metadata: {name: shop}", "metadata: {name: other}"))
APART = changed(("{name: shop}", "{name: other}"))
PATIENCE = 20.0


def catalogue(text: str, *, file: str, before: Catalogue = NOTHING) -> Catalogue:
    """Read one file."""
    return merge(before, [read(text.encode(), file=file)])


class Scripted:
    """A source that tells what it is told to."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Catalogue | Refused] = asyncio.Queue()

    async def changes(self) -> AsyncGenerator[Catalogue, None]:
        """Yield as told."""
        while True:
            match await self.told.get():
                case Refused() as error:
                    raise error
                case Catalogue() as found:
                    yield found


def test_plans_of_both_are_in_force() -> None:
    """Moving plans into the cluster one by one must be possible."""
    got = join(NOTHING, [catalogue(PLAN, file="a"), catalogue(APART, file="b")])

    assert set(got.plans) == {SHOP, OTHER}
    assert got.files == 2
    assert got.complaints == ()


def test_who_had_a_plan_keeps_it() -> None:
    """A copy in the cluster must not take a rollout away from the file that drives it."""
    mine = catalogue(PLAN, file="a")
    got = join(join(NOTHING, [mine]), [mine, catalogue(PLAN, file="b")])

    assert got.plans[SHOP].origin.startswith("a:")
    assert [each.partition(":")[0] for each in got.complaints] == ["b"]


def test_a_route_that_both_want_is_refused_to_both() -> None:
    """Two plans that move the same weights would fight."""
    got = join(NOTHING, [catalogue(PLAN, file="a"), catalogue(SECOND, file="b")])

    assert got.plans == {}
    assert len(got.complaints) == 2


def test_the_rival_gets_the_route_when_it_is_free() -> None:
    """A refusal ends with its cause."""
    mine, rival = catalogue(PLAN, file="a"), catalogue(SECOND, file="b")
    both = join(join(NOTHING, [mine]), [mine, rival])
    alone = join(both, [NOTHING, rival])

    assert set(alone.plans) == {OTHER}


def test_a_broken_file_keeps_its_plan_and_is_known_as_broken() -> None:
    """Joining must not turn "can't be read" into "was removed"."""
    good = catalogue(PLAN, file="a")
    broken = catalogue("nonsense: [", file="a", before=good)
    got = join(join(NOTHING, [good, NOTHING]), [broken, NOTHING])

    assert set(got.plans) == {SHOP}
    assert got.broken == {SHOP}
    assert got.complaints == broken.complaints


async def test_nothing_is_told_before_every_source_has_spoken() -> None:
    """Half a catalogue looks as if the other half had been removed."""
    one, other = Scripted(), Scripted()
    joined = JoinedSources(one, other)
    async with asyncio.TaskGroup() as group, aclosing(joined.changes()) as changes:
        work = group.create_task(joined.run())
        await one.told.put(catalogue(PLAN, file="a"))
        await other.told.put(catalogue(APART, file="b"))
        async with asyncio.timeout(PATIENCE):
            first = await anext(changes)
            await other.told.put(NOTHING)
            second = await anext(changes)
        work.cancel()

    assert set(first.plans) == {SHOP, OTHER}
    assert set(second.plans) == {SHOP}


async def test_who_asks_again_is_told_at_once() -> None:
    """Leadership that comes back finds no news waiting, and must not wait for one."""
    source = Scripted()
    joined = JoinedSources(source)
    await source.told.put(catalogue(PLAN, file="a"))
    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE):
        work = group.create_task(joined.run())
        async with aclosing(joined.changes()) as changes:
            await anext(changes)
        async with aclosing(joined.changes()) as changes:
            again = await anext(changes)
        work.cancel()

    assert set(again.plans) == {SHOP}


async def test_a_source_that_can_not_begin_ends_the_daemon() -> None:
    """A directory that is not there is a mistake in the settings: silence would hide it."""
    source = Scripted()
    await source.told.put(Refused("no such directory"))

    with pytest.raises(ExceptionGroup) as caught:
        await JoinedSources(source).run()
    assert caught.group_contains(Refused, match="no such directory")
