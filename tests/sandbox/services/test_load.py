"""The load keeps its rate, whatever becomes of the calls."""

from __future__ import annotations

import asyncio

import pytest

from rolloutd.core.units import Instant, Seconds
from rolloutd.sandbox.services.ledger import Call, Ledger
from rolloutd.sandbox.services.load import Load, Rate
from tests.fakes.clock import FakeClock

START = Instant(1000.0)


class FakeCaller:
    """Makes calls that take a given time.

    Attributes:
        sent: When each call was sent.
    """

    def __init__(self, name: str, clock: FakeClock, *, takes: float = 0.0) -> None:
        self._name = name
        self._clock = clock
        self._takes = Seconds(takes)
        self.sent: list[Instant] = []

    async def call(self) -> Call:
        """Wait and succeed."""
        start = self._clock.now()
        self.sent.append(start)
        await self._clock.sleep(self._takes)
        return Call(
            caller=self._name,
            start=start,
            end=self._clock.now(),
            version="v3",
            pod="v3-0",
            status=0,
        )


async def run_for(load: Load, clock: FakeClock, duration: float) -> None:
    """Run a load for some time, then cancel it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(load.run(), name="load")
        await clock.advance(Seconds(duration))
        task.cancel()


async def test_calls_are_made_at_the_rate() -> None:
    """How much evidence there is per second is what a demonstration chooses."""
    clock = FakeClock(START, jumps=False)
    caller = FakeCaller("a", clock)

    await run_for(Load([caller], Ledger(), clock, Rate(per_second=4.0)), clock, 1.0)

    assert caller.sent == [1000.0, 1000.25, 1000.5, 1000.75, 1001.0]


async def test_callers_take_turns() -> None:
    """Each connection carries its part of the load."""
    clock = FakeClock(START, jumps=False)
    callers = [FakeCaller(name, clock) for name in "abc"]

    await run_for(Load(callers, Ledger(), clock, Rate(per_second=6.0)), clock, 1.9)

    assert [len(caller.sent) for caller in callers] == [4, 4, 4]


async def test_slow_answers_do_not_slow_the_calls_down() -> None:
    """A caller that waited would hide a slow canary by asking it less often."""
    clock = FakeClock(START, jumps=False)
    caller = FakeCaller("a", clock, takes=10.0)

    await run_for(Load([caller], Ledger(), clock, Rate(per_second=10.0)), clock, 2.05)

    assert len(caller.sent) == 21


async def test_answers_are_entered_in_the_ledger() -> None:
    """Who calls without looking learns nothing."""
    clock = FakeClock(START, jumps=False)
    ledger = Ledger()
    load = Load([FakeCaller("a", clock, takes=0.5)], ledger, clock, Rate(per_second=1.0))

    await run_for(load, clock, 1.9)

    assert [(call.start, call.end) for call in ledger.recent()] == [
        (1000.0, 1000.5),
        (1001.0, 1001.5),
    ]


async def test_calls_in_flight_are_bounded_and_those_not_made_are_noted() -> None:
    """A dead service must not cost the daemon its memory, nor may the gap go unseen."""
    clock = FakeClock(START, jumps=False)
    caller = FakeCaller("a", clock, takes=100.0)
    ledger = Ledger()
    rate = Rate(per_second=20.0, backlog=Seconds(3.0))

    await run_for(Load([caller], ledger, clock, rate), clock, 3.52)

    assert len(caller.sent) == 60
    assert ledger.unsent == 11


async def test_cancelling_ends_calls_in_flight_without_entering_them() -> None:
    """A call that we cut off ourselves says nothing about the service."""
    clock = FakeClock(START, jumps=False)
    ledger = Ledger()
    load = Load([FakeCaller("a", clock, takes=5.0)], ledger, clock, Rate(per_second=1.0))

    async with asyncio.timeout(5.0):
        await run_for(load, clock, 2.5)

    assert ledger.requests() == 0


@pytest.mark.parametrize("per_second", [1.0, 3.0, 7.0])
async def test_no_call_is_lost_to_rounding(per_second: float) -> None:
    """Over a minute the rate is exact."""
    clock = FakeClock(START, jumps=False)
    caller = FakeCaller("a", clock)

    await run_for(Load([caller], Ledger(), clock, Rate(per_second=per_second)), clock, 59.99)

    assert len(caller.sent) == 60 * per_second
