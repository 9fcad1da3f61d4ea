"""The gate on the success ratio, judged sequentially."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from rolloutd.core.gate import limits
from rolloutd.core.gate.account import account, evidence
from rolloutd.core.gate.control import from_history
from rolloutd.core.gate.explain import sentence
from rolloutd.core.gate.juror import NOT_YET, blind, elapsed_since, enforced
from rolloutd.core.gate.limits import Beyond, Limit
from rolloutd.core.gate.plain import from_plain
from rolloutd.core.gate.rules import Rules, rules
from rolloutd.core.gate.standing import (
    EDGE,
    RULINGS,
    Finding,
    Standing,
    graver,
    reference,
    standing,
)
from rolloutd.core.gate.stream import (
    Stream,
    Tally,
    Totals,
    advanced,
    cap_of,
    is_broken,
    opened,
    paired,
)
from rolloutd.core.observation import Counts, GateVerdict, History, Sample
from rolloutd.core.plan import Confidence, SuccessRate
from rolloutd.core.units import Instant

FAILS: Final = "fails"

LIMIT_PART: Final = 0.1
"""Part of the bound on false rollbacks that goes to an absolute limit where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the gate has learnt.

    Attributes:
        beyond: Evidence that the arms break the absolute limit.
        unread: The arm that the newest sample lacks.
    """

    at: Instant
    stream: Stream
    beyond: Beyond
    unread: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialSuccess:
    """Judges the success ratio by evidence summed over the run.

    Attributes:
        rules: Of the comparison with stable.
        limit: The user's absolute limit, if any.
    """

    gate: SuccessRate
    rules: Rules
    limit: Limit | None
    state: Heard

    @property
    def told(self) -> tuple[object, ...]:
        """All that was given before anything was heard, history apart."""
        return (self.gate, self.rules, self.limit)

    def restored(self, state: object) -> SequentialSuccess:
        """Return the same juror with a state read from JSON."""
        return dataclasses.replace(self, state=from_plain(Heard, state))

    def hear(self, sample: Sample) -> SequentialSuccess:
        """Take one admitted sample in; both arms or none."""
        canary, stable = sample.canary, sample.stable
        if canary is None or stable is None:
            # One arm's failures without the other's would look like a difference of arms.
            unread = "the canary" if canary is None else "stable"
            state = dataclasses.replace(self.state, at=sample.end, unread=unread)
            return self._with(state)
        tally = tally_of(self.state.at, sample, canary, stable)
        return self._with(
            Heard(
                at=sample.end,
                stream=advanced(self.state.stream, self.rules, tally),
                beyond=self._weighed(tally),
            )
        )

    def verdict(self) -> GateVerdict:
        """Rule on the evidence so far."""
        state, recent = self.state, self.state.stream.control.recent
        if state.at == NOT_YET:
            return blind(self.gate, state.at, "Nothing was counted yet.")
        if state.unread is not None:
            return blind(self.gate, state.at, f"The counts of {state.unread} were not read.")
        if recent.canary_requests == 0:
            return blind(self.gate, state.at, "The canary got no requests in the last minute.")
        return self._ruled(self._finding())

    def _with(self, state: Heard) -> SequentialSuccess:
        return SequentialSuccess(
            gate=self.gate, rules=self.rules, limit=self.limit, state=state
        )

    def _weighed(self, tally: Tally) -> Beyond:
        if self.limit is None:
            return self.state.beyond
        pair = paired(self.state.stream, tally, learning=self.rules.warm_up)
        cap = cap_of(self.limit.convicts, pair.elapsed, broken=is_broken(pair))
        return limits.weighed(
            self.state.beyond, self.limit, Totals(*tally[2:]), pair.excess, cap
        )

    def _finding(self) -> Finding:
        stream = self.state.stream
        stands = standing(stream, self.rules)
        words = account(stream, self.rules, stands, FAILS)
        compared = Finding(
            ruling=RULINGS[stands], words=words, certified=stands is Standing.CERTIFIED
        )
        if stands is Standing.CONVICTED or self.limit is None:
            return compared
        worse = stream.present.log >= self.rules.incident_limit - EDGE
        lately = Totals(*stream.control.recent[1:5])
        against = limits.objection(self.state.beyond, self.limit, lately, FAILS, worse=worse)
        return graver(against, compared)

    def _ruled(self, found: Finding) -> GateVerdict:
        stream, recent = self.state.stream, self.state.stream.control.recent
        usual = reference(stream)
        bound = 1.0 - usual - self.rules.least_rise
        return GateVerdict(
            gate=self.gate.name,
            ruling=found.ruling,
            at=self.state.at,
            reason=sentence(found.words),
            certified=found.certified,
            enforced=enforced(self.gate),
            canary=1.0 - recent.canary_failures / recent.canary_requests,
            stable=_success(recent.stable_requests, recent.stable_failures),
            limit=bound if self.gate.minimum is None else max(bound, self.gate.minimum),
            room=min(
                room_of(stream, self.rules), limits.room_of(self.state.beyond, self.limit)
            ),
            unit="ratio",
            samples=stream.whole.canary_requests,
            evidence=evidence(stream, self.rules),
        )


def sequential_success(
    gate: SuccessRate, confidence: Confidence, bound: float, history: History | None
) -> SequentialSuccess:
    """Return a juror that has heard nothing.

    Args:
        gate: The question.
        confidence: The user's knobs.
        bound: On the chance of a false rollback, for this gate alone.
        history: Of stable, when known.
    """
    part = LIMIT_PART if gate.minimum is not None else 0.0
    told = rules(
        false_rollback=bound * (1.0 - part),
        certainty=confidence.certainty,
        regression=confidence.regression,
        tolerated=gate.max_drop,
        warm_up=confidence.warm_up,
    )
    absolute = (
        None if gate.minimum is None else limits.limit(1.0 - gate.minimum, bound * LIMIT_PART)
    )
    baseline, dispersion = from_history(history)
    return SequentialSuccess(
        gate=gate,
        rules=told,
        limit=absolute,
        state=Heard(
            at=NOT_YET,
            stream=opened(told, baseline, dispersion),
            beyond=limits.unheard(),
        ),
    )


def tally_of(last: Instant, sample: Sample, canary: Counts, stable: Counts) -> Tally:
    """Return what both arms counted, and the time that has passed since the last sample."""
    return Tally(
        elapsed_since(last, sample),
        sample.end - sample.start,
        canary.requests,
        canary.failures,
        stable.requests,
        stable.failures,
    )


def room_of(stream: Stream, told: Rules) -> float:
    """Return how much of the evidence needed for a conviction is still missing, as a share."""
    against = min(stream.past.log / told.limit, stream.present.log / told.incident_limit)
    return 1.0 - max(0.0, against)


def _success(requests: int, failures: int) -> float | None:
    return 1.0 - failures / requests if requests > 0 else None
