"""The user's own queries: limits, stable's value, and breaches in a row."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from rolloutd.core.gate.explain import sentence
from rolloutd.core.gate.juror import NOT_YET, blind, enforced
from rolloutd.core.gate.plain import from_plain
from rolloutd.core.observation import GateVerdict, Ruling, Sample
from rolloutd.core.plan import Promql
from rolloutd.core.units import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a custom gate remembers.

    Attributes:
        beyond: Answers beyond a limit in a row, the newest included.
        heard: Answers that could be judged.
    """

    at: Instant = NOT_YET
    canary: float | None = None
    stable: float | None = None
    beyond: int = 0
    heard: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomThreshold:
    """Judges one custom query.

    An answer that does not come neither adds to the breaches in a row nor ends them: an
    unreachable Prometheus must not acquit.
    """

    gate: Promql
    state: Answers = Answers()

    @property
    def told(self) -> tuple[object, ...]:
        """All that was given before anything was heard."""
        return (self.gate,)

    def restored(self, state: object) -> CustomThreshold:
        """Return the same juror with a state read from JSON."""
        return dataclasses.replace(self, state=from_plain(Answers, state))

    def hear(self, sample: Sample) -> CustomThreshold:
        """Take one admitted sample in."""
        canary, stable = sample.values.get(self.gate.name, (None, None))
        seen = dataclasses.replace(self.state, at=sample.end, canary=canary, stable=stable)
        if _missing(self.gate, seen) is not None:
            return dataclasses.replace(self, state=seen)
        beyond = seen.beyond + 1 if _objections(self.gate, seen) else 0
        judged = dataclasses.replace(seen, beyond=beyond, heard=seen.heard + 1)
        return dataclasses.replace(self, state=judged)

    def verdict(self) -> GateVerdict:
        """Count the answers beyond the limits against the number that is allowed."""
        seen = self.state
        missing = _missing(self.gate, seen)
        if missing is not None:
            return blind(self.gate, seen.at, missing)
        ruling = self._ruling()
        limit = self._limit()
        room = None if limit is None else _room(self.gate, seen.canary or 0.0, limit)
        return GateVerdict(
            gate=self.gate.name,
            ruling=ruling,
            at=seen.at,
            reason=sentence(self._words()),
            certified=ruling is Ruling.FINE,
            enforced=enforced(self.gate),
            canary=seen.canary,
            stable=seen.stable,
            limit=limit,
            room=room,
            evidence={"beyond": float(seen.beyond), "answers": float(seen.heard)},
        )

    def _ruling(self) -> Ruling:
        if self.state.beyond == 0:
            return Ruling.FINE
        return Ruling.BREACH if self.state.beyond >= self.gate.consecutive else Ruling.HOLD

    def _words(self) -> str:
        objections = _objections(self.gate, self.state)
        value = f"canary's value is {self.state.canary:.6g}"
        if not objections:
            return f"{value}, within all limits"
        row = f"{self.state.beyond} of {self.gate.consecutive} in a row"
        return f"{value}, {' and '.join(objections)} ({row})"

    def _limit(self) -> float | None:
        """Return the upper limit where there is one, else the lower."""
        uppers = [] if self.gate.maximum is None else [self.gate.maximum]
        if self.gate.max_ratio is not None and self.state.stable is not None:
            uppers.append(self.gate.max_ratio * self.state.stable)
        return min(uppers, default=self.gate.minimum)


def _missing(gate: Promql, seen: Answers) -> str | None:
    """Say which answer is missing."""
    if seen.at == NOT_YET:
        return "Nothing was asked yet."
    if seen.canary is None:
        return "The query gave no value for the canary."
    if gate.max_ratio is not None and seen.stable is None:
        return "The query gave no value for stable to compare with."
    return None


def _objections(gate: Promql, seen: Answers) -> tuple[str, ...]:
    value, stable = seen.canary or 0.0, seen.stable or 0.0
    found: list[str] = []
    if gate.minimum is not None and value < gate.minimum:
        found.append(f"below the minimum of {gate.minimum:.6g}")
    if gate.maximum is not None and value > gate.maximum:
        found.append(f"above the maximum of {gate.maximum:.6g}")
    if gate.max_ratio is not None and value > gate.max_ratio * stable:
        found.append(f"above {gate.max_ratio:g} times stable's {stable:.6g}")
    return tuple(found)


def _room(gate: Promql, value: float, limit: float) -> float | None:
    if limit == 0.0:
        return None
    only_minimum = gate.maximum is None and gate.max_ratio is None
    distance = value - limit if only_minimum else limit - value
    return distance / abs(limit)
