"""A plan moves, is renamed or is deleted while no daemon runs: who puts its traffic back?"""

from __future__ import annotations

import dataclasses

import pytest

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.istio.annotations import keys
from rolloutd.core.observation import CommandKind
from rolloutd.core.plan import Key, Plan, Routes
from rolloutd.core.record_text import from_text
from rolloutd.core.state import Cause, Phase, Record
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.cluster import (
    CANARY,
    ELSEWHERE,
    NAMESPACE,
    NEXT,
    PRIMARY,
    SECONDARY,
    STABLE,
)
from tests.simulation.plans import KEY, STAIRS, a_simulated_plan, moved_elsewhere
from tests.simulation.replica import Plans
from tests.simulation.scenario import quiet
from tests.simulation.stage import Stage

PLAN = a_simulated_plan(STAIRS[0], spans_two=False, retires=False)
WIDE = a_simulated_plan(STAIRS[0], spans_two=True, retires=False)
BACK = {STABLE: 100, CANARY: 0, NEXT: 0}
GONE = {STABLE: 0, CANARY: 100, NEXT: 0}
BROKEN = Plans(plans={}, complaints=("shop.yaml:3:1: unknown field",))

NO_PLANS = Plans(plans={})
LONG_ENOUGH = 200.0
"""The lease of the dead leader runs out, then the grace of a run that no plan names."""


def interrupted(metrics: Metrics, plan: Plan = PLAN) -> Stage:
    """Return a stage in mid-run whose only daemon has died."""
    stage = Stage(quiet(plan), metrics, traced=True)
    stage.begin()
    stage.timeline.run(30.0, lambda: 0 < stage.weights(PRIMARY)[CANARY] < 100)
    pass_time(stage, 1.0)
    stage.hosts[0].kill()
    return stage


def resume(stage: Stage, *plans: Plan, seconds: float = LONG_ENOUGH) -> None:
    """Start the daemon with these plans and let time pass."""
    stage.audit.licence.plans += plans
    stage.audit.licence.edited = True
    stage.plan = plans[-1]
    start(stage, Plans(plans={plan.key: plan for plan in plans}), seconds)


def start(stage: Stage, present: Plans, seconds: float) -> None:
    """Start the daemon with what it finds in its directory."""
    stage.present = present
    stage.reboot(stage.hosts[0])
    pass_time(stage, seconds)


def pass_time(stage: Stage, seconds: float) -> None:
    """Let time pass."""
    stage.timeline.run(stage.timeline.now + seconds)


def record_of(stage: Stage, name: str, key: Key = KEY) -> Record:
    """Return a plan's record on a VirtualService."""
    found = stage.cluster.virtual_service(name)
    assert found is not None
    return from_text(ours.record(found, key.name) or "")


def renamed(plan: Plan) -> Plan:
    """Return the plan under another name."""
    return dataclasses.replace(plan, key=Key(NAMESPACE, "till"), digest="renamed")


def test_a_plan_that_moved_puts_the_old_place_back_first(metrics: Metrics) -> None:
    """As if the daemon had run: the old run is superseded, then the new one begins."""
    stage = interrupted(metrics)
    resume(stage, moved_elsewhere(PLAN, 7))
    old, new = dict(stage.weights(PRIMARY)), dict(stage.weights(ELSEWHERE))
    record = record_of(stage, PRIMARY)
    stage.end()

    assert stage.audit.violation == ""
    assert (old, new) == (BACK, GONE)
    assert record.phase is Phase.ROLLED_BACK
    assert "names another" in record.reason


def test_a_virtual_service_that_the_plan_dropped_is_put_back(metrics: Metrics) -> None:
    """Only the record on the primary tells that the other one was moved, too."""
    stage = interrupted(metrics, WIDE)
    narrow = dataclasses.replace(
        WIDE, virtual_services=(Routes(virtual_service=PRIMARY, routes=()),), digest="narrow"
    )
    resume(stage, narrow)
    dropped, kept = dict(stage.weights(SECONDARY)), dict(stage.weights(PRIMARY))
    stage.end()

    assert stage.audit.violation == ""
    assert (dropped, kept) == (BACK, GONE)


