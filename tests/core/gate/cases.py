"""Plans and samples for tests of the gates: name what the test is about, the rest is normal."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rolloutd.core.gate import Jury, hear, verdicts
from rolloutd.core.observation import Counts, GateVerdict, Histogram, Sample
from rolloutd.core.plan import (
    Afterwards,
    Arm,
    Confidence,
    Gate,
    IstioMetrics,
    Judgement,
    Key,
    Latency,
    Metrics,
    OnBlind,
    OnBreach,
    Plan,
    Promql,
    Reporter,
    Routes,
    Samples,
    StartAuto,
    SuccessRate,
    WeightStep,
)
from rolloutd.core.units import Instant, Millis, Percent, Ratio, Seconds

START = 1_000.0
"""When the first interval begins, far from nought so that roundings show."""

SAMPLES = Samples(interval=Seconds(5.0), window=Seconds(60.0), min_requests=100)


def plan(
    *gates: Gate, samples: Samples = SAMPLES, confidence: Confidence | None = None
) -> Plan:
    """Return a plan with these gates."""
    return Plan(
        key=Key("default", "checkout"),
        virtual_services=(Routes(virtual_service="checkout", routes=()),),
        stable=Arm(host=None, subset="v1", deployment="checkout-v1"),
        canary=Arm(host=None, subset="v2", deployment="checkout-v2"),
        steps=(WeightStep(weight=Percent(10), hold=Seconds(60.0)),),
        gates=gates,
        confidence=confidence or Confidence(),
        metrics=Metrics(
            source=IstioMetrics(reporter=Reporter.DESTINATION),
            grpc_failures=frozenset({14}),
            http_failures=(500, 599),
        ),
        samples=samples,
        on_breach=OnBreach.ROLLBACK,
        on_blind=OnBlind(hold=Seconds(1200.0), then=Afterwards.HOLD),
        scale_down_after=None,
        start=StartAuto(),
        windows=(),
        notify=(),
        digest="d1",
        origin="plan.yaml:1",
    )


def success(
    judgement: Judgement = Judgement.THRESHOLD,
    *,
    minimum: float | None = None,
    max_drop: float | None = None,
    name: str = "success-rate",
) -> SuccessRate:
    """Return a gate on the success ratio."""
    return SuccessRate(
        name=name,
        minimum=None if minimum is None else Ratio(minimum),
        max_drop=None if max_drop is None else Ratio(max_drop),
        judgement=judgement,
    )


def latency(
    judgement: Judgement = Judgement.THRESHOLD,
    *,
    quantile: float = 0.99,
    maximum: float | None = None,
    max_ratio: float | None = None,
) -> Latency:
    """Return a gate on a quantile of the durations."""
    return Latency(
        name="latency",
        quantile=Ratio(quantile),
        maximum=None if maximum is None else Millis(maximum),
        max_ratio=max_ratio,
        judgement=judgement,
    )


def promql(
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    max_ratio: float | None = None,
    consecutive: int = 1,
) -> Promql:
    """Return a gate on a query of the user's own."""
    return Promql(
        name="saturation",
        query="saturation{version='v2'}",
        stable_query=None if max_ratio is None else "saturation{version='v1'}",
        minimum=minimum,
        maximum=maximum,
        max_ratio=max_ratio,
        consecutive=consecutive,
        judgement=Judgement.THRESHOLD,
    )


def counts(requests: int, failures: int = 0, latency: Histogram | None = None) -> Counts:
    """Return one arm's counts."""
    return Counts(requests=requests, failures=failures, latency=latency)


def interval(
    number: int,
    canary: Counts | None,
    stable: Counts | None,
    *,
    weight: int = 10,
    values: Mapping[str, tuple[float | None, float | None]] | None = None,
) -> Sample:
    """Return the sample of the n-th interval, counted from 0."""
    return Sample(
        start=Instant(START + number * 5.0),
        end=Instant(START + (number + 1) * 5.0),
        stable=stable,
        canary=canary,
        weight=Percent(weight),
        values=values or {},
    )


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """A service under steady load, whose requests fail independently.

    Attributes:
        rate: Requests a second, both arms together.
        weight: The canary's share in percent.
        canary: Its failure ratio.
        stable: Likewise.
    """

    rate: int = 50
    weight: int = 10
    canary: float = 0.001
    stable: float = 0.001

    def samples(self, count: int, *, seed: int = 1, first: int = 0) -> list[Sample]:
        """Draw consecutive intervals of 5 s, the same for the same seed."""
        draw = random.Random(seed)  # noqa: S311 - noise, not secrets
        canary = self.rate * 5 * self.weight // 100
        stable = self.rate * 5 - canary
        return [
            interval(
                number,
                counts(canary, sum(draw.random() < self.canary for _ in range(canary))),
                counts(stable, sum(draw.random() < self.stable for _ in range(stable))),
                weight=self.weight,
            )
            for number in range(first, first + count)
        ]


EDGES = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0)
"""Edges of Istio's default histogram, as far as they matter here."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """A service whose durations are lognormal: median 40 ms, p99 129 ms, unless slowed.

    Attributes:
        rate: Requests a second, both arms together.
        weight: The canary's share in percent.
        canary: How many times as slow the canary is.
        stable: Likewise.
        stuck: Share of the canary's requests that take half a second more.
    """

    rate: int = 50
    weight: int = 10
    canary: float = 1.0
    stable: float = 1.0
    stuck: float = 0.0

    def samples(self, count: int, *, seed: int = 1, first: int = 0) -> list[Sample]:
        """Draw consecutive intervals of 5 s, the same for the same seed."""
        draw = random.Random(seed)  # noqa: S311 - noise, not secrets
        canary = self.rate * 5 * self.weight // 100
        stable = self.rate * 5 - canary
        return [
            interval(
                number,
                counts(canary, 0, self.times(draw, canary, self.canary, self.stuck)),
                counts(stable, 0, self.times(draw, stable, self.stable, 0.0)),
                weight=self.weight,
            )
            for number in range(first, first + count)
        ]

    def times(
        self, draw: random.Random, requests: int, slower: float = 1.0, stuck: float = 0.0
    ) -> Histogram:
        """Draw the durations of some requests."""
        taken = [
            slower * 40.0 * math.exp(0.503 * draw.gauss(0.0, 1.0))
            + 500.0 * (draw.random() < stuck)
            for _ in range(requests)
        ]
        below = tuple(sum(each <= edge for each in taken) for edge in EDGES)
        return Histogram(bounds=EDGES, counts=(*below, requests))


def after_hearing(jury: Jury, samples: Iterable[Sample]) -> Jury:
    """Let a jury hear samples in order."""
    for sample in samples:
        jury = hear(jury, sample)
    return jury


def only(jury: Jury) -> GateVerdict:
    """Return the verdict of a jury with one gate."""
    (verdict,) = verdicts(jury)
    return verdict
