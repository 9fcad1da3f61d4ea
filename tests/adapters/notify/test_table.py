"""What the gates saw, in the units that people think in."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.adapters.notify.table import GateRow, gate_rows
from rolloutd.core.observation import GateVerdict, Ruling
from tests.adapters.notify.stories import PLAN
from tests.builders import says


def a_row(gate: str, **changes: object) -> GateRow:
    verdict = dataclasses.replace(says(Ruling.FINE), gate=gate, **changes)  # type: ignore[arg-type] # tests name fields
    (row,) = gate_rows(PLAN.gates, (verdict,))
    return row


def test_a_success_rate_is_shown_in_percent_above_its_limit() -> None:
    """And its room in percentage points: a share of a share misleads."""
    row = a_row("success-rate", canary=0.9994, stable=0.9996, limit=0.995, unit="ratio")

    assert (row.canary, row.stable, row.limit) == ("99.94 %", "99.96 %", "≥ 99.5 %")
    assert row.room == "0.44 pp"


def test_a_latency_is_shown_in_milliseconds_below_its_limit() -> None:
    """Beyond the limit the room is negative."""
    row = a_row("latency-p99", canary=640.4, stable=4.25, limit=500.0, unit="ms")

    assert (row.canary, row.stable, row.limit) == ("640 ms", "4.2 ms", "≤ 500 ms")
    assert row.room == "-140 ms"


def test_a_value_of_ones_own_is_shown_as_it_is() -> None:
    """Nobody knows its unit."""
    row = a_row("saturation", canary=0.4312, limit=0.8)

    assert (row.canary, row.limit, row.room) == ("0.4312", "≤ 0.8", "0.369")


def test_what_is_not_known_is_a_dash() -> None:
    """A 0 would be the best latency ever."""
    row = a_row("latency-p99", unit="ms")

    assert (row.canary, row.stable, row.limit, row.room) == ("-", "-", "-", "-")


@pytest.mark.parametrize(
    ("ruling", "word"),
    [
        (Ruling.FINE, "ok"),
        (Ruling.HOLD, "not yet"),
        (Ruling.SUSPECT, "suspect"),
        (Ruling.BREACH, "BREACH"),
        (Ruling.BLIND, "no data"),
    ],
)
def test_a_ruling_is_a_word(ruling: Ruling, word: str) -> None:
    """The one that matters is loud."""
    assert a_row("success-rate", ruling=ruling).ruling == word


def test_a_shadow_gate_is_shown_as_one() -> None:
    """Its BREACH stopped nothing."""
    row = a_row("success-rate", ruling=Ruling.BREACH, enforced=False)

    assert row.ruling == "BREACH (shadow)"


def test_a_verdict_on_a_gate_that_the_plan_no_longer_has_is_left_out() -> None:
    """Which side of its limit is fine, nobody knows any more."""
    verdict: GateVerdict = dataclasses.replace(says(Ruling.FINE), gate="old")

    assert gate_rows(PLAN.gates, (verdict,)) == ()
