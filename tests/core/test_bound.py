"""On which side of a limit is fine."""

from __future__ import annotations

import pytest

from rolloutd.core.bound import Bound, bound_of
from rolloutd.core.plan import Gate, Judgement, Latency, Promql
from rolloutd.core.units import Millis, Ratio
from tests.builders import GATE

LATENCY = Latency(
    name="p99",
    quantile=Ratio(0.99),
    maximum=Millis(500.0),
    max_ratio=None,
    judgement=Judgement.SEQUENTIAL,
)


def a_query(
    minimum: float | None = None, maximum: float | None = None, max_ratio: float | None = None
) -> Promql:
    return Promql(
        name="saturation",
        query="up",
        stable_query="up",
        minimum=minimum,
        maximum=maximum,
        max_ratio=max_ratio,
        consecutive=1,
        judgement=Judgement.THRESHOLD,
    )


@pytest.mark.parametrize(
    ("gate", "bound"),
    [
        pytest.param(GATE, Bound.MINIMUM, id="success rate"),
        pytest.param(LATENCY, Bound.MAXIMUM, id="latency"),
        pytest.param(a_query(minimum=1.0), Bound.MINIMUM, id="query with a minimum"),
        pytest.param(a_query(maximum=1.0), Bound.MAXIMUM, id="query with a maximum"),
        pytest.param(a_query(max_ratio=2.0), Bound.MAXIMUM, id="query against stable"),
        pytest.param(a_query(minimum=0.0, maximum=1.0), Bound.MAXIMUM, id="query with both"),
    ],
)
def test_a_limit_is_a_floor_or_a_ceiling(gate: Gate, bound: Bound) -> None:
    """A chart or a message with the wrong sign would call a breach fine."""
    assert bound_of(gate) is bound
