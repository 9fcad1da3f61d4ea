"""Asks the meter for all rollouts at once, at each one's interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from rolloutd.core.observation import Reading, Unread
from rolloutd.core.plan import Key
from rolloutd.core.target import Target
from rolloutd.core.units import Instant, Seconds, elapsed
from rolloutd.engine.rollout import Rollout
from rolloutd.engine.waiting import AT_ONCE
from rolloutd.ports import Clock, Meter

NOTICE = Seconds(0.5)
"""How soon a rollout that has just begun is first looked at."""

TARGETS_PER_TURN = 50
"""Rollouts asked for their targets before the loop gets its turn: some 50 microseconds each."""

Hear: TypeAlias = Callable[[Rollout, Reading | Unread], None]
"""Takes an answer to the rollout it is for."""


class Sampling:
    """One task for all rollouts, so that equal intervals become one question."""

    def __init__(
        self,
        meter: Meter,
        clock: Clock,
        rollouts: Callable[[], Collection[Rollout]],
        hear: Hear = Rollout.hear,
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._rollouts = rollouts
        self._hear = hear
        self._due: dict[Key, Instant] = {}

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await self._clock.sleep(await self.look())

    async def look(self) -> Seconds:
        """Ask for every rollout whose time has come; return for how long none is due."""
        now, rollouts = self._clock.now(), self._rollouts()
        due = [each for each in rollouts if self._due.get(each.plan.key, now) <= now]
        asked = await self._targets(due)
        resting = {each.plan.key for each in due} - {each.plan.key for each, _ in asked}
        gone = set(self._due) - {each.plan.key for each in rollouts}
        self._forget(gone | resting)
        for rollout, _ in asked:
            self._due[rollout.plan.key] = _next(rollout.plan.samples.interval, now)
        if asked:
            await self._ask(asked)
        soonest = min(self._due.values(), default=Instant(now + NOTICE))
        return min(NOTICE, elapsed(self._clock.now(), soonest))

    async def _targets(self, due: Sequence[Rollout]) -> list[tuple[Rollout, Target]]:
        asked: list[tuple[Rollout, Target]] = []
        for number, rollout in enumerate(due, start=1):
            if (target := rollout.target()) is not None:
                asked.append((rollout, target))
            if number % TARGETS_PER_TURN == 0:
                await self._clock.sleep(AT_ONCE)
        return asked

    async def _ask(self, asked: list[tuple[Rollout, Target]]) -> None:
        answers = await self._meter.read([target for _, target in asked])
        for rollout, target in asked:
            self._hear(rollout, answers[target.key])
            # Hundreds of juries take a second: orders and breaches go in between.
            await self._clock.sleep(AT_ONCE)

    def _forget(self, gone: Collection[Key]) -> None:
        known = [key for key in gone if key in self._due]
        if known:
            self._meter.forget(known)
        for key in known:
            del self._due[key]


def _next(interval: Seconds, now: Instant) -> Instant:
    """Return the next point of a grid that all rollouts of this interval share."""
    return Instant((math.floor(now / interval) + 1) * interval)
