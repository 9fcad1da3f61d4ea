"""The ports that a rollout is driven through."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.ports import Clock, Estate, Herald, Hindsight, Mesh, Scribe, Workloads
from rolloutd.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside the engine, and where it keeps its own figures.

    Attributes:
        hindsight: ``None`` where nobody keeps what was counted.
        estate: ``None`` where runs that were left behind can't be told from other people's.
    """

    clock: Clock
    mesh: Mesh
    workloads: Workloads
    herald: Herald
    metrics: Metrics
    scribes: tuple[Scribe, ...] = ()
    hindsight: Hindsight | None = None
    estate: Estate | None = None
