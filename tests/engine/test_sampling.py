"""One question for all rollouts."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from rolloutd.core.observation import Reading, Unread
from rolloutd.core.plan import Key
from rolloutd.core.target import Target
from rolloutd.core.units import Seconds
from rolloutd.engine.sampling import NOTICE, TARGETS_PER_TURN, Sampling
from tests.builders import a_plan
from tests.engine.test_rollout import Stage


class CountingMeter:
    """Remembers how often and for whom it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[Key]] = []
        self.forgotten: list[Key] = []

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Answer nothing."""
        self.asked.append([target.key for target in targets])
        return {target.key: Unread(reason="nothing") for target in targets}

    def forget(self, keys: Collection[Key]) -> None:
        """Remember whom."""
        self.forgotten += keys


async def started(*names: str) -> list[Stage]:
    stages = [Stage(a_plan(key=Key("default", name))) for name in names]
    for stage in stages:
        await stage.rollout.turn()
    return stages


async def test_equal_intervals_share_their_questions() -> None:
    """A thousand rollouts are not a thousand queries."""
    stages, meter = await started("a", "b", "c"), CountingMeter()
    clock = stages[0].clock
    sampling = Sampling(meter, clock, lambda: [s.rollout for s in stages])

    for _ in range(40):
        await clock.sleep(await sampling.look())

    assert all(len(keys) == 3 for keys in meter.asked)
    assert 3 <= len(meter.asked) <= 6


async def test_nobody_is_asked_while_no_run_is_under_way() -> None:
    """No idle calls."""
    stage, meter = Stage(), CountingMeter()
    sampling = Sampling(meter, stage.clock, lambda: [stage.rollout])

    rest = await sampling.look()

    assert rest == NOTICE
    assert meter.asked == []


async def test_a_meter_forgets_a_rollout_that_ended() -> None:
    """Its pods' counters need no longer be kept."""
    (stage,), meter = await started("a"), CountingMeter()
    rollouts = [stage.rollout]
    sampling = Sampling(meter, stage.clock, lambda: rollouts)
    await sampling.look()

    rollouts.clear()
    await stage.clock.sleep(Seconds(5.0))
    await sampling.look()

    assert meter.forgotten == [Key("default", "a")]


async def test_hundreds_of_rollouts_let_others_have_their_turn() -> None:
    """A breach in one of them does not wait until all have said what to count."""
    stages, meter = (
        await started(*(str(n) for n in range(2 * TARGETS_PER_TURN))),
        CountingMeter(),
    )
    clock, turns = stages[0].clock, 0
    sampling = Sampling(meter, clock, lambda: [s.rollout for s in stages])

    async def other() -> None:
        nonlocal turns
        while not meter.asked:
            turns += 1
            await clock.sleep(Seconds(0.0))

    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        await sampling.look()

    assert turns >= 2
    assert [len(keys) for keys in meter.asked] == [len(stages)]
