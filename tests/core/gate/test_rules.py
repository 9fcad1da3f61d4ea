"""From the user's knobs to the constants of a stream."""

from __future__ import annotations

import math

import pytest

from rolloutd.core.gate.rules import GROSS, MATTERS, Rules, rules


def told(**changes: float) -> Rules:
    knobs = {"false_rollback": 1e-3, "certainty": 0.99, "regression": 0.01} | changes
    return rules(
        false_rollback=knobs["false_rollback"],
        certainty=knobs["certainty"],
        regression=knobs["regression"],
        tolerated=knobs.get("tolerated"),
    )


def test_the_bound_on_false_rollbacks_is_the_evidence_needed() -> None:
    """1 : 1 000 against chance; 1 : 10 where an incident must be excluded as well."""
    assert told().limit == pytest.approx(math.log(1_000))
    assert told().incident_limit == pytest.approx(math.log(10))


def test_a_lax_bound_still_excludes_incidents() -> None:
    """Who accepts 1 % of false rollbacks does not accept every incident as proof."""
    assert told(false_rollback=0.01).incident_limit == pytest.approx(math.log(10))


def test_the_regression_that_matters_is_among_the_alternatives() -> None:
    """The certificate is about exactly that."""
    assert told(regression=0.03).rises[MATTERS] == 0.03
    assert told().rises[GROSS] == 0.2


def test_what_is_tolerated_convicts_nobody_and_is_what_is_certified() -> None:
    """Else a canary within the tolerance could neither pass nor fail."""
    lenient = told(tolerated=0.05)

    assert lenient.least_rise == 0.05
    assert lenient.rises[MATTERS] == 0.05
