"""A mesh that remembers, and that fails when told to."""

from __future__ import annotations

import dataclasses
import enum
from collections import deque

from rolloutd.core.observation import MeshBlind, MeshSeen, MeshSighting
from rolloutd.core.plan import Plan
from rolloutd.core.units import Percent
from rolloutd.errors import Refused, RolloutdError
from tests.builders import a_mesh


class Lost(enum.Enum):
    """At which point a failing write fails."""

    BEFORE = "before it happened"
    AFTER = "after it happened"
    HALFWAY = "after the primary, before the other VirtualServices"


class FakeMesh:
    """Implements ``ports.Mesh`` for one VirtualService.

    Attributes:
        holds: What a look shows.
        writes: Weights written, ``None`` for a note.
    """

    def __init__(self) -> None:
        self.holds: MeshSighting = a_mesh(0)
        self.writes: list[int | None] = []
        self._failures: deque[tuple[RolloutdError, Lost]] = deque()

    def fail_next(self, failure: RolloutdError, lost: Lost = Lost.BEFORE) -> None:
        """Let the next write fail, once; several calls queue up."""
        self._failures.append((failure, lost))

    def look(self, plan: Plan) -> MeshSighting:
        """Say what it holds."""
        del plan
        return self.holds

    def hosts(self, plan: Plan) -> tuple[str, str]:
        """Name both arms alike: a subset-level split."""
        if isinstance(self.holds, MeshBlind):
            raise Refused(self.holds.reason)
        host = f"{plan.key.name}.{plan.key.namespace}.svc.cluster.local"
        return host, host

    async def write(self, plan: Plan, canary: Percent, record: str, *, why: str) -> None:
        """Hold this weight and record."""
        del plan, why
        self._commit(canary, record)

    async def note(self, plan: Plan, record: str) -> None:
        """Hold this record."""
        del plan
        self._commit(None, record)

    def _commit(self, canary: Percent | None, record: str) -> None:
        failure, lost = self._failures.popleft() if self._failures else (None, Lost.AFTER)
        if lost is not Lost.BEFORE:
            before = self.holds if isinstance(self.holds, MeshSeen) else a_mesh(0)
            share = before.canary if canary is None else canary
            self.holds = dataclasses.replace(
                before,
                canary=share,
                record=record,
                primary_in_step=canary is not None or before.primary_in_step,
                secondaries_in_step=lost is not Lost.HALFWAY,
            )
            self.writes.append(canary)
        if failure is not None:
            raise failure
