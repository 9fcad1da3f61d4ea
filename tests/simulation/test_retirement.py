"""Stable is scaled to 0 after a promotion: by requests that may arrive at any time."""

from __future__ import annotations

from collections.abc import Callable

from rolloutd.core.observation import CommandKind
from rolloutd.core.state import Phase
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.cluster import STABLE
from tests.simulation.plans import STAIRS, a_simulated_plan
from tests.simulation.run import settle
from tests.simulation.scenario import quiet
from tests.simulation.stage import Stage
from tests.simulation.weather import Fault

PLAN = a_simulated_plan(STAIRS[3], spans_two=False, retires=True)


def late_retirement(metrics: Metrics) -> Stage:
    """Return a promoted run whose request to retire stable is still on its way."""
    stage = Stage(quiet(PLAN), metrics, traced=True)
    stage.begin()
    stage.hosts[0].taps.fault = once(Fault.LATE, "/scale")
    stage.timeline.run(90.0, lambda: bool(stage.weather.tally))
    return stage


def pass_time(stage: Stage, seconds: float) -> None:
    """Let time pass."""
    stage.timeline.run(stage.timeline.now + seconds)


def test_a_promotion_is_not_taken_back_while_a_request_is_on_its_way(metrics: Metrics) -> None:
    """The traffic would go to pods that are about to go: the person is told what to do."""
    stage = late_retirement(metrics)
    stage.order(CommandKind.ROLLBACK)
    pass_time(stage, 60.0)
    record, weights, replicas = stage.record(), stage.weights(), stage.cluster.replicas(STABLE)
    stage.end()

    assert stage.audit.violation == ""
    assert any("Stable is being scaled to 0" in line for line in stage.trace.lines)
    assert record is not None
    assert record.phase is Phase.PROMOTED
    assert (weights[STABLE], replicas) == (0, 0)


def test_a_late_request_does_not_follow_a_rollback(metrics: Metrics) -> None:
    """Somebody scaled stable up and gave it the traffic: an old request is refused."""
    stage = late_retirement(metrics)
    stage.cluster.scale(STABLE, 2)
    pass_time(stage, 0.5)
    stage.order(CommandKind.ROLLBACK)
    pass_time(stage, 15.0)
    record, weights, replicas = stage.record(), stage.weights(), stage.cluster.replicas(STABLE)
    stage.end()

    assert stage.audit.violation == ""
    assert stage.weather.tally["late write refused"] == 1
    assert record is not None
    assert record.phase is Phase.ABORTED
    assert (weights[STABLE], replicas) == (100, 2)


def test_a_leader_that_dies_while_retiring_stable_is_followed_in_it(metrics: Metrics) -> None:
    """Its intention is on record, so that the next one carries it out."""
    stage = late_retirement(metrics)
    stage.hosts[0].kill()
    stage.later(1.0, stage.reboot, stage.hosts[0])
    settle(stage)
    record, replicas = stage.record(), stage.cluster.replicas(STABLE)
    stage.end()

    assert stage.audit.violation == ""
    assert record is not None
    assert record.scaled_down
    assert replicas == 0


def once(fault: Fault, where: str) -> Callable[[str], Fault | None]:
    """Return a tap that spoils the first write to a path that ends so."""
    left = [fault]

    def spoil(path: str) -> Fault | None:
        return left.pop() if left and path.endswith(where) else None

    return spoil
