"""Latency and queries of one's own judge in the same weather as failures do."""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.core.state import Phase
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.plans import STAIRS, a_simulated_plan
from tests.simulation.run import play, settle
from tests.simulation.scenario import Scenario, judged_by, quiet, scenario
from tests.simulation.stage import Stage
from tests.simulation.traffic import Sign

OTHERS = (Sign.SLOWNESS, Sign.QUERY)
SEEDS = range(12)


def a_quiet_day(sign: Sign, *, broken: float) -> Scenario:
    plan = a_simulated_plan(STAIRS[0], spans_two=False, retires=False)
    return judged_by(sign, quiet(plan, broken=broken))


@pytest.mark.parametrize("sign", OTHERS)
@pytest.mark.parametrize(("broken", "end"), [(0.0, Phase.PROMOTED), (0.1, Phase.ROLLED_BACK)])
def test_a_canary_is_judged_by_what_shows(
    sign: Sign, broken: float, end: Phase, metrics: Metrics
) -> None:
    """Without that, storms in which it does not end well would prove nothing."""
    stage = Stage(a_quiet_day(sign, broken=broken), metrics, traced=False)
    stage.begin()
    settle(stage)
    record = stage.record()
    stage.end()

    assert stage.audit.violation == ""
    assert record is not None
    assert record.phase is end


@pytest.mark.parametrize("sign", OTHERS)
def test_what_no_gate_looks_at_is_not_found(sign: Sign, metrics: Metrics) -> None:
    """It is those gates that find it, and no other: the same canary passes the usual one."""
    day = a_quiet_day(sign, broken=0.1)
    usual = a_quiet_day(Sign.FAILURES, broken=0.1).plan

    outcome = play(dataclasses.replace(day, plan=usual), metrics)

    assert "broken" in outcome.violation


@pytest.mark.parametrize("sign", OTHERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_ends_well_by_another_gate(seed: int, sign: Sign, metrics: Metrics) -> None:
    """The storm of the seed, with all invariants, and the end that the canary deserves."""
    assert play(judged_by(sign, scenario(seed)), metrics).violation == ""
