"""Sieve's questions: killed at every write, deaf to every event, one after the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rolloutd.adapters.kubernetes.fields import text
from rolloutd.core.state import Phase
from rolloutd.ports import Json
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.ending import wanting
from tests.simulation.host import Host
from tests.simulation.plans import STAIRS, a_simulated_plan
from tests.simulation.run import GLANCE, settle
from tests.simulation.scenario import quiet
from tests.simulation.stage import Stage
from tests.simulation.weather import CALL_FAULTS, Fault

BOOT_AGAIN = 3.0
RUN = 120.0
"""Long enough for a run that is interrupted once: a lease has to run out in between."""

Tap = Callable[[str], None]


def a_stage(metrics: Metrics, *, broken: float, replicas: int = 1) -> Stage:
    """Return a stage with the plan that has most kinds of steps, over two VirtualServices."""
    plan = a_simulated_plan(STAIRS[1], spans_two=True, retires=True)
    return Stage(quiet(plan, broken=broken, replicas=replicas), metrics, traced=True)


def end_of(stage: Stage) -> tuple[Phase | None, str]:
    """Let a stage come to its end; return where it ended, and what went wrong."""
    while stage.timeline.now < RUN and wanting(stage) and not stage.audit.violation:
        stage.timeline.run(stage.timeline.now + GLANCE)
    settle(stage)
    record = stage.record()
    stage.end()
    return (None if record is None else record.phase), stage.audit.violation


def writes_of(metrics: Metrics, *, broken: float) -> int:
    """Count the writes of an undisturbed run, leases aside."""
    stage, writes = a_stage(metrics, broken=broken), 0

    def count(path: str) -> None:
        nonlocal writes
        writes += "/leases/" not in path

    stage.hosts[0].taps.before_commit = count
    stage.begin()
    end_of(stage)
    return writes


def killing(stage: Stage, host: Host, number: int) -> Tap:
    """Return a tap that kills a host at its write of this number, leases aside."""
    left = number

    def count(path: str) -> None:
        nonlocal left
        left -= "/leases/" not in path
        if left == 0:
            left = -1
            host.kill()
            stage.later(BOOT_AGAIN, stage.reboot, host)

    return count


@pytest.mark.parametrize("broken", [0.0, 0.3])
@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_killed_at_any_write_it_ends_the_same(
    when: str, broken: float, metrics: Metrics
) -> None:
    """The process dies in the middle of its work, with the write done or not."""
    wanted = Phase.ROLLED_BACK if broken else Phase.PROMOTED
    writes = writes_of(metrics, broken=broken)
    ends: list[tuple[Phase | None, str]] = []
    for number in range(1, writes + 1):
        stage = a_stage(metrics, broken=broken)
        host = stage.hosts[0]
        setattr(host.taps, when, killing(stage, host, number))
        stage.begin()
        ends.append(end_of(stage))

    assert writes > 3
    assert ends == [(wanted, "")] * writes


def test_a_standby_goes_on_wherever_the_leader_dies(metrics: Metrics) -> None:
    """The dead one never comes back."""
    ends: list[tuple[Phase | None, str]] = []
    writes = writes_of(metrics, broken=0.0)
    for number in range(1, writes + 1):
        stage = a_stage(metrics, broken=0.0, replicas=2)
        for host in stage.hosts:
            host.taps.after_commit = killing(stage, host, number)
        stage.begin()
        ends.append(end_of(stage))

    assert ends == [(Phase.PROMOTED, "")] * writes


def events_of(metrics: Metrics, *, broken: float) -> int:
    """Count the events that watches bring in an undisturbed run, leases aside."""
    stage, heard = a_stage(metrics, broken=broken), 0

    def count(obj: Json) -> bool:
        nonlocal heard
        heard += text(obj, "kind") != "Lease"
        return True

    stage.hosts[0].taps.is_heard = count
    stage.begin()
    end_of(stage)
    return heard


def deaf_to(number: int) -> Callable[[Json], bool]:
    """Return a tap that swallows the event of this number, leases aside."""
    left = number

    def is_heard(obj: Json) -> bool:
        nonlocal left
        if text(obj, "kind") == "Lease":
            return True
        left -= 1
        return left != 0

    return is_heard


@pytest.mark.parametrize("broken", [0.0, 0.3])
def test_deaf_to_any_one_event_it_ends_the_same(broken: float, metrics: Metrics) -> None:
    """A watch that lost one change must not leave the daemon with a wrong idea for ever."""
    wanted = Phase.ROLLED_BACK if broken else Phase.PROMOTED
    ends: list[tuple[Phase | None, str]] = []
    events = events_of(metrics, broken=broken)
    for number in range(1, events + 1):
        stage = a_stage(metrics, broken=broken)
        stage.hosts[0].taps.is_heard = deaf_to(number)
        stage.begin()
        ends.append(end_of(stage))

    assert events > 10
    assert ends == [(wanted, "")] * events


@pytest.mark.parametrize("broken", [0.0, 0.3])
@pytest.mark.parametrize("fault", CALL_FAULTS)
def test_whatever_happens_to_any_one_write_it_ends_the_same(
    fault: Fault, broken: float, metrics: Metrics
) -> None:
    """Lost on the way there or back, too late, or refused in any of the ways there are."""
    wanted = Phase.ROLLED_BACK if broken else Phase.PROMOTED
    ends: list[tuple[Phase | None, str]] = []
    writes = writes_of(metrics, broken=broken)
    for number in range(1, writes + 1):
        stage = a_stage(metrics, broken=broken)
        stage.hosts[0].taps.fault = befalling(fault, number)
        stage.begin()
        ends.append(end_of(stage))

    assert ends == [(wanted, "")] * writes


def befalling(fault: Fault, number: int) -> Callable[[str], Fault | None]:
    """Return a tap that spoils the write of this number, leases aside."""
    left = number

    def spoil(path: str) -> Fault | None:
        nonlocal left
        left -= "/leases/" not in path
        is_it = left == 0 and "/leases/" not in path
        return fault if is_it else None

    return spoil
