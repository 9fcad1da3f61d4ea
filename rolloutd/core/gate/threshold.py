"""The classical judgement: values over a window against limits.

One window beyond the limit is a breach. What the statistical gates add - patience with noise,
incidents of both arms told apart - is missing here on purpose: some people want exactly this.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.core.gate.durations import Quantile, quantile
from rolloutd.core.gate.explain import failing, millis, points, sentence, share, wanting
from rolloutd.core.gate.juror import NOT_YET, blind, enforced
from rolloutd.core.gate.plain import from_plain
from rolloutd.core.gate.spans import (
    Span,
    canary_rate,
    canary_total,
    extended,
    span_of,
    stable_total,
)
from rolloutd.core.observation import Counts, GateVerdict, Ruling, Sample
from rolloutd.core.plan import Latency, Samples, SuccessRate
from rolloutd.core.units import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What a threshold gate remembers: the intervals of its window."""

    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The strictest limit in force.

    Attributes:
        value: In the gate's unit.
        words: Where it comes from.
    """

    value: float
    words: str


Limit: TypeAlias = Bound | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessThreshold:
    """Judges the success ratio over the window."""

    gate: SuccessRate
    samples: Samples
    state: Recent = Recent()

    @property
    def told(self) -> tuple[object, ...]:
        """All that was given before anything was heard."""
        return (self.gate, self.samples)

    def restored(self, state: object) -> SuccessThreshold:
        """Return the same juror with a state read from JSON."""
        return dataclasses.replace(self, state=from_plain(Recent, state))

    def hear(self, sample: Sample) -> SuccessThreshold:
        """Take one admitted sample in."""
        return dataclasses.replace(self, state=_heard(self.state, sample, self.samples))

    def verdict(self) -> GateVerdict:
        """Compare the canary's ratio with the minimum and with stable's."""
        spans = self.state.spans
        unknown = _unknown(self.gate, self.samples, spans)
        if unknown is not None:
            return unknown
        canary, stable = canary_total(spans), stable_total(spans)
        limit = self._limit(stable)
        if limit is None:
            return _no_control(self.gate, spans[-1].end, canary)
        return self._ruled(spans[-1].end, canary, stable, limit)

    def _limit(self, stable: Counts) -> Limit:
        bounds: list[Bound] = []
        if self.gate.minimum is not None:
            words = f"at least {share(self.gate.minimum)} must succeed"
            bounds.append(Bound(value=self.gate.minimum, words=words))
        if self.gate.max_drop is not None and stable.requests > 0:
            drop = self.gate.max_drop
            bounds.append(
                Bound(
                    value=1.0 - stable.failures / stable.requests - drop,
                    words=f"at most {points(drop)} more than stable may fail",
                )
            )
        return max(bounds, key=lambda bound: bound.value, default=None)

    def _ruled(self, at: Instant, canary: Counts, stable: Counts, limit: Bound) -> GateVerdict:
        value = 1.0 - canary.failures / canary.requests
        good = value >= limit.value
        allowed = 1.0 - limit.value
        failed = canary.failures / canary.requests
        counted = f"{failing('canary', canary)}, {failing('stable', stable)}"
        return GateVerdict(
            gate=self.gate.name,
            ruling=Ruling.FINE if good else Ruling.BREACH,
            at=at,
            reason=sentence(f"{counted}; {limit.words}"),
            certified=good,
            enforced=enforced(self.gate),
            canary=value,
            stable=None if stable.requests == 0 else 1.0 - stable.failures / stable.requests,
            limit=limit.value,
            # Of the failures that are allowed, not of the successes: 99.9 % is not close
            # to a limit of 99 %.
            room=(allowed - failed) / allowed if allowed > 0.0 else min(0.0, -failed),
            unit="ratio",
            samples=canary.requests,
            evidence=_counted(canary, stable),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyThreshold:
    """Judges a quantile of the durations over the window."""

    gate: Latency
    samples: Samples
    state: Recent = Recent()

    @property
    def told(self) -> tuple[object, ...]:
        """All that was given before anything was heard."""
        return (self.gate, self.samples)

    def restored(self, state: object) -> LatencyThreshold:
        """Return the same juror with a state read from JSON."""
        return dataclasses.replace(self, state=from_plain(Recent, state))

    def hear(self, sample: Sample) -> LatencyThreshold:
        """Take one admitted sample in."""
        return dataclasses.replace(self, state=_heard(self.state, sample, self.samples))

    def verdict(self) -> GateVerdict:
        """Compare the canary's quantile with the maximum and with stable's."""
        spans = self.state.spans
        unknown = _unknown(self.gate, self.samples, spans)
        if unknown is not None:
            return unknown
        canary, stable = canary_total(spans), stable_total(spans)
        at, slow = spans[-1].end, self._quantile(canary)
        if slow is None:
            return blind(self.gate, at, "The canary's requests came without durations.")
        normal = self._quantile(stable)
        limit = self._limit(normal)
        if limit is None:
            return _no_control(self.gate, at, canary)
        return self._ruled(at, slow, normal, limit, canary)

    def _quantile(self, counts: Counts) -> Quantile | None:
        return None if counts.latency is None else quantile(counts.latency, self.gate.quantile)

    def _limit(self, stable: Quantile | None) -> Limit:
        bounds: list[Bound] = []
        if self.gate.maximum is not None:
            words = f"at most {millis(self.gate.maximum)} is allowed"
            bounds.append(Bound(value=self.gate.maximum, words=words))
        if self.gate.max_ratio is not None and stable is not None:
            words = f"at most {self.gate.max_ratio:g} times stable's is allowed"
            bounds.append(Bound(value=stable.value * self.gate.max_ratio, words=words))
        return min(bounds, key=lambda bound: bound.value, default=None)

    def _ruled(
        self,
        at: Instant,
        slow: Quantile,
        normal: Quantile | None,
        limit: Bound,
        counts: Counts,
    ) -> GateVerdict:
        good = slow.value <= limit.value
        # Beyond the last edge a quantile is only known to be large.
        unclear = good and slow.beyond
        p = f"p{100.0 * self.gate.quantile:g}"
        over = "over " if slow.beyond else ""
        against = "unknown" if normal is None else millis(normal.value)
        words = f"canary's {p} is {over}{millis(slow.value)}, stable's {against}; {limit.words}"
        if unclear:
            words += ", which lies beyond the last bucket: lower it or add a bucket above it"
        return GateVerdict(
            gate=self.gate.name,
            ruling=_ruling(good=good, unclear=unclear),
            at=at,
            reason=sentence(words),
            certified=good and not unclear,
            enforced=enforced(self.gate),
            canary=slow.value,
            stable=None if normal is None else normal.value,
            limit=limit.value,
            room=(limit.value - slow.value) / limit.value if limit.value > 0.0 else None,
            unit="ms",
            samples=counts.requests,
            evidence={"canaryRequests": float(counts.requests)},
        )


def _ruling(*, good: bool, unclear: bool) -> Ruling:
    if unclear:
        return Ruling.HOLD
    return Ruling.FINE if good else Ruling.BREACH


def _heard(state: Recent, sample: Sample, samples: Samples) -> Recent:
    return Recent(spans=extended(state.spans, span_of(sample), samples.window))


def _unknown(
    gate: SuccessRate | Latency, samples: Samples, spans: tuple[Span, ...]
) -> GateVerdict | None:
    """Rule where there is nothing, or too little, to judge."""
    if not spans:
        return blind(gate, NOT_YET, "Nothing was counted yet.")
    at = spans[-1].end
    for arm, counts in (("The canary", spans[-1].canary), ("Stable", spans[-1].stable)):
        if counts is None:
            return blind(gate, at, f"{arm}'s counts could not be read.")
    canary = canary_total(spans)
    if canary.requests == 0:
        return blind(gate, at, "The canary got no requests in the window.")
    if canary.requests >= samples.min_requests:
        return None
    missing = samples.min_requests - canary.requests
    return _held(gate, at, canary, wanting(missing, canary_rate(spans)))


def _no_control(gate: SuccessRate | Latency, at: Instant, canary: Counts) -> GateVerdict:
    return _held(gate, at, canary, "stable has no requests to compare with")


def _held(gate: SuccessRate | Latency, at: Instant, canary: Counts, words: str) -> GateVerdict:
    return GateVerdict(
        gate=gate.name,
        ruling=Ruling.HOLD,
        at=at,
        reason=sentence(words),
        enforced=enforced(gate),
        samples=canary.requests,
        evidence={"canaryRequests": float(canary.requests)},
    )


def _counted(canary: Counts, stable: Counts) -> dict[str, float]:
    return {
        "canaryRequests": float(canary.requests),
        "canaryFailures": float(canary.failures),
        "stableRequests": float(stable.requests),
        "stableFailures": float(stable.failures),
    }
