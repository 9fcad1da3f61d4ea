"""The form of gates and of what they are judged by. Descriptions are what users read."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from rolloutd.adapters.plans.base import Part, preset
from rolloutd.adapters.plans.names import GateName
from rolloutd.adapters.plans.quantities import (
    Duration,
    Interval,
    Percentage,
    Points,
    PositiveDuration,
)
from rolloutd.core.units import Ratio, Seconds

Mode: TypeAlias = Literal["sequential", "threshold", "shadow"]
"""How a gate reaches its ruling."""

_MODE = (
    "How the gate rules. `sequential`: evidence is summed over time, and a healthy canary is "
    "rolled back with a chance of at most `confidence.falseRollback`. `threshold`: the values "
    "of the last `samples.window` against the limits. `shadow`: judged and shown, never "
    "enforced."
)


class SuccessDrop(Part):
    """Compared with the stable arm at the same time."""

    max_drop: Points = Field(
        description="How many percentage points below stable the canary may lie, e.g. `0.5pp`."
    )


class SlowRatio(Part):
    """Compared with the stable arm at the same time."""

    max_ratio: Annotated[float, Field(gt=1.0, le=100.0)] = Field(
        description="How many times stable's quantile the canary's may be, e.g. `1.2`."
    )


class ValueRatio(Part):
    """Compared with the answer to `stableQuery`."""

    max_ratio: Annotated[float, Field(gt=0.0)] = Field(
        description="How many times stable's value the canary's may be, e.g. `1.5`."
    )


class SuccessRateGate(Part):
    """Requests that succeed, of all requests. What fails is said under `metrics`."""

    name: GateName = Field(description="Shown wherever the gate is; unique in the plan.")
    type: Literal["successRate"] = Field(description="`successRate`.")
    minimum: Percentage | None = Field(
        default=None,
        alias="min",
        description="Lowest share that must succeed, e.g. `99%`. Without it, stable is the "
        "only measure.",
    )
    vs_stable: SuccessDrop | None = Field(
        default=None, description="How much worse than stable the canary may be."
    )
    mode: Mode = preset("sequential", "sequential", _MODE)


class LatencyGate(Part):
    """A quantile of request durations."""

    name: GateName = Field(description="Shown wherever the gate is; unique in the plan.")
    type: Literal["latency"] = Field(description="`latency`.")
    quantile: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        description="Which quantile, between 0 and 1: `0.99` for p99."
    )
    maximum: PositiveDuration | None = Field(
        default=None,
        alias="max",
        description="Slowest that the quantile may be, e.g. `500ms`. Without it, stable is the "
        "only measure. Best at an edge of the histogram's buckets.",
    )
    vs_stable: SlowRatio | None = Field(
        default=None, description="How much slower than stable the canary may be."
    )
    mode: Mode = preset("sequential", "sequential", _MODE)


class PromqlGate(Part):
    """A value of your own, asked of Prometheus."""

    name: GateName = Field(description="Shown wherever the gate is; unique in the plan.")
    type: Literal["promql"] = Field(description="`promql`.")
    query: Annotated[str, Field(min_length=1, max_length=8192)] = Field(
        description="PromQL for the canary; it yields one number: a scalar, or one element."
    )
    stable_query: Annotated[str, Field(min_length=1, max_length=8192)] | None = Field(
        default=None, description="The same for stable; needed by `vsStable`."
    )
    minimum: float | None = Field(
        default=None, alias="min", description="Lowest acceptable value."
    )
    maximum: float | None = Field(
        default=None, alias="max", description="Highest acceptable value."
    )
    vs_stable: ValueRatio | None = Field(
        default=None, description="How much above stable's value the canary's may be."
    )
    consecutive: Annotated[int, Field(ge=1, le=100)] = preset(
        3, 3, "How many values beyond a limit in a row count as a breach."
    )
    mode: Literal["threshold", "shadow"] = preset(
        "threshold",
        "threshold",
        "`threshold` enforces the limits; `shadow` only shows what it would have done. A value "
        "without counts can't be judged sequentially.",
    )


Gate: TypeAlias = Annotated[
    SuccessRateGate | LatencyGate | PromqlGate, Field(discriminator="type")
]


class Confidence(Part):
    """The knobs of sequential judgement."""

    false_rollback: Percentage = preset(
        Ratio(0.001),
        "0.1%",
        "Highest chance that a healthy canary is rolled back in one run, all gates together.",
    )
    regression: Points = preset(
        Ratio(0.01), "1pp", "Smallest rise of the share of failures that matters to you."
    )
    slowdown: Annotated[float, Field(gt=1.0, le=100.0)] = preset(
        1.25, 1.25, "Smallest slowdown that matters: `1.25` is 25 % slower."
    )
    certainty: Percentage = preset(
        Ratio(0.99),
        "99%",
        "How surely such a regression must be ruled out before the canary gets more than half "
        "of the traffic.",
    )
    max_hold: Duration = preset(
        Seconds(1200.0),
        "20m",
        "Longest extra hold for want of evidence; then a person is asked. A restart begins it "
        "anew, as it does the evidence.",
    )
    warm_up: Duration = preset(
        Seconds(60.0),
        "60s",
        "How long a fresh canary's durations are not held against it, and how long stable is "
        "watched first where nothing is known of its past.",
    )


class Samples(Part):
    """How evidence is gathered."""

    interval: Interval = preset(
        Seconds(5.0), "5s", "Time between two looks at the metrics; at least `1s`."
    )
    window: PositiveDuration = preset(
        Seconds(60.0), "1m", "How far back a gate with `mode: threshold` looks."
    )
    min_requests: Annotated[int, Field(ge=1)] = preset(
        100,
        100,
        "Canary requests within the window that a gate with `mode: threshold` needs to speak.",
    )
