"""What is done once, when everything has been loaded."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from rolloutd.bootstrap.settling import SETTLING, settle
from tests.fakes.clock import FakeClock


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


async def test_what_was_loaded_is_set_aside_once_it_is_all_there() -> None:
    """A full collection would hold every decision up for a fifth of a second."""
    clock = FakeClock()
    began = clock.now()

    await settle(asyncio.Event(), clock)

    assert clock.now() - began == SETTLING
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < gc.get_freeze_count()


async def test_a_daemon_told_to_stop_does_not_wait_for_that() -> None:
    """It has half a minute in all before it is killed."""
    clock, stop = FakeClock(), asyncio.Event()
    began = clock.now()
    stop.set()

    await settle(stop, clock)

    assert clock.now() == began
    assert gc.get_freeze_count() == 0
