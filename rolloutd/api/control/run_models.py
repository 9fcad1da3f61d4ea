"""What goes over the wire of numbers over time, and of runs that are over."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from rolloutd.api.control.models import GateForm, Sent, Share, TransitionForm
from rolloutd.core.observation import Ruling

Outcome: TypeAlias = Literal["promoted", "rolledBack", "aborted"]


class GateSeriesForm(Sent):
    """One gate over time; null where nothing is known."""

    unit: str = Field(description="ratio, ms, or empty for a custom value.")
    canary: list[float | None]
    stable: list[float | None]
    limit: list[float | None]
    ruling: list[Ruling | None]


class SeriesForm(Sent):
    """A run over time, in columns of equal length, oldest first; null where nothing is known.

    Of a long run the older part is thinned.
    """

    at: list[float] = Field(description="Seconds since the epoch.")
    desired_percent: list[Share | None] = Field(
        description="The canary's share that the VirtualService held."
    )
    observed_ratio: list[float | None] = Field(
        description="The canary's share of counted requests, 0 to 1."
    )
    gates: dict[str, GateSeriesForm]


class LastSeries(SeriesForm):
    """The present run, or the last one, over time."""

    trouble: str = Field(
        default="",
        description="What is missing, and why: told by a replica that does not lead and can't"
        " reach the one that does; empty if nothing.",
    )


class ClosestForm(Sent):
    """When a gate was nearest to a breach."""

    gate: str
    room: float = Field(
        description="How far from a breach it was: 1 far, 0 at it, negative beyond."
    )
    weight_percent: Share


class CourseForm(Sent):
    """What a run has been through, as far as one process has counted."""

    since: datetime = Field(description="When counting began: after a restart, in mid-run.")
    requests: int = Field(description="The canary's.")
    failures: int
    looks: int = Field(description="Looks at the metrics that gates have judged.")
    fine: int = Field(description="Of which all enforced gates were fine.")
    closest: ClosestForm | None


class RunSummary(Sent):
    """A run that is over, in a list."""

    run: int = Field(description="Its number, counted per VirtualService.")
    outcome: Outcome = Field(description="rolledBack by the daemon, aborted by a person.")
    started: datetime
    ended: datetime
    stable_version: str = Field(description="Name of the stable arm: its subset or host.")
    canary_version: str = Field(description="Likewise of the canary.")
    reason: str = Field(description="Why it ended.")
    actor: str = Field(description="Who ended it; empty when the daemon decided.")


class RunForm(RunSummary):
    """Everything that is kept of a run that is over."""

    namespace: str
    name: str
    timeline: list[TransitionForm] = Field(description="Its story, oldest first.")
    gates: list[GateForm] = Field(description="What the gates said last.")
    course: CourseForm | None = Field(description="Null where nothing was counted.")
    series: SeriesForm


class Runs(Sent):
    """The runs of a rollout that are over and kept, newest first."""

    items: list[RunSummary]
    trouble: str = Field(
        default="",
        description="Why the newest may be missing: told by a replica that does not lead and"
        " can't reach the one that does; empty if nothing.",
    )
