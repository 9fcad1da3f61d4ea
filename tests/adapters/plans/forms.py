"""A whole and valid plan file, so that a test changes only what it is about."""

from __future__ import annotations

from rolloutd.adapters.plans.diagnostics import Finding
from rolloutd.adapters.plans.reading import Reading, read
from rolloutd.core.plan import Plan

PLAN = """\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {name: shop}
spec:
  virtualService: {name: shop}
  stable: {subset: v1, deployment: shop-v1}
  canary: {subset: v2, deployment: shop-v2}
  steps: [{weight: 10, hold: 5m}, {weight: 100}]
  gates:
    - {name: success-rate, type: successRate, min: 99%}
"""


def changed(*changes: tuple[str, str], text: str = PLAN) -> str:
    """Return the file with each first text replaced by the second; it must be there."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def with_spec(*lines: str) -> str:
    """Return the file with further fields of the spec."""
    return PLAN + "".join(f"  {line}\n" for line in lines)


def reading(text: str) -> Reading:
    return read(text.encode(), file="shop.yaml")


def plan(text: str = PLAN) -> Plan:
    """Return the only plan of a good file."""
    got = reading(text)
    assert got.findings == ()
    (located,) = got.plans
    return located.plan


def findings(text: str) -> tuple[Finding, ...]:
    return reading(text).findings


def finding(text: str) -> Finding:
    """Return the only finding."""
    (only,) = findings(text)
    return only


def codes(text: str) -> list[str]:
    return [each.code.value for each in findings(text)]
