"""What every way of judging offers: one judged question of one rollout."""

from __future__ import annotations

from typing import Protocol

from rolloutd.core.observation import GateVerdict, Ruling, Sample
from rolloutd.core.plan import Gate, Judgement
from rolloutd.core.units import Instant, Seconds

NOT_YET = Instant(0.0)
"""The time of a verdict that rests on nothing."""


class Juror(Protocol):
    """Judges one gate. An immutable value: hearing returns another juror."""

    @property
    def gate(self) -> Gate:
        """The question as the plan asks it."""
        ...

    @property
    def state(self) -> object:
        """A frozen dataclass of plain values: all that was learnt since the run began."""
        ...

    @property
    def told(self) -> tuple[object, ...]:
        """All that was given before anything was heard: another answer, another juror."""
        ...

    def restored(self, state: object) -> Juror:
        """Return the same juror with a state read from JSON.

        Raises:
            ValueError: This is no state of such a juror.
        """
        ...

    def hear(self, sample: Sample) -> Juror:
        """Take one admitted sample in."""
        ...

    def verdict(self) -> GateVerdict:
        """Say what the gate rules, and why."""
        ...


def elapsed_since(last: Instant, sample: Sample) -> Seconds:
    """Return the time since the last sample ended; the interval's length for the first.

    After a clock was set back only the interval's own length is known to have passed.
    """
    known = NOT_YET < last < sample.end
    return Seconds(sample.end - (last if known else sample.start))


def enforced(gate: Gate) -> bool:
    """Say whether a gate's ruling counts: a shadow is only shown."""
    return gate.judgement is not Judgement.SHADOW


def blind(gate: Gate, at: Instant, reason: str) -> GateVerdict:
    """Rule that nothing is known."""
    return GateVerdict(
        gate=gate.name,
        ruling=Ruling.BLIND,
        at=at,
        reason=reason,
        enforced=enforced(gate),
        evidence={},
    )
