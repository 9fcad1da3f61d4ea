"""All gates of one rollout: counts in, one verdict a gate out.

A jury is a value. The same samples in the same order give the same verdicts to the last bit,
in the daemon, after a restart, and in a replay of recorded data.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol, assert_never

from rolloutd.core.gate.admission import admit
from rolloutd.core.gate.custom import CustomThreshold
from rolloutd.core.gate.errors import sequential_success
from rolloutd.core.gate.juror import Juror
from rolloutd.core.gate.latency import sequential_latency
from rolloutd.core.gate.plain import from_plain, to_plain
from rolloutd.core.gate.threshold import LatencyThreshold, SuccessThreshold
from rolloutd.core.observation import GateVerdict, History, Sample
from rolloutd.core.plan import (
    Confidence,
    Gate,
    Judgement,
    Latency,
    Promql,
    Samples,
    SuccessRate,
)
from rolloutd.core.units import Instant


class Asked(Protocol):
    """What a jury must know; a ``Plan`` says it."""

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The questions."""
        ...

    @property
    def confidence(self) -> Confidence:
        """How sure to be."""
        ...

    @property
    def samples(self) -> Samples:
        """How threshold gates look back."""
        ...


FORM = 1
"""Version of the JSON form: evidence gathered by another form is not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jury:
    """Every gate's state in one rollout.

    Attributes:
        history: How stable behaved before the run; gates added in mid-run learn from it too.
        last: End of the newest sample heard.
    """

    history: History | None
    last: Instant | None
    jurors: tuple[Juror, ...]


def seat(plan: Asked, history: History | None = None) -> Jury:
    """Return a jury that has heard nothing, one juror a gate, in plan order."""
    jurors = tuple(_juror(plan, gate, history) for gate in plan.gates)
    return Jury(history=history, last=None, jurors=jurors)


def hear(jury: Jury, sample: Sample) -> Jury:
    """Take one sample in, for all gates.

    Nonsense is left out, duplicates and late samples are not heard at all: see
    ``admission.admit``. Interim verdicts need not be asked for: they change nothing.
    """
    admitted = admit(sample, jury.last)
    if admitted is None:
        return jury
    jurors = tuple(juror.hear(admitted) for juror in jury.jurors)
    return Jury(history=jury.history, last=admitted.end, jurors=jurors)


def verdicts(jury: Jury) -> tuple[GateVerdict, ...]:
    """Return every gate's present verdict, in plan order."""
    return tuple(juror.verdict() for juror in jury.jurors)


def revise(jury: Jury, plan: Asked) -> Jury:
    """Follow an edited plan: gates that did not change keep what they have learnt.

    A gate has changed when anything that bears on its verdict has: its own fields, its
    place among the confidence knobs or how it samples. It starts anew.
    """
    heard = {_identity(juror): juror for juror in jury.jurors}
    anew = seat(plan, jury.history)
    jurors = tuple(heard.get(_identity(juror), juror) for juror in anew.jurors)
    return dataclasses.replace(anew, last=jury.last, jurors=jurors)


def to_json(jury: Jury) -> dict[str, object]:
    """Return the whole state in JSON's terms."""
    return {
        "form": FORM,
        "history": to_plain(jury.history),
        "last": jury.last,
        "gates": [
            {"identity": to_plain(_identity(juror)), "state": to_plain(juror.state)}
            for juror in jury.jurors
        ],
    }


def from_json(plan: Asked, data: dict[str, object]) -> Jury:
    """Return the jury that was written, for the plan as it is now.

    A gate whose state is missing, is not understood or belongs to another wording of the
    gate starts anew: it then holds until it knows enough, which is safe.
    """
    if data.get("form") != FORM:
        return seat(plan)
    history, last = _history(data.get("history")), data.get("last")
    anew = seat(plan, history)
    saved = data.get("gates")
    states = saved if isinstance(saved, list) else []
    jurors = tuple(_restored(juror, states) for juror in anew.jurors)
    known = Instant(float(last)) if isinstance(last, int | float) else None
    return dataclasses.replace(anew, last=known, jurors=jurors)


def _juror(plan: Asked, gate: Gate, history: History | None) -> Juror:
    match gate:
        case SuccessRate(judgement=Judgement.THRESHOLD):
            return SuccessThreshold(gate=gate, samples=plan.samples)
        case SuccessRate():
            return sequential_success(gate, plan.confidence, _bound(plan), history)
        case Latency(judgement=Judgement.THRESHOLD):
            return LatencyThreshold(gate=gate, samples=plan.samples)
        case Latency():
            return sequential_latency(gate, plan.confidence, _bound(plan), history)
        case Promql():
            return CustomThreshold(gate=gate)
        case never:
            assert_never(never)


def _bound(plan: Asked) -> float:
    """Share the bound on false rollbacks out among the gates that it is promised for."""
    sharing = sum(
        gate.judgement is Judgement.SEQUENTIAL and not isinstance(gate, Promql)
        for gate in plan.gates
    )
    return plan.confidence.false_rollback / max(1, sharing)


def _identity(juror: Juror) -> tuple[str, tuple[object, ...]]:
    return type(juror).__name__, juror.told


def _restored(juror: Juror, states: list[object]) -> Juror:
    wanted = to_plain(_identity(juror))
    for entry in states:
        if not isinstance(entry, dict) or entry.get("identity") != wanted:
            continue
        try:
            return juror.restored(entry.get("state"))
        except ValueError:
            break
    return juror


def _history(data: object) -> History | None:
    try:
        return None if data is None else from_plain(History, data)
    except ValueError:
        return None
