"""Where requests went of late."""

from __future__ import annotations

from collections.abc import Iterable

from rolloutd.core.observation import Counts, Sample
from rolloutd.core.split import LATELY, Flow, flowed, present, split
from rolloutd.core.units import Percent, Seconds
from tests.builders import at

HALF = Percent(50)


def counted(end: float, stable: int | None, canary: int, weight: Percent = HALF) -> Sample:
    def counts(requests: int | None) -> Counts | None:
        return None if requests is None else Counts(requests=requests, failures=0, latency=None)

    return Sample(
        start=at(end - 5),
        end=at(end),
        stable=counts(stable),
        canary=counts(canary),
        weight=weight,
        values={},
    )


def after(samples: Iterable[Sample]) -> Flow:
    flow = Flow(weight=HALF)
    for sample in samples:
        flow = flowed(flow, sample)
    return flow


def test_the_split_is_of_counted_requests_at_this_weight() -> None:
    """The interval in which the weight changed belongs to neither weight."""
    seen = split(
        after(
            (
                counted(5, 90, 10),
                counted(10, 500, 300, Percent(40)),
                counted(15, 60, 40, Percent(40)),
            )
        )
    )

    assert seen is not None
    assert (seen.canary, seen.requests, seen.in_force) == (0.4, 100, True)


def test_without_requests_nothing_is_known() -> None:
    """Neither before the first nor where nobody calls."""
    assert split(Flow()) is None
    assert split(after([counted(5, 0, 0)])) is None


def test_an_interval_in_which_an_arm_was_not_read_says_nothing() -> None:
    """One arm's requests alone have no share."""
    assert split(after([counted(5, None, 500)])) is None


def test_a_route_that_nobody_obeys_is_noticed() -> None:
    """Half of the traffic is ordered, none arrives."""
    early = split(after([counted(5, 50, 0)]))
    late = split(after([counted(5, 50, 0), counted(10, 450, 0)]))

    assert early is not None
    assert early.in_force is None
    assert late is not None
    assert late.in_force is False


def test_an_hour_of_obedience_hides_no_minute_without() -> None:
    """What counts is where requests go now."""
    obeyed = (counted(5.0 * turn, 250, 250) for turn in range(720))
    ignored = (counted(3600.0 + 5.0 * turn, 500, 0) for turn in range(12))

    seen = split(after((*obeyed, *ignored)))

    assert seen is not None
    assert (seen.canary, seen.requests, seen.in_force) == (0.0, 6000, False)


def test_weights_of_others_that_were_put_right_are_forgotten_in_a_minute() -> None:
    """They were in force without our knowing; the canary is not to blame."""
    foreign = [counted(5.0 * turn, 500, 0) for turn in range(6)]
    restored = [counted(30.0 + 5.0 * turn, 250, 250) for turn in range(12)]

    soon, later = split(after((*foreign, *restored[:3]))), split(after((*foreign, *restored)))

    assert soon is not None
    assert soon.in_force is False
    assert later is not None
    assert later.in_force is True


def test_a_quiet_service_is_looked_at_for_longer() -> None:
    """Two requests a minute are 100 after fifty minutes; no more are kept than are needed."""
    flow = after(counted(60.0 * minute, 1, 1) for minute in range(200))
    seen = split(flow)

    assert seen is not None
    assert (seen.requests, seen.in_force) == (100, True)
    assert len(flow.intervals) == 50


def test_what_was_counted_at_another_weight_is_not_the_present() -> None:
    """After a rollback nothing flows to the canary, whatever flowed before."""
    flow = after((counted(5, 50, 50),))

    assert present(flow, Percent(0), at(5), Seconds(5.0)) is None
    assert present(flow, HALF, at(5), Seconds(5.0)) == split(flow)


def test_without_requests_the_split_is_soon_of_the_past() -> None:
    """Metrics went away, or everybody left: a minute later the last count says nothing."""
    flow = after((counted(5, 50, 50),))

    assert present(flow, HALF, at(5 + LATELY), Seconds(5.0)) is not None
    assert present(flow, HALF, at(6 + LATELY), Seconds(5.0)) is None
    assert present(Flow(weight=HALF), HALF, at(5), Seconds(5.0)) is None


def test_between_two_looks_the_split_stays() -> None:
    """Where metrics are read every two minutes, a minute is no time."""
    flow = after((counted(5, 50, 50),))

    assert present(flow, HALF, at(200), Seconds(120.0)) is not None
    assert present(flow, HALF, at(246), Seconds(120.0)) is None
