"""Directs the performance: breaks what is to break, notes what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rolloutd.core.actions import Announce, Happening
from rolloutd.core.machine import ordered
from rolloutd.core.plan import Plan
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Instant, Percent, Seconds, elapsed
from rolloutd.ports import Clock
from rolloutd.sandbox.script import FAULTS, INCIDENT_AT, Script
from rolloutd.sandbox.services.traffic import SandboxTraffic

ATTENTION = Seconds(0.02)
"""How soon after a weight is in force its fault begins."""

SLOW = Seconds(0.2)
"""A call that takes longer is a bad one; the services answer in some milliseconds."""

GOING_BACK = frozenset({Happening.ROLLED_BACK, Happening.ABORTED})


@dataclass(slots=True)
class Notes:
    """What was seen from the director's chair."""

    broken_at: Instant | None = None
    decided_at: Instant | None = None
    steps: list[int] = field(default_factory=list)
    said: list[Announce] = field(default_factory=list)


class Stage:
    """Implements ``ports.Herald``: it hears of every decision as people would."""

    def __init__(self, script: Script, traffic: SandboxTraffic, clock: Clock) -> None:
        self._script = script
        self._traffic = traffic
        self._clock = clock
        self.notes = Notes()

    def tell(self, plan: Plan, record: Record, words: Announce) -> None:
        """Note what was decided."""
        del plan
        self.notes.said.append(words)
        weight = ordered(record)
        if weight is not None and (not self.notes.steps or self.notes.steps[-1] != weight):
            self.notes.steps.append(weight)
        if words.what in GOING_BACK:
            self.notes.decided_at = record.since

    async def direct(self, desired: Callable[[], Percent | None]) -> None:
        """Play the script's faults as the canary's share rises; return when all are played."""
        if self._script.breakage is not None:
            kind, weight = self._script.breakage
            await self._reach(desired, weight)
            self.notes.broken_at = self._clock.now()
            await self._traffic.break_canary(FAULTS[kind])
        if self._script.incident:
            await self._reach(desired, INCIDENT_AT)
            self._traffic.incident(on=True)
            await self._clock.sleep(self._script.incident_lasts)
            self._traffic.incident(on=False)

    async def _reach(self, desired: Callable[[], Percent | None], weight: Percent) -> None:
        while (desired() or 0) < weight:
            await self._clock.sleep(ATTENTION)

    def result(
        self, phase: Phase, weights: Mapping[str, int], writes: int
    ) -> dict[str, object]:
        """Sum up, in the form that ``-o json`` prints."""
        ledger = self._traffic.ledger
        return {
            "result": phase.value,
            "finalWeights": dict(weights),
            "detectSeconds": self._detection(),
            "restoreSeconds": self._restoration(),
            "requests": ledger.requests(),
            "failedRequests": ledger.failures(),
            "apiWrites": writes,
            "steps": self.notes.steps,
        }

    def _detection(self) -> float | None:
        """Return the time from the first bad answer to the decision."""
        broken, decided = self.notes.broken_at, self.notes.decided_at
        if broken is None or decided is None:
            return None
        bad = self._traffic.ledger.first_bad("v4", broken, slower=SLOW)
        return None if bad is None else round(elapsed(bad, decided), 3)

    def _restoration(self) -> float | None:
        """Return the time from the decision to the last call that still went to v4."""
        decided, last = self.notes.decided_at, self._traffic.ledger.last_start_on("v4")
        if decided is None or last is None:
            return None
        return round(elapsed(decided, last), 3)
