"""Who keeps what was done."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path

from rolloutd.adapters.audit.file import ChainFile
from rolloutd.adapters.audit.trail import AuditTrail
from rolloutd.adapters.kubernetes.history import RunHistory
from rolloutd.bootstrap.outside import Outside
from rolloutd.core.plan import Key
from rolloutd.core.units import Seconds
from rolloutd.ports import Scribe
from rolloutd.settings import Settings
from rolloutd.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembrance:
    """Who keeps what was done.

    Attributes:
        errands: Their tasks, by name.
        drains: Each writes what is left within a time, when all else has ended.
    """

    scribes: tuple[Scribe, ...]
    history: RunHistory
    errands: Sequence[tuple[str, Callable[[], Coroutine[object, object, None]]]]
    drains: Sequence[Callable[[Seconds], Coroutine[object, object, None]]]


def remembrance(
    settings: Settings,
    world: Outside,
    epoch: Callable[[Key], int | None],
    metrics: Metrics,
) -> Remembrance:
    """Return those who keep what was done; they write once their errands run.

    Args:
        settings: Where the audit file is, if there is one.
        world: Where the history is.
        epoch: Gives the number of our leadership of a rollout, if there is a competition.
        metrics: Where failures are counted.
    """
    # Not fenced: a run that we saw to its end is ours to tell of, whoever leads by then.
    history = RunHistory(world.api, world.pace.clock, metrics)
    trails = _trails(settings.audit_file, world, epoch, metrics)
    return Remembrance(
        scribes=(history, *trails),
        history=history,
        errands=[("history", history.run), *(("audit", trail.run) for trail in trails)],
        drains=[history.drain, *(trail.drain for trail in trails)],
    )


def _trails(
    path: Path | None, world: Outside, epoch: Callable[[Key], int | None], metrics: Metrics
) -> Sequence[AuditTrail]:
    if path is None:
        return ()
    return [AuditTrail(ChainFile(path), world.pace.clock, metrics, epoch)]
