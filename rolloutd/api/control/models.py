"""What goes over the wire. ``/openapi.json`` is made from these classes."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from rolloutd.core.observation import Ruling
from rolloutd.core.state import Cause, Phase
from rolloutd.engine.conditions import Truth

Share = Annotated[int, Field(ge=0, le=100, description="Share of traffic in whole percent.")]


Verb = Literal["pause", "resume", "skip", "promote", "rollback", "retry", "start"]


class Role(enum.Enum):
    """What a caller may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    """May order, and may do all that a viewer may."""


class Sent(BaseModel):
    """A part of an answer: camelCase, times in RFC 3339 UTC, units in the name."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class StepForm(Sent):
    """One step of the plan, ``weightPercent`` for a weight, otherwise a pause."""

    weight_percent: Share | None
    seconds: float | None = Field(
        description="Shortest hold, or length of the pause; null waits for a person."
    )


class SplitForm(Sent):
    """The canary's share of traffic: ordered, and counted."""

    desired_percent: Share | None = Field(
        description="What the VirtualService holds; null when unknown."
    )
    observed_ratio: float | None = Field(description="Share of counted requests, 0 to 1.")
    observed_requests: int = Field(description="How many requests that rests on.")
    in_force: bool | None = Field(description="Whether both agree; null while too few to tell.")


class GateForm(Sent):
    """One gate's ruling, and what a person needs to check it."""

    gate: str
    ruling: Ruling
    reason: str
    seen_at: datetime
    certified: bool = Field(description="A regression of the size that matters is ruled out.")
    enforced: bool = Field(description="False in shadow mode.")
    canary: float | None
    stable: float | None
    limit: float | None
    room: float | None = Field(
        description="How far from a breach: 1 far, 0 at it, negative beyond."
    )
    unit: str = Field(description="ratio, ms, or empty for a custom value.")
    samples: int = Field(description="Canary requests it rests on.")
    in_a_row: int | None = Field(
        default=None,
        description="Looks in a row that found it fine, as far as this process has seen; null"
        " of a run that is over.",
    )
    evidence: dict[str, float | None] = Field(description="Named numbers behind the reason.")


class PauseForm(Sent):
    """Why a rollout stands still."""

    cause: Cause
    actor: str
    reason: str
    until: datetime | None = Field(description="Null when a person must end it.")


class ConditionForm(Sent):
    """One thing that is so, or not; the same as in the status of a plan object."""

    type: str = Field(description="Such as Ready, Stalled, Paused or GatesPassing.")
    status: Truth
    reason: str = Field(description="CamelCase, for programs.")
    message: str = Field(description="A full sentence, for people.")


class TransitionForm(Sent):
    """One line of the story."""

    at: datetime
    phase: Phase
    step: int
    weight_percent: Share
    actor: str = Field(description="Who asked; empty when the daemon decided.")
    reason: str


class Summary(Sent):
    """One rollout in a list."""

    namespace: str
    name: str
    phase: Phase | None = Field(description="Null before the first look at the cluster.")
    run: int | None = Field(description="Number of this attempt.")
    step: int | None = Field(description="Counted from 0; what expectedStep is held to.")
    step_count: int
    suspect: bool
    split: SplitForm
    rulings: dict[str, Ruling] = Field(description="What each gate says, by its name.")
    why: str = Field(description="Why it is where it is, a full sentence.")
    what_next: str = Field(description="What comes next, a full sentence.")
    at: datetime | None = Field(description="When the next move is due, if a time is known.")
    obstacles: list[str] = Field(description="What keeps it from moving now.")
    trouble: str = Field(description="What keeps the daemon from writing; empty if nothing.")
    since: datetime | None = Field(description="When the phase was entered.")


class Full(Summary):
    """Everything about one rollout."""

    seen_at: datetime = Field(description="As of when this is: the daemon's last turn.")
    interval_seconds: float = Field(description="Between two looks at the metrics.")
    stable: str = Field(description="Name of the stable arm: its subset, host or Deployment.")
    canary: str = Field(description="Likewise of the canary.")
    reason: str = Field(description="Why the phase was entered.")
    started: datetime | None
    step_since: datetime | None = Field(description="When the step began, less pauses.")
    steps: list[StepForm]
    gates: list[GateForm]
    pause: PauseForm | None
    conditions: list[ConditionForm] = Field(description="How it stands, one of each type.")
    timeline: list[TransitionForm] = Field(description="The last transitions, newest last.")


class Listing(Sent):
    """Every rollout that was asked for."""

    items: list[Summary]
    complaints: list[str] = Field(description="What is wrong with which plan file.")
    trouble: str = Field(
        default="",
        description="Why these, or those that say so, are records alone, read by a replica"
        " that does not lead and can't reach the one that does; empty if nothing.",
    )
    cluster: str = Field(
        default="", description="What people call the cluster; empty if they have not said."
    )
    replica: str = Field(
        default="",
        description="Host of the replica that tells: of the one that leads, if it can.",
    )


class FaultForm(Sent):
    """One thing wrong with a request."""

    field: str
    message: str


class Problem(Sent):
    """Problem details (RFC 9457)."""

    type: str = Field(description="Names the kind of problem; programs compare this.")
    title: str
    status: int
    detail: str
    errors: list[FaultForm] = Field(default_factory=list)


def _whole(value: object) -> object:
    """Take 2.0 for 2: JSON does not tell them apart, and neither do some clients."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Step = Annotated[int, Field(ge=0), BeforeValidator(_whole)]


class Order(BaseModel):
    """Body of an order; an empty body is an order without a reason."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, strict=True
    )

    reason: Annotated[
        str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")
    ] = Field(default="", description="For the timeline and for whoever is told. One line.")
    expected_step: Step | None = Field(
        default=None,
        description="The step you were looking at: 409 if it has moved on. Not for rollbacks.",
    )


class Promotion(Order):
    """Body of ``promote``."""

    full: bool = Field(
        default=False, description="All the way to 100 %; otherwise only past this hold."
    )


class LoginForm(BaseModel):
    """Body of a login."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True
    )

    token: str = Field(min_length=1, repr=False, description="A bearer token.")


class SessionForm(Sent):
    """Who is asking, and what they may do."""

    user: str
    role: Role = Field(description="operator where any order is allowed.")
    verbs: list[Verb] = Field(description="Orders that are allowed, there where was asked for.")
    can_log_out: bool = Field(description="Whether a cookie proves it, which logging out ends.")


class Word(Sent):
    """Event ``word``: what people are told."""

    namespace: str
    name: str
    what: str
    text: str
    actor: str


class Gone(Sent):
    """Event ``gone``: a rollout that is no more."""

    namespace: str
    name: str
