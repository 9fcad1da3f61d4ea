"""Which plan is in force while plans are edited under a running rollout."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from rolloutd.core.machine import ACTIVE
from rolloutd.core.plan import Plan, Routes
from rolloutd.core.state import Record
from rolloutd.core.steps import arms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """The plan in force, and the one that waits for its rollback.

    An edit of steps, gates or rules takes force at once; the policy applies it from the next
    step. An edit that names other arms or routes is another rollout: the present one is rolled
    back first, by the plan that it runs under.

    Attributes:
        left: Why nobody carries the present run any more; empty while somebody does.
    """

    current: Plan
    coming: Plan | None = None
    removed: bool = False
    left: str = ""

    @property
    def superseded(self) -> str | None:
        """Why the present run must give way; ``None`` when it need not."""
        if self.left:
            return self.left
        return None if self.coming is None else "the plan names another canary or route now"

    def follow(self, plan: Plan | None) -> Succession:
        """Take the plan as it is now; ``None`` when its file has gone."""
        if plan is None:
            return dataclasses.replace(self, removed=True)
        if _same_traffic(plan, self.current):
            return Succession(current=plan)
        return dataclasses.replace(self, coming=plan, removed=False)

    def settle(self, record: Record | None) -> Succession:
        """Let the coming plan take over once no run is under way.

        A record whose arms or routes are not the plan's is a run that another process began.
        Either that knew of the coming plan before us, and carries it out; or the run was left
        behind, and is ended by a plan that names what the record does.
        """
        if record is None or record.phase not in ACTIVE:
            return self if self.coming is None else self._give_way(self.coming)
        if _is_of(record, self.current):
            return self
        newest = self.current if self.coming is None else self.coming
        if _is_of(record, newest):
            return self._give_way(newest)
        left = _of_record(self.current, record)
        return dataclasses.replace(self, current=left, coming=newest)

    def _give_way(self, plan: Plan) -> Succession:
        return dataclasses.replace(self, current=plan, coming=None, left="")


def _same_traffic(one: Plan, other: Plan) -> bool:
    return arms_of(one) == arms_of(other) and one.virtual_services == other.virtual_services


def _is_of(record: Record, plan: Plan) -> bool:
    """Say whether a record is that of a run of this plan as it stands."""
    return record.arms == arms_of(plan) and _routes_of(plan, record) == plan.virtual_services


def _routes_of(plan: Plan, record: Record) -> tuple[Routes, ...]:
    """Return what a record moves: the plan's own where it does not say, or was copied there."""
    primary = plan.virtual_services[0].virtual_service
    is_told = record.routes and record.routes[0].virtual_service == primary
    return record.routes if is_told else plan.virtual_services


def _of_record(plan: Plan, record: Record) -> Plan:
    arms = record.arms
    return dataclasses.replace(
        plan,
        virtual_services=_routes_of(plan, record),
        stable=dataclasses.replace(
            plan.stable, host=arms.stable_host, subset=arms.stable_subset
        ),
        canary=dataclasses.replace(
            plan.canary, host=arms.canary_host, subset=arms.canary_subset
        ),
    )
