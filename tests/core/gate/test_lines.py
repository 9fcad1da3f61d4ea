"""Lines of ``rolloutd judge``; what bad lines get is tested where they are read."""

from __future__ import annotations

import pytest

from rolloutd.core.gate.lines import (
    Brief,
    Fields,
    LineError,
    is_opening,
    read_opening,
    read_sample,
    write_verdict,
)
from rolloutd.core.observation import GateVerdict, Histogram, Ruling
from rolloutd.core.plan import Judgement, SuccessRate
from rolloutd.core.units import Instant

LATENCY = {"le": [50, 100, "+Inf"], "counts": [60, 90, 95]}
OPENING = {
    "stream": "s",
    "interval": 5,
    "history": {"requests": 95, "failures": 1, "dispersion": 1.5, "latency": LATENCY},
    "options": {"mode": "shadow", "falseRollback": 0.01, "minimum": 0.99, "maxDrop": 0.02},
}
ARM = {"requests": 10.0, "failures": 1, "latency": [4, 9]}
LINE = {"stream": "s", "t": 12, "stable": None, "canary": ARM, "weight": 10}


def brief() -> Brief:
    return read_opening(Fields(OPENING)).brief


def verdict(gate: str, ruling: Ruling, *, certified: bool = False) -> GateVerdict:
    return GateVerdict(
        gate=gate,
        ruling=ruling,
        at=Instant(5.0),
        reason=f"{gate} says so.",
        certified=certified,
        evidence={"evidence": 1.5},
    )


def test_an_opening_tells_history_and_options() -> None:
    """As the issue writes it."""
    opening = read_opening(Fields(OPENING))
    gate = opening.brief.gates[0]

    assert opening.history is not None
    assert opening.history.latency == Histogram(bounds=(50.0, 100.0), counts=(60, 90, 95))
    assert isinstance(gate, SuccessRate)
    assert (gate.judgement, gate.minimum, gate.max_drop) == (Judgement.SHADOW, 0.99, 0.02)
    assert opening.brief.confidence.false_rollback == 0.01


def test_only_samples_carry_a_time() -> None:
    """That tells the two kinds of lines apart."""
    assert is_opening(Fields(OPENING))
    assert not is_opening(Fields(LINE))


def test_a_sample_covers_its_interval() -> None:
    """Counts may be whole floats: many languages know no other numbers."""
    sample = read_sample(Fields(LINE), brief(), Instant(2.0))

    assert (sample.start, sample.end) == (7.0, 12.0)
    assert sample.stable is None
    assert sample.canary is not None
    assert sample.canary.latency == Histogram(bounds=(50.0, 100.0), counts=(4, 9, 10))


def test_lines_closer_than_an_interval_do_not_overlap() -> None:
    """Scrapes jitter."""
    assert read_sample(Fields(LINE), brief(), Instant(9.0)).start == 9.0


def test_the_worst_gate_speaks() -> None:
    """One breach outweighs all that is fine."""
    gates = (verdict("a", Ruling.FINE), verdict("b", Ruling.BREACH), verdict("c", Ruling.HOLD))
    line = write_verdict("s", 5.0, gates, explain=True)

    assert (line["verdict"], line["gate"], line["reason"]) == ("rollback", "b", "b says so.")
    assert line["explain"] == ["a: a says so.", "b: b says so.", "c: c says so."]


def test_certified_needs_every_gate() -> None:
    """A certificate for errors says nothing about durations."""
    sure = verdict("a", Ruling.FINE, certified=True)
    unsure = verdict("b", Ruling.FINE)

    assert write_verdict("s", 5.0, (sure, sure), explain=False)["verdict"] == "certified"
    assert write_verdict("s", 5.0, (sure, unsure), explain=False)["verdict"] == "fine"


def test_truth_is_no_number() -> None:
    """JSON has both, and Python takes the one for the other."""
    with pytest.raises(LineError, match="must be a number, not True"):
        Fields({"t": True}).number("t")


def test_what_is_infinite_is_no_count() -> None:
    """Python's JSON reads it, nobody can count to it."""
    with pytest.raises(LineError, match="must be finite"):
        Fields({"t": float("inf")}).number("t")
