"""Looking: everything a decision rests on, gathered from ports into one value. No I/O."""

from __future__ import annotations

import dataclasses

from rolloutd.core.evidence import Evidence, rulings
from rolloutd.core.machine import ACTIVE, ordered
from rolloutd.core.observation import Command, MeshBlind, MeshSeen, MeshSighting, Observation
from rolloutd.core.plan import Latency, Plan, Promql, SidecarMetrics
from rolloutd.core.split import split
from rolloutd.core.state import Record
from rolloutd.core.target import ArmTarget, Target
from rolloutd.engine.world import World
from rolloutd.errors import Refused


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the outside asks of a rollout at this moment.

    Attributes:
        command: The first in the queue.
        superseded: Why this canary is no longer the wanted one.
    """

    command: Command | None = None
    plan_removed: bool = False
    superseded: str | None = None
    start_due: bool = False


def look(
    plan: Plan, mesh: MeshSighting, evidence: Evidence, wishes: Wishes, world: World
) -> Observation:
    """Gather one observation."""
    namespace = plan.key.namespace
    return Observation(
        wall=world.clock.wall(),
        mesh=mesh,
        stable=world.workloads.deployment(namespace, plan.stable.deployment),
        canary=world.workloads.deployment(namespace, plan.canary.deployment),
        verdicts=rulings(evidence),
        split=split(evidence.flow),
        command=wishes.command,
        plan_removed=wishes.plan_removed,
        superseded=wishes.superseded,
        start_due=wishes.start_due,
        unread=evidence.unread,
        course=evidence.course,
    )


def without_record(mesh: MeshSeen, record: Record | None) -> MeshSeen:
    """Judge a VirtualService whose record someone removed under a running rollout.

    Without annotations nothing says what the weights should be; our own memory does. Other
    weights are then drift like any other.
    """
    if mesh.record is not None or record is None or record.phase not in ACTIVE:
        return mesh
    return dataclasses.replace(mesh, primary_in_step=mesh.canary == ordered(record))


def target(plan: Plan, world: World) -> Target | MeshBlind:
    """Resolve a plan's arms to what metrics call them."""
    try:
        stable_host, canary_host = world.mesh.hosts(plan)
    except Refused as refusal:
        return MeshBlind(reason=str(refusal))
    namespace, sidecars = plan.key.namespace, isinstance(plan.metrics.source, SidecarMetrics)
    stable, canary = (
        ArmTarget(
            workload=arm.deployment,
            host=host,
            subset=arm.subset or "",
            pods=world.workloads.pods(namespace, arm.deployment) if sidecars else (),
        )
        for arm, host in ((plan.stable, stable_host), (plan.canary, canary_host))
    )
    return Target(
        key=plan.key,
        stable=stable,
        canary=canary,
        metrics=plan.metrics,
        latency=any(isinstance(gate, Latency) for gate in plan.gates),
        queries=tuple(gate for gate in plan.gates if isinstance(gate, Promql)),
    )
