"""What the cluster is known to hold of one rollout, and the writing of it.

Apart from ``Rollout`` so that the rules of writing stand in one place: a record is ours once it
is stored; an attempt whose answer was lost is recognised when it turns up after all.
"""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.core.actions import Decision, ScaleDownStable
from rolloutd.core.machine import ENDED, ordered
from rolloutd.core.observation import MeshBlind, MeshSighting
from rolloutd.core.plan import Plan
from rolloutd.core.record_text import from_text, to_text
from rolloutd.core.retirement import LATE
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Instant, after
from rolloutd.engine.world import World
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable

ROLLED_BACK = frozenset({Phase.ROLLED_BACK, Phase.ABORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """The cluster holds another record than we knew."""

    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """The write whose answer was lost has happened after all."""

    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The cluster holds something that is not a record."""

    reason: str


class Ledger:
    """Knows which record is stored; writes the next one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stored: str | None = None
        self._attempt: tuple[str, Decision] | None = None
        self._goal: Phase | None = None
        self._wanted: Instant = world.clock.now()
        # Until proved otherwise an earlier process may have died between two VirtualServices.
        self._unfinished = True

    @property
    def wanted(self) -> Instant:
        """When what was written last was first decided: its failed attempts count as one."""
        return self._wanted

    def compare(self, stored: str | None) -> Adopted | Landed | Unreadable | None:
        """Compare with what the cluster holds; ``None`` when that is what we knew.

        A record that vanished tells nothing new: ours is restated.
        """
        if stored is None or stored == self._stored:
            return None
        if self._attempt is not None and stored == self._attempt[0]:
            self._stored, decision = self._attempt
            self._attempt = self._goal = None
            # Known of the primary alone: the others looked in step while it held the old order.
            self._unfinished = True
            return Landed(decision=decision)
        try:
            record = from_text(stored)
        except Refused as unreadable:
            return Unreadable(reason=str(unreadable))
        self._stored, self._attempt, self._unfinished = stored, None, True
        return Adopted(record=record)

    def disown(self, stored: str | None) -> None:
        """Take an unreadable record as known, so that the next write replaces it."""
        self._stored = stored

    def due(self, decision: Decision, mesh: MeshSighting) -> str | None:
        """Return the record to write; ``None`` when the cluster holds all of it already."""
        record = decision.state.record
        if record is None or (record.phase is Phase.WAITING and not record.commands):
            return None
        text = to_text(record)
        if isinstance(mesh, MeshBlind):
            # A rollback does not wait for a mesh that is understood: the write will tell.
            wanted = record.phase in ROLLED_BACK and text != self._stored
            return text if wanted else None
        whole = mesh.secondaries_in_step and mesh.record == text and mesh.is_stamped
        unsure = self._unfinished or self._is_recent(record)
        self._unfinished = unsure and not mesh.secondaries_in_step
        ours = record.phase not in ENDED or self._unfinished
        is_news = text != self._stored or mesh.record is None
        return text if is_news or (ours and not whole) else None

    async def write(self, plan: Plan, decision: Decision, text: str) -> RolloutdError | None:
        """Make the decision true in the cluster; return what stood in the way.

        Afterwards it is stored, or the answer is unknown and ``compare`` will tell.
        """
        record = decision.state.record
        self._pursue(record)
        try:
            await self._write(plan, decision, record, text)
        except (Unavailable, Conflict, Refused) as failure:
            self._attempt, self._unfinished = (text, decision), True
            return failure
        self._stored, self._attempt, self._unfinished = text, None, False
        self._goal = None
        return None

    def _pursue(self, record: Record | None) -> None:
        goal = None if record is None else record.phase
        if goal is not self._goal:
            self._goal, self._wanted = goal, self._world.clock.now()

    async def _write(
        self, plan: Plan, decision: Decision, record: Record | None, text: str
    ) -> None:
        retires = any(isinstance(action, ScaleDownStable) for action in decision.actions)
        if retires and record is not None:
            # Before the record that says it is done: repeating it is harmless.
            workloads, name = self._world.workloads, plan.stable.deployment
            await workloads.scale_to_zero(plan.key.namespace, name, record.retiring)
        weight = ordered(record) if record is not None else None
        hands_off = record is not None and record.pause is not None and record.pause.hands_off
        if weight is None or hands_off or record is None or self._is_reminder(record, text):
            await self._world.mesh.note(plan, text)
        else:
            await self._world.mesh.write(plan, weight, text, why=record.reason)

    def _is_recent(self, record: Record) -> bool:
        """Say whether weights from before a rollback may still turn up.

        A secondary that had no canary traffic when it was rolled back was not written, so no
        resourceVersion turns a step's late write away.
        """
        back = record.phase in ROLLED_BACK
        return back and self._world.clock.now() < after(record.since, LATE)

    def _is_reminder(self, record: Record, text: str) -> bool:
        """Say whether only the record has vanished, and the run had ended.

        Its weights are whoever's who replaced the VirtualService, as after any end. But that
        it has ended must be known to the next process, or it would begin again.
        """
        return record.phase in ENDED and text == self._stored and not self._unfinished
