"""A fault does what its name says, to whom it is given."""

from __future__ import annotations

import pytest

from rolloutd.core.units import Millis, Ratio
from rolloutd.sandbox.services.faults import (
    INTERNAL,
    UNAVAILABLE,
    Crash,
    Errors,
    Fate,
    Fault,
    GrpcStatus,
    Latency,
    Switchboard,
)
from tests.sandbox.examples import chance

CALLS = 2000


@pytest.fixture
def faults() -> Switchboard:
    """A switchboard whose dice fall the same way every time."""
    return Switchboard(chance())


def statuses(faults: Switchboard, version: str) -> list[int]:
    """Let a version answer many calls."""
    return [faults.fate(version).status for _ in range(CALLS)]


def test_without_a_fault_all_is_well(faults: Switchboard) -> None:
    """A demonstration of a good canary must end in promotion."""
    assert faults.fate("v4") == Fate(status=0, added=Millis(0.0))


def test_errors_strike_the_given_share_of_calls(faults: Switchboard) -> None:
    """How soon a fault is seen depends on how bad it is: the share has to be right."""
    faults.inflict("v4", Errors(ratio=Ratio(0.25)))

    failed = [status for status in statuses(faults, "v4") if status]

    assert len(failed) / CALLS == pytest.approx(0.25, abs=0.03)
    assert set(failed) == {INTERNAL, UNAVAILABLE}


def test_a_grpc_fault_gives_the_one_status_it_names(faults: Switchboard) -> None:
    """It travels on HTTP 200, which is what makes it a test of the daemon."""
    faults.inflict("v4", GrpcStatus(code=2, ratio=Ratio(1.0)))

    assert set(statuses(faults, "v4")) == {2}


def test_latency_makes_calls_later_and_no_worse(faults: Switchboard) -> None:
    """A slow canary has a perfect success rate."""
    faults.inflict("v4", Latency(added=Millis(250.0)))

    assert faults.fate("v4") == Fate(status=0, added=Millis(250.0))


def test_a_crash_is_known_to_the_pods(faults: Switchboard) -> None:
    """Dead pods do not answer, so no answer can tell of it."""
    faults.inflict("v4", Crash())

    assert faults.is_crashed("v4")
    assert not faults.is_crashed("v3")


@pytest.mark.parametrize("fault", [Errors(ratio=Ratio(1.0)), Latency(), GrpcStatus()])
def test_a_fault_hurts_its_own_version_alone(faults: Switchboard, fault: Fault) -> None:
    """The comparison of the arms is the whole point."""
    faults.inflict("v4", fault)

    assert faults.fate("v4") != Fate()
    assert faults.fate("v3") == Fate()


def test_a_new_fault_takes_the_place_of_the_old_one(faults: Switchboard) -> None:
    """What is shown on the screen is what is in force."""
    faults.inflict("v4", Crash())
    faults.inflict("v4", Latency(added=Millis(10.0)))

    assert not faults.is_crashed("v4")


def test_mending_ends_a_fault(faults: Switchboard) -> None:
    """After a rollback people fix the canary and try again."""
    faults.inflict("v4", GrpcStatus())
    faults.mend("v4")
    faults.mend("v3")

    assert faults.fate("v4") == Fate()


def test_an_incident_hurts_all_versions_alike(faults: Switchboard) -> None:
    """The daemon must not blame the canary for a shared database."""
    faults.incident(on=True)

    shares = [
        sum(map(bool, statuses(faults, version))) / CALLS for version in ("v3", "v4", "v5")
    ]

    assert shares == pytest.approx([0.15] * 3, abs=0.03)


def test_an_incident_ends(faults: Switchboard) -> None:
    """And then the rollout goes on."""
    faults.incident(on=True)
    faults.incident(on=False)

    assert set(statuses(faults, "v3")) == {0}


def test_an_incident_comes_on_top_of_a_fault(faults: Switchboard) -> None:
    """A slow canary stays slow while the database has its troubles."""
    faults.inflict("v4", Latency(added=Millis(250.0)))
    faults.incident(on=True)

    fates = [faults.fate("v4") for _ in range(CALLS)]

    assert {fate.added for fate in fates} == {250.0}
    assert any(fate.status for fate in fates)


def test_the_same_seed_breaks_the_same_calls() -> None:
    """A failed demonstration can be run again."""
    boards = [Switchboard(chance()) for _ in range(2)]
    for board in boards:
        board.inflict("v4", Errors())

    one, other = (statuses(board, "v4") for board in boards)

    assert one == other
