"""Asks how stable behaved before a run, so that gates need not learn it from the run itself."""

from __future__ import annotations

from collections.abc import Callable, Collection

from rolloutd.core.units import Seconds
from rolloutd.engine.rollout import Rollout
from rolloutd.ports import Clock, Hindsight

NOTICE = Seconds(0.5)
"""How soon after its start a run is asked for: before its first sample."""


class Recall:
    """One task for all rollouts, apart from looking and deciding: nobody waits for it."""

    def __init__(
        self, hindsight: Hindsight, clock: Clock, rollouts: Callable[[], Collection[Rollout]]
    ) -> None:
        self._hindsight = hindsight
        self._clock = clock
        self._rollouts = rollouts

    async def run(self) -> None:
        """Ask for one run after another, until cancelled."""
        while True:
            await self._clock.sleep(NOTICE)
            for rollout in tuple(self._rollouts()):
                began = rollout.unremembered
                target = None if began is None else rollout.target()
                if began is not None and target is not None:
                    rollout.recall(await self._hindsight.history(target, began))
