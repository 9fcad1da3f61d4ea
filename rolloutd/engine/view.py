"""What a rollout looks like from outside, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rolloutd.core.actions import Outlook
from rolloutd.core.observation import GateVerdict, Sample, SplitSeen
from rolloutd.core.plan import Plan
from rolloutd.core.state import Record
from rolloutd.core.units import Instant, Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One rollout, as of its last turn.

    Attributes:
        at: When that turn was.
        desired: The canary's share that the VirtualService holds; ``None`` when unknown.
        split: Where requests go; ``None`` while nothing tells of the present.
        streaks: In how many looks in a row each gate was fine, as far as we have seen.
        sample: The newest, for charts.
        trouble: What keeps the daemon from writing, if anything does.
    """

    plan: Plan
    record: Record | None
    at: Instant
    outlook: Outlook
    desired: Percent | None = None
    split: SplitSeen | None = None
    verdicts: tuple[GateVerdict, ...] = ()
    streaks: Mapping[str, int] = field(default_factory=dict)
    sample: Sample | None = None
    trouble: str = ""
