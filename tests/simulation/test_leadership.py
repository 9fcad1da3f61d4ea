"""The elector inside the daemon: hands change in the middle of a run."""

from __future__ import annotations

from collections.abc import Callable

from rolloutd.core.state import Phase
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.cluster import CANARY, PRIMARY
from tests.simulation.host import Host
from tests.simulation.plans import STAIRS, a_simulated_plan
from tests.simulation.run import settle
from tests.simulation.scenario import quiet
from tests.simulation.stage import Stage
from tests.simulation.weather import Fault

PLAN_BEGINS = 10

PLAN = a_simulated_plan(STAIRS[0], spans_two=False, retires=False)


def a_pair(metrics: Metrics) -> tuple[Stage, Host, Host]:
    """Return a stage in mid-run, its leader and its standby."""
    stage = Stage(quiet(PLAN, replicas=2), metrics, traced=True)
    stage.begin()
    stage.timeline.run(30.0, lambda: stage.weights(PRIMARY)[CANARY] > 0)
    leader, standby = sorted(stage.hosts, key=lambda host: not host.leads)
    return stage, leader, standby


def leads_within(stage: Stage, host: Host, seconds: float) -> float:
    """Let time pass until a host leads; return how long it took."""
    began = stage.timeline.now
    stage.timeline.run(began + seconds, lambda: host.leads)
    return stage.timeline.now - began


def ends_well(stage: Stage) -> bool:
    """Let the run come to its end; say whether that was promotion, and nothing was wrong."""
    settle(stage)
    record = stage.record()
    stage.end()
    is_promoted = record is not None and record.phase is Phase.PROMOTED
    return is_promoted and stage.audit.violation == ""


def test_a_leader_that_is_asked_to_stop_hands_over_at_once(metrics: Metrics) -> None:
    """A rolling update of the daemon is not to cost a rollout its lease's 15 s."""
    stage, leader, standby = a_pair(metrics)
    leader.stop()
    took = leads_within(stage, standby, 60.0)

    assert took < 1.0
    assert ends_well(stage)


def test_a_dead_leader_is_followed_when_its_lease_has_run_out(metrics: Metrics) -> None:
    """Not before: it might only be slow."""
    stage, leader, standby = a_pair(metrics)
    leader.kill()
    took = leads_within(stage, standby, 60.0)

    assert 12.0 < took < 20.0
    assert ends_well(stage)


def test_a_frozen_leader_wakes_as_a_standby(metrics: Metrics) -> None:
    """It believes for no moment that the lease is still its own."""
    stage, leader, standby = a_pair(metrics)
    leader.freeze()
    leads_within(stage, standby, 60.0)
    leader.thaw()
    both = [leader.leads and standby.leads]
    for _ in range(50):
        stage.timeline.run(stage.timeline.now + 0.1)
        both.append(leader.leads and standby.leads)

    assert not any(both)
    assert ends_well(stage)


def test_two_cut_off_replicas_leave_the_weights_alone(metrics: Metrics) -> None:
    """Fail static: Envoy keeps its routes, and nobody moves anything unseen."""
    stage, leader, standby = a_pair(metrics)
    for host in (leader, standby):
        host.cut(is_cut=True)
    before = stage.audit.writes
    stage.timeline.run(stage.timeline.now + 120.0)
    meanwhile = stage.audit.writes - before

    assert meanwhile == 0
    assert not leader.leads
    assert ends_well(stage)


def test_a_late_write_of_the_leader_before_is_refused(metrics: Metrics) -> None:
    """It left before the hand-over and arrives when the next leader has left its mark.

    The next leader is blind and would write nothing else: the weights must wait for its eyes.
    """
    stage, leader, standby = a_pair(metrics)
    leader.taps.fault = once(Fault.LATE)
    stage.timeline.run(stage.timeline.now + 30.0, lambda: bool(stage.weather.tally))
    stage.weather.chances = {Fault.METRICS_DOWN: 1.0}
    leader.stop()
    leads_within(stage, standby, 60.0)
    stage.timeline.run(stage.timeline.now + 12.0)
    weights = dict(stage.weights(PRIMARY))

    assert stage.weather.tally["late write refused"] == 1
    assert weights[CANARY] == PLAN_BEGINS
    assert ends_well(stage)


def once(fault: Fault) -> Callable[[str], Fault | None]:
    """Return a tap that spoils the first write that is not of a lease."""
    left = [fault]

    def spoil(path: str) -> Fault | None:
        return left.pop() if left and "/leases/" not in path else None

    return spoil
