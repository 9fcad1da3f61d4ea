"""What a replica that does not lead knows by itself: the records in its caches."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutd.core.actions import Outlook
from rolloutd.core.observation import MeshBlind
from rolloutd.core.plan import Key, Plan
from rolloutd.core.record_text import from_text
from rolloutd.core.state import Record
from rolloutd.engine.view import View
from rolloutd.errors import Refused
from rolloutd.ports import Catalogue, Clock, Mesh, PlanSource


class Understudy:
    """Reads what the leader wrote, for when it can't be asked itself."""

    def __init__(self, mesh: Mesh, clock: Clock) -> None:
        self._mesh = mesh
        self._clock = clock
        self._catalogue: Catalogue | None = None

    async def run(self, source: PlanSource) -> None:
        """Follow the plans until cancelled."""
        async for catalogue in source.changes():
            self._catalogue = catalogue

    def has_read(self) -> bool:
        """Say whether the plans have been read once: before, nothing is known of any."""
        return self._catalogue is not None

    @property
    def complaints(self) -> Sequence[str]:
        """What is wrong with which plan file."""
        return () if self._catalogue is None else self._catalogue.complaints

    def views(self, trouble: str) -> Sequence[View]:
        """Show every rollout by its record, by key; ``trouble`` says why no better."""
        plans = {} if self._catalogue is None else self._catalogue.plans
        return [self._view(plans[key], trouble) for key in sorted(plans)]

    def view(self, key: Key, trouble: str) -> View | None:
        """Show one rollout by its record; ``None`` where there is no plan."""
        plan = None if self._catalogue is None else self._catalogue.plans.get(key)
        return None if plan is None else self._view(plan, trouble)

    def _view(self, plan: Plan, trouble: str) -> View:
        mesh = self._mesh.look(plan)
        record = None
        troubles = [trouble, mesh.reason] if isinstance(mesh, MeshBlind) else [trouble]
        try:
            record = None if mesh.record is None else from_text(mesh.record)
        except Refused as error:
            troubles.append(str(error))
        return View(
            plan=plan,
            record=record,
            at=self._clock.now(),
            outlook=_outlook(record),
            desired=None if isinstance(mesh, MeshBlind) else mesh.canary,
            trouble=" ".join(troubles),
        )


def _outlook(record: Record | None) -> Outlook:
    why = "No record says." if record is None else record.reason
    return Outlook(why=why, what_next="Only the replica that leads can say.")
