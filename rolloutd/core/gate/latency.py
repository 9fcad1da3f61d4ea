"""The gate on request durations, judged sequentially."""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from rolloutd.core.gate import limits
from rolloutd.core.gate.durations import Quantile, buckets, shared_edges
from rolloutd.core.gate.explain import millis, sentence
from rolloutd.core.gate.juror import NOT_YET, blind, elapsed_since, enforced
from rolloutd.core.gate.limits import DOUBT, Beyond, Limit
from rolloutd.core.gate.norms import norm
from rolloutd.core.gate.plain import from_plain
from rolloutd.core.gate.slowness import (
    Interval,
    Slowness,
    Terms,
    last_minute,
    moved,
    opened,
)
from rolloutd.core.gate.standing import Finding, graver
from rolloutd.core.gate.stream import Totals, cap_of
from rolloutd.core.gate.tempo import compared, evidence, quantiles
from rolloutd.core.observation import GateVerdict, Histogram, History, Ruling, Sample
from rolloutd.core.plan import Confidence, Latency
from rolloutd.core.units import Instant

LIMIT_PART: Final = 0.1
"""Part of the bound on false rollbacks that goes to an absolute limit where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What the gate has learnt.

    Attributes:
        stream: ``None`` before both arms' buckets were seen.
        beyond: Evidence that the arms break the absolute limit.
        unread: What the newest sample lacks.
    """

    at: Instant
    stream: Slowness | None
    beyond: Beyond
    unread: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialLatency:
    """Judges durations by evidence summed over the run.

    Attributes:
        terms: Of the comparison with stable.
        limit: On the share of requests beyond the plan's maximum, if it has one.
        history: Stable's durations before the run, when known.
    """

    gate: Latency
    terms: Terms
    limit: Limit | None
    history: Histogram | None
    state: Timed

    @property
    def told(self) -> tuple[object, ...]:
        """All that was given before anything was heard, history apart."""
        return (self.gate, self.terms, self.limit)

    def restored(self, state: object) -> SequentialLatency:
        """Return the same juror with a state read from JSON."""
        return self._with(from_plain(Timed, state))

    def hear(self, sample: Sample) -> SequentialLatency:
        """Take one admitted sample in; both arms or none."""
        canary = sample.canary.latency if sample.canary is not None else None
        stable = sample.stable.latency if sample.stable is not None else None
        if canary is None or stable is None:
            unread = "the canary" if canary is None else "stable"
            return self._unread(sample.end, f"The durations of {unread} were not read.")
        edges = shared_edges(canary, stable)
        if not edges:
            return self._unread(sample.end, "The arms' histograms have no edge in common.")
        ours, theirs = buckets(canary, edges), buckets(stable, edges)
        new = Interval(elapsed_since(self.state.at, sample), ours, theirs)
        return self._with(self._heard(sample.end, edges, new))

    def verdict(self) -> GateVerdict:
        """Rule on the evidence so far."""
        state = self.state
        if state.at == NOT_YET:
            return blind(self.gate, state.at, "Nothing was counted yet.")
        if state.unread is not None or state.stream is None:
            return blind(self.gate, state.at, state.unread or "No durations were read yet.")
        if sum(last_minute(state.stream)[0]) == 0:
            return blind(self.gate, state.at, "The canary got no requests in the last minute.")
        found = compared(state.stream, self.terms, self.gate.quantile)
        if self.limit is not None:
            found = graver(self._absolute(state.stream, self.limit), found)
        return self._ruled(state.stream, found)

    def _with(self, state: Timed) -> SequentialLatency:
        return SequentialLatency(
            gate=self.gate,
            terms=self.terms,
            limit=self.limit,
            history=self.history,
            state=state,
        )

    def _unread(self, at: Instant, why: str) -> SequentialLatency:
        return self._with(dataclasses.replace(self.state, at=at, unread=why))

    def _heard(self, at: Instant, edges: tuple[float, ...], new: Interval) -> Timed:
        stream = self.state.stream
        if stream is None or stream.norm.edges != edges:
            # Other edges are other questions: what was learnt by the old ones is void.
            stream = opened(norm(edges, self._past(edges)))
        beyond, begin = self.state.beyond, self._first_beyond(edges)
        if self.limit is not None and begin is not None:
            cap = cap_of(self.limit.convicts, new.elapsed)
            counted = _totals(new.canary, new.stable, begin)
            excess = stream.norm.dispersion - 1.0
            beyond = limits.weighed(beyond, self.limit, counted, excess, cap)
        return Timed(at=at, stream=moved(stream, self.terms, new), beyond=beyond)

    def _past(self, edges: tuple[float, ...]) -> tuple[float, ...]:
        if self.history is None or not set(edges) <= set(self.history.bounds):
            return (0.0,) * (len(edges) + 1)
        return tuple(float(count) for count in buckets(self.history, edges))

    def _first_beyond(self, edges: tuple[float, ...]) -> int | None:
        """Return the first bucket that lies beyond the maximum for sure."""
        maximum = self.gate.maximum
        if maximum is None or maximum > edges[-1]:
            return None
        return bisect_left(edges, maximum) + 1

    def _absolute(self, stream: Slowness, asked: Limit) -> Finding | None:
        begin = self._first_beyond(stream.norm.edges)
        if begin is None:
            return Finding(
                ruling=Ruling.HOLD,
                words="the maximum lies beyond the last bucket, so that it can't be judged:"
                " lower it or add a bucket above it",
            )
        lately = _totals(*last_minute(stream), begin)
        verb = f"takes over {millis(stream.norm.edges[begin - 1])} in"
        worse = stream.wealth.log >= DOUBT
        return limits.objection(self.state.beyond, asked, lately, verb, worse=worse)

    def _ruled(self, stream: Slowness, found: Finding) -> GateVerdict:
        canary, stable = quantiles(stream, self.gate.quantile)
        return GateVerdict(
            gate=self.gate.name,
            ruling=found.ruling,
            at=self.state.at,
            reason=sentence(found.words),
            certified=found.certified,
            enforced=enforced(self.gate),
            canary=None if canary is None else canary.value,
            stable=None if stable is None else stable.value,
            limit=self._bound(stable),
            room=min(
                1.0 - max(0.0, stream.wealth.log / self.terms.limit),
                limits.room_of(self.state.beyond, self.limit),
            ),
            unit="ms",
            samples=stream.requests,
            evidence=evidence(stream, self.terms),
        )

    def _bound(self, stable: Quantile | None) -> float | None:
        bounds = [] if self.gate.maximum is None else [float(self.gate.maximum)]
        if stable is not None:
            bounds.append(stable.value * self.terms.slowdown)
        return min(bounds, default=None)


def sequential_latency(
    gate: Latency, confidence: Confidence, bound: float, history: History | None
) -> SequentialLatency:
    """Return a juror that has heard nothing.

    Args:
        gate: The question.
        confidence: The user's knobs.
        bound: On the chance of a false rollback, for this gate alone.
        history: Of stable, when known.
    """
    part = LIMIT_PART if gate.maximum is not None else 0.0
    terms = Terms(
        limit=math.log(1.0 / (bound * (1.0 - part))),
        acquittal=math.log(1.0 / (1.0 - confidence.certainty)),
        slowdown=max(confidence.slowdown, gate.max_ratio or 0.0),
        warm_up=confidence.warm_up,
    )
    absolute = limits.limit(1.0 - gate.quantile, bound * LIMIT_PART) if part else None
    past = history.latency if history is not None else None
    state = Timed(at=NOT_YET, stream=None, beyond=limits.unheard())
    return SequentialLatency(gate=gate, terms=terms, limit=absolute, history=past, state=state)


def _totals(canary: tuple[int, ...], stable: tuple[int, ...], begin: int) -> Totals:
    return Totals(sum(canary), sum(canary[begin:]), sum(stable), sum(stable[begin:]))
