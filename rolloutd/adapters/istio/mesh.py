"""Moves traffic by patching VirtualServices; looks at what a cache holds of them.

What is refused depends on how much is at stake. While the canary has no traffic, everything
must be in order: all routes, all VirtualServices, both subsets. Once it has some, only the
primary's routes must be readable, and a write that takes traffic away from the canary asks for
nothing that it could do without: a rollback is not to fail for a subset that somebody deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.istio.fields import identity, metadata, text
from rolloutd.adapters.istio.hosts import USUAL, Naming
from rolloutd.adapters.istio.patch import Notes, Order, operations
from rolloutd.adapters.istio.routes import Unroutable
from rolloutd.adapters.istio.sight import KIND, Sight, Viewpoint
from rolloutd.core.observation import MeshBlind, MeshSeen, MeshSighting
from rolloutd.core.plan import Plan, Routes
from rolloutd.core.units import Percent
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable
from rolloutd.ports import Json, KubeApi, KubeCache

GROUP = "networking.istio.io"

Absorb: TypeAlias = Callable[[str, Json], object]
"""Takes the kind and the new state of an object that we wrote, ahead of the watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A request ready to be sent; without operations there is nothing to send."""

    path: str
    operations: Sequence[Json]


class IstioMesh:
    """Implements ``ports.Mesh`` through VirtualServices.

    Args:
        cache: Holds VirtualServices and DestinationRules of all namespaces in use.
        api: Where patches go.
        epoch: Gives the present leadership's number, or ``None`` where nobody competes.
        absorb: Told of every object that a patch returned, so that the next look does not
            wait for the watch.
        naming: How the cluster is laid out, and what we are called in it.
    """

    def __init__(
        self,
        cache: KubeCache,
        api: KubeApi,
        *,
        epoch: Callable[[], int | None],
        absorb: Absorb,
        naming: Naming = USUAL,
    ) -> None:
        self._view = Viewpoint(cache=cache, naming=naming)
        self._api = api
        self._installation = naming.installation
        self._epoch = epoch
        self._absorb = absorb

    def look(self, plan: Plan) -> MeshSighting:
        """Say what the cached VirtualServices hold; the share is the primary's. No I/O."""
        first, *rest = (self._view.read(plan, routes) for routes in plan.virtual_services)
        if isinstance(first, Unroutable):
            return self._blind(plan, first.reason)
        if first.canary == 0:
            for sight in (first, *rest):
                if trouble := self._view.unready(plan, sight):
                    return self._blind(plan, trouble)
        return _seen(plan, first, rest, self._epoch())

    def _blind(self, plan: Plan, reason: str) -> MeshBlind:
        """Say what is wrong; an edit of the plan in mid-run may be all of it."""
        found = self._view.present(plan, plan.virtual_services[0])
        if isinstance(found, Unroutable):
            return MeshBlind(reason=reason)
        return MeshBlind(reason=reason, record=ours.record(found, plan.key.name))

    def hosts(self, plan: Plan) -> tuple[str, str]:
        """Return the full host names of the stable and the canary arm.

        Raises:
            Refused: The plan's routes are not there, so nothing names a host.
        """
        routing = self._sight(plan, plan.virtual_services[0]).routing
        return routing.stable_host, routing.canary_host

    async def write(self, plan: Plan, canary: Percent, record: str, *, why: str) -> None:
        """Make the canary's share exactly this and store the record with it, atomically.

        The primary goes first, whether the share rises or falls: it holds the truth that the
        others are measured by. The others follow together; all are tried, and the first
        failure is raised once all have answered. A share that rises is refused as a whole if
        one of them could not follow.

        Raises:
            Unavailable: No answer: it may or may not have happened.
            Conflict: Someone wrote since we read.
            Refused: The change was rejected, or the plan does not fit what is there.
        """
        primary, *others = plan.virtual_services
        sight = self._sight(plan, primary)
        notes = self._notes(plan, canary, record, why)
        first = self._draft(plan, sight, canary, notes)
        rest = [self._draft_or_refusal(plan, other, canary) for other in others]
        refusals = [draft for draft in rest if isinstance(draft, Refused)]
        if refusals and sight.gives_more(canary):
            raise refusals[0]
        await self._send(first)
        failures = await self._send_all([draft for draft in rest if isinstance(draft, _Draft)])
        for failure in (*failures, *refusals):
            raise failure

    async def note(self, plan: Plan, record: str) -> None:
        """Store the record on the primary alone; weights stay as they are.

        Raises:
            Unavailable: No answer: it may or may not have happened.
            Conflict: Someone wrote since we read.
            Refused: The change was rejected, or the primary is not there.
        """
        found = self._view.present(plan, plan.virtual_services[0])
        if isinstance(found, Unroutable):
            raise Refused(found.reason)
        lasting = {ours.keys(plan.key.name).record: _bounded(record), **_shared()}
        notes = Notes(lasting=lasting, passing=self._mark(plan))
        patch = operations(found, None, notes, epoch=self._epoch())
        await self._send(_Draft(path=_path(found), operations=patch))

    def _sight(self, plan: Plan, routes: Routes) -> Sight:
        sight = self._view.read(plan, routes)
        if isinstance(sight, Unroutable):
            raise Refused(sight.reason)
        return sight

    def _draft(self, plan: Plan, sight: Sight, canary: Percent, notes: Notes) -> _Draft:
        if trouble := self._view.unfit(plan, sight, canary):
            raise Refused(trouble)
        found, order = sight.found, Order(routing=sight.routing, canary=canary)
        patch = operations(found, order, notes, epoch=self._fence(found, canary))
        return _Draft(path=_path(found), operations=patch)

    def _draft_or_refusal(
        self, plan: Plan, routes: Routes, canary: Percent
    ) -> _Draft | Refused:
        shared = Notes(lasting=_shared(), passing={})
        try:
            return self._draft(plan, self._sight(plan, routes), canary, shared)
        except Refused as refusal:
            return refusal

    def _notes(self, plan: Plan, canary: Percent, record: str, why: str) -> Notes:
        """Return what the primary is to say."""
        keys = ours.keys(plan.key.name)
        ordered = {keys.record: _bounded(record), keys.desired_weight: str(canary)}
        told = {keys.last_transition: why[: ours.REASON_LIMIT]}
        return Notes(lasting={**ordered, **_shared()}, passing={**told, **self._mark(plan)})

    def _mark(self, plan: Plan) -> dict[str, str]:
        """Return what tells later whose run it was."""
        name = plan.key.name
        if not self._installation:
            return {}
        return {ours.keys(name).owner: ours.owner(self._installation, name)}

    def _fence(self, found: Json, canary: Percent) -> int | None:
        """Return the epoch to test and to leave, ``None`` for a rollback that would fail it.

        A cluster restored without its Lease counts leaderships from the beginning, and every
        epoch found is later than ours. That must not keep traffic on a bad canary. A leader
        that is really past does no harm by the same way: it can only take the canary off.
        """
        epoch, last = self._epoch(), ours.epoch(found)
        is_late = epoch is not None and last is not None and last > epoch
        return None if is_late and canary == 0 else epoch

    async def _send(self, draft: _Draft) -> None:
        if draft.operations:
            self._absorb(KIND, await self._api.patch(draft.path, draft.operations))

    async def _send_all(self, drafts: Sequence[_Draft]) -> list[RolloutdError]:
        """Send at once, so that one slow answer does not delay the others' rollback."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._send_or_failure(draft), name=f"patch {draft.path}")
                for draft in drafts
            ]
        return [failure for task in tasks if (failure := task.result()) is not None]

    async def _send_or_failure(self, draft: _Draft) -> RolloutdError | None:
        try:
            await self._send(draft)
        except (Unavailable, Conflict, Refused) as failure:
            return failure
        return None


def _seen(
    plan: Plan, first: Sight, rest: Sequence[Sight | Unroutable], epoch: int | None
) -> MeshSeen:
    """Compare what is held with what was ordered; without an order nothing is out of step."""
    tampered = first.order is None and ours.is_ordered(first.found, plan.key.name)
    wanted = first.canary if first.order is None else first.order
    sights = [each for each in (first, *rest) if isinstance(each, Sight)]
    reasons = (ours.hold_off(each.found) for each in sights)
    return MeshSeen(
        canary=first.canary,
        record=ours.record(first.found, plan.key.name),
        primary_in_step=not tampered and (first.order is None or first.holds(first.order)),
        secondaries_in_step=all(
            isinstance(each, Sight) and (wanted is None or each.holds(wanted)) for each in rest
        ),
        hold_off=next((reason for reason in reasons if reason is not None), None),
        is_stamped=epoch is None or all(ours.epoch(each.found) == epoch for each in sights),
    )


def _shared() -> dict[str, str]:
    return {ours.MANAGED_BY: ours.OURSELVES}


def _bounded(record: str) -> str:
    size = len(record.encode())
    if size > ours.RECORD_LIMIT:
        raise Refused(f"The record has {size} bytes, more than {ours.RECORD_LIMIT}.")
    return record


def _path(found: Mapping[str, object]) -> str:
    """Return an object's path in the API version in which it was read."""
    version = text(found.get("apiVersion"))
    if not version.startswith(f"{GROUP}/"):
        raise Refused(f"{KIND} {identity(found)} was read without an apiVersion of {GROUP}.")
    meta = metadata(found)
    namespace, name = text(meta.get("namespace")), text(meta.get("name"))
    return f"/apis/{version}/namespaces/{namespace}/virtualservices/{name}"