def test_a_deleted_plans_traffic_goes_back_everywhere(metrics: Metrics) -> None:
    """Nobody can say by which gates the canary would be judged."""
    stage = interrupted(metrics, WIDE)
    start(stage, NO_PLANS, LONG_ENOUGH)
    weights = [dict(stage.weights(name)) for name in (PRIMARY, SECONDARY)]
    record = record_of(stage, PRIMARY)
    stage.end()

    assert stage.audit.violation == ""
    assert weights == [BACK, BACK]
    assert record.phase is Phase.ROLLED_BACK
    assert "no plan has named it" in record.reason
    assert any("tells: Rolled back" in line for line in stage.trace.lines)


def test_a_renamed_plan_begins_when_the_old_run_is_put_back(metrics: Metrics) -> None:
    """Both move the same routes: at once they would undo each other's weights."""
    stage = interrupted(metrics)
    successor = renamed(PLAN)
    resume(stage, successor)
    record, new = record_of(stage, PRIMARY), record_of(stage, PRIMARY, successor.key)
    weights = dict(stage.weights(PRIMARY))
    stage.end()

    assert stage.audit.violation == ""
    assert record.phase is Phase.ROLLED_BACK
    assert "default/till moves its routes now" in record.reason
    assert (new.phase, new.restores, weights) == (Phase.PROMOTED, (), GONE)


def test_a_plan_that_is_renamed_before_our_eyes_begins_anew(metrics: Metrics) -> None:
    """The daemon runs all the while, and does the same."""
    stage = Stage(quiet(PLAN), metrics, traced=False)
    stage.begin()
    stage.timeline.run(30.0, lambda: 0 < stage.weights(PRIMARY)[CANARY] < 100)
    successor = renamed(PLAN)
    stage.audit.licence.plans.append(successor)
    stage.show(Plans(plans={successor.key: successor}))
    pass_time(stage, 90.0)
    record, new = record_of(stage, PRIMARY), record_of(stage, PRIMARY, successor.key)
    stage.end()

    assert stage.audit.violation == ""
    assert record.phase is Phase.ROLLED_BACK
    assert (new.phase, new.restores) == (Phase.PROMOTED, ())


def test_a_plan_that_is_away_for_a_moment_goes_on(metrics: Metrics) -> None:
    """A ConfigMap is replaced, a volume comes late: a healthy run is not given up for that."""
    stage = interrupted(metrics)
    start(stage, NO_PLANS, 60.0)
    meanwhile = dict(stage.weights(PRIMARY))
    stage.publish(PLAN)
    pass_time(stage, 60.0)
    record = record_of(stage, PRIMARY)
    stage.end()

    assert stage.audit.violation == ""
    assert 0 < meanwhile[CANARY] < 100
    assert record.run == 1
    assert record.phase is Phase.PROMOTED


def test_a_broken_plan_file_is_no_deletion(metrics: Metrics) -> None:
    """Somebody mistyped a field: for as long as that takes to mend, the weights stay."""
    stage = interrupted(metrics)
    start(stage, BROKEN, 1000.0)
    meanwhile = dict(stage.weights(PRIMARY))
    stage.publish(PLAN)
    pass_time(stage, 60.0)
    record = record_of(stage, PRIMARY)
    stage.end()

    assert stage.audit.violation == ""
    assert 0 < meanwhile[CANARY] < 100
    assert (record.run, record.phase) == (1, Phase.PROMOTED)


@pytest.mark.parametrize("owner", ["other/rolloutd:shop", None])
def test_another_installations_run_is_left_alone(owner: str | None, metrics: Metrics) -> None:
    """Its plans are not ours to know; nor are those of a version that left no mark."""
    stage = interrupted(metrics)
    before = dict(stage.weights(PRIMARY))
    stage.cluster.annotate(PRIMARY, keys(KEY.name).owner, owner)
    start(stage, NO_PLANS, 400.0)
    after = dict(stage.weights(PRIMARY))
    stage.end()

    assert stage.audit.violation == ""
    assert after == before


def test_what_was_removed_before_our_eyes_waits_for_a_person(metrics: Metrics) -> None:
    """This daemon knows the gates and judges on; only its successor would not."""
    stage = Stage(quiet(PLAN), metrics, traced=False)
    stage.begin()
    stage.timeline.run(30.0, lambda: 0 < stage.weights(PRIMARY)[CANARY] < 100)
    stage.show(NO_PLANS)
    pass_time(stage, 400.0)
    record = record_of(stage, PRIMARY)
    stage.order(CommandKind.ROLLBACK)
    pass_time(stage, 5.0)
    weights = dict(stage.weights(PRIMARY))
    stage.end()

    assert record.pause is not None
    assert record.pause.cause is Cause.PLAN_REMOVED
    assert weights == BACK
