"""Everything that the daemon says of a rollout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rolloutd.cli.remote.fields import Fields
from rolloutd.cli.remote.summary import Summary, read_summary
from rolloutd.core.units import Instant, Percent, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the plan: a weight, or a pause where there is none.

    Attributes:
        hold: Shortest hold, or length of the pause; ``None`` waits for a person.
    """

    weight: Percent | None
    hold: Seconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate's ruling. Values are in ``unit``, ``room`` is a share of the limit.

    Attributes:
        in_a_row: Looks in a row that found it fine; ``None`` when nobody has counted.
    """

    name: str
    ruling: str
    reason: str
    seen: Instant
    certified: bool
    enforced: bool
    canary: float | None
    stable: float | None
    limit: float | None
    room: float | None
    unit: str
    samples: int
    evidence: Mapping[str, float]
    in_a_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the story.

    Attributes:
        actor: Who asked; empty when the daemon itself decided.
    """

    at: Instant
    phase: str
    step: int
    weight: Percent
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why a rollout stands still, and until when if not for a person."""

    cause: str
    actor: str
    reason: str
    until: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Full(Summary):
    """Everything about one rollout.

    Attributes:
        seen: As of when this is: the daemon's last turn.
        interval: Between two looks at the metrics.
        told: When the daemon said so, by its own clock; ``None`` when that is not known.
        form: All of it as it came, for programs.
    """

    seen: Instant
    interval: Seconds
    stable: str
    canary: str
    reason: str
    started: Instant | None
    step_since: Instant | None
    steps: tuple[Step, ...]
    gates: tuple[Gate, ...]
    pause: Pause | None
    timeline: tuple[Line, ...]
    told: Instant | None = None
    form: object = field(default=None, repr=False, compare=False)


def read_full(form: object, told: Instant | None = None) -> Full:
    """Read the answer about one rollout.

    Raises:
        Unavailable: It is not one.
    """
    fields = Fields(form)
    summary = read_summary(fields)
    pause = fields.maybe_part("pause")
    return Full(
        **{name: getattr(summary, name) for name in Summary.__dataclass_fields__},
        seen=fields.moment("seenAt"),
        interval=Seconds(fields.number("intervalSeconds")),
        stable=fields.text("stable"),
        canary=fields.text("canary"),
        reason=fields.text("reason"),
        started=fields.maybe_moment("started"),
        step_since=fields.maybe_moment("stepSince"),
        steps=tuple(_step(each) for each in fields.parts("steps")),
        gates=tuple(_gate(each) for each in fields.parts("gates")),
        pause=None if pause is None else _pause(pause),
        timeline=tuple(_line(each) for each in fields.parts("timeline")),
        told=told,
        form=form,
    )


def _step(fields: Fields) -> Step:
    weight, hold = fields.maybe_whole("weightPercent"), fields.maybe_number("seconds")
    return Step(
        weight=None if weight is None else Percent(weight),
        hold=None if hold is None else Seconds(hold),
    )


def _gate(fields: Fields) -> Gate:
    evidence = Fields(fields.mapping("evidence"))
    return Gate(
        name=fields.text("gate"),
        ruling=fields.text("ruling"),
        reason=fields.text("reason"),
        seen=fields.moment("seenAt"),
        certified=fields.flag("certified"),
        enforced=fields.flag("enforced"),
        canary=fields.maybe_number("canary"),
        stable=fields.maybe_number("stable"),
        limit=fields.maybe_number("limit"),
        room=fields.maybe_number("room"),
        unit=fields.text("unit"),
        samples=fields.whole("samples"),
        in_a_row=fields.maybe_whole("inARow"),
        evidence={
            name: value
            for name in fields.mapping("evidence")
            if (value := evidence.maybe_number(name)) is not None
        },
    )


def _pause(fields: Fields) -> Pause:
    return Pause(
        cause=fields.text("cause"),
        actor=fields.text("actor"),
        reason=fields.text("reason"),
        until=fields.maybe_moment("until"),
    )


def _line(fields: Fields) -> Line:
    return Line(
        at=fields.moment("at"),
        phase=fields.text("phase"),
        step=fields.whole("step"),
        weight=Percent(fields.whole("weightPercent")),
        actor=fields.text("actor"),
        reason=fields.text("reason"),
    )
