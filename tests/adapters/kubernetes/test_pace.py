"""Deadlines run on the Clock port and leave nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Conflict, Unavailable
from tests.adapters.kubernetes.paces import fake_pace
from tests.fakes.clock import FakeClock


async def test_an_answer_in_time_is_returned() -> None:
    """The deadline must cost nothing when it is met: no time, no task."""
    clock = FakeClock(Instant(0.0))

    async def answer() -> int:
        await clock.sleep(Seconds(1.0))
        return 7

    assert await fake_pace(clock).within(Seconds(2.0), answer, "asking") == 7
    assert clock.now() == 1.0


async def test_late_work_is_cancelled_and_unwound() -> None:
    """After a deadline nothing of the request may go on."""
    clock, unwound = FakeClock(Instant(0.0)), []

    async def hang() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            unwound.append(clock.now())

    with pytest.raises(Unavailable, match="asking: no answer in time"):
        await fake_pace(clock).within(Seconds(2.0), hang, "asking")

    assert unwound == [2.0]


async def test_errors_of_the_work_come_out_as_they_are() -> None:
    """Callers match on our errors, not on groups of them."""

    async def refuse() -> None:
        raise Conflict("changed")

    with pytest.raises(Conflict, match="changed"):
        await fake_pace().within(Seconds(2.0), refuse, "asking")


async def test_an_expiry_may_move_on_while_waiting() -> None:
    """A watch that speaks stays alive; the silence after its last word ends it."""
    clock = FakeClock(Instant(0.0))
    last_word = [0.0]

    async def talk() -> None:
        for _ in range(5):
            await clock.sleep(Seconds(3.0))
            last_word[0] = clock.now()
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Unavailable):
        await fake_pace(clock).until(lambda: Instant(last_word[0] + 4.0), talk, "watching")

    assert clock.now() == 19.0


def test_backoff_is_random_below_a_doubling_cap() -> None:
    """Full jitter: many clients that failed together must not come back together."""
    pace = fake_pace(FakeClock())

    waits = [
        pace.backoff(failures, first=Seconds(1.0), limit=Seconds(10.0))
        for failures in (0, 1, 2, 3, 4, 100, 10_000)
        for _ in range(200)
    ]

    caps = [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    for position, cap in enumerate(caps):
        drawn = waits[position * 200 : (position + 1) * 200]
        assert 0.9 * cap < max(drawn) <= cap
        assert min(drawn) < 0.1 * cap


def test_periods_are_stretched_by_chance_by_a_fifth_at_most() -> None:
    """Replicas that started together must not ask the API server in step for ever."""
    pace = fake_pace(FakeClock())

    periods = [pace.jittered(Seconds(2.0)) for _ in range(200)]

    assert 2.0 <= min(periods) < 2.05
    assert 2.35 < max(periods) <= 2.4
