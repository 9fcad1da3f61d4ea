"""What the daemon says of rollouts in a list. Words stay words: a newer one may know more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rolloutd.cli.remote.fields import Fields
from rolloutd.core.units import Instant, Percent, Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One rollout in a list.

    Attributes:
        phase: As spelt on the wire; ``unknown`` before the daemon's first look.
        step: Counted from 0; ``None`` likewise.
        desired: The canary's share that the VirtualService holds.
        observed: Its share of the requests counted.
        in_force: Whether both agree; ``None`` while too few requests tell.
        rulings: What each gate says, by its name.
        at: When the next move is due, if a time is known.
        obstacles: What keeps it from moving now.
        trouble: What keeps the daemon from writing; empty if nothing.
    """

    namespace: str
    name: str
    phase: str
    run: int | None
    step: int | None
    step_count: int
    suspect: bool
    desired: Percent | None
    observed: Ratio | None
    observed_requests: int
    in_force: bool | None
    rulings: Mapping[str, str]
    why: str
    what_next: str
    at: Instant | None
    obstacles: tuple[str, ...]
    trouble: str
    since: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Every rollout that was asked for.

    Attributes:
        complaints: What is wrong with which plan file.
        trouble: Why these are records alone; empty when the daemon itself told of them.
        told: When the daemon said so, by its own clock; ``None`` when that is not known.
        form: All of it as it came, for programs.
    """

    items: tuple[Summary, ...]
    complaints: tuple[str, ...]
    trouble: str
    told: Instant | None = None
    form: object = field(default=None, repr=False, compare=False)


def read_listing(form: object, told: Instant | None = None) -> Listing:
    """Read the answer to a list.

    Raises:
        Unavailable: It is not one.
    """
    fields = Fields(form)
    return Listing(
        items=tuple(read_summary(each) for each in fields.parts("items")),
        complaints=fields.texts("complaints"),
        trouble=fields.text("trouble"),
        told=told,
        form=form,
    )


def read_summary(fields: Fields) -> Summary:
    """Read one rollout of a list, or the part of a whole one that lists have, too.

    Raises:
        Unavailable: It is not one.
    """
    split = fields.part("split")
    desired, observed = split.maybe_whole("desiredPercent"), split.maybe_number("observedRatio")
    return Summary(
        namespace=fields.text("namespace"),
        name=fields.text("name"),
        phase=fields.text("phase") or "unknown",
        run=fields.maybe_whole("run"),
        step=fields.maybe_whole("step"),
        step_count=fields.whole("stepCount"),
        suspect=fields.flag("suspect"),
        desired=None if desired is None else Percent(desired),
        observed=None if observed is None else Ratio(observed),
        observed_requests=split.whole("observedRequests"),
        in_force=split.maybe_flag("inForce"),
        rulings={gate: str(ruling) for gate, ruling in fields.mapping("rulings").items()},
        why=fields.text("why"),
        what_next=fields.text("whatNext"),
        at=fields.maybe_moment("at"),
        obstacles=fields.texts("obstacles"),
        trouble=fields.text("trouble"),
        since=fields.maybe_moment("since"),
    )
