"""Some seeds, always the same; ``make simulate`` runs fresh ones."""

from __future__ import annotations

from collections import Counter

import pytest

from rolloutd.telemetry.metrics import Metrics
from tests.simulation.__main__ import outcomes
from tests.simulation.mishaps import befall
from tests.simulation.run import play, simulate
from tests.simulation.scenario import Mishap, quiet, scenario
from tests.simulation.stage import Stage
from tests.simulation.weather import Fault

FIXED = range(12)

FAILED_ONCE = (
    28,
    35,
    41,
    49,
    242,
    280,
    655,
    1224,
    1330,
    1416,
    1677,
    3044,
    3957,
    5046,
    103511,
    154393,
    303680,
    501474,
    509397,
    819857,
    961022,
    1018327,
)
"""Seeds that found something in the simulation of their day; what it was, the tests of the
parts say that were mended."""


@pytest.mark.parametrize("seed", [*FIXED, *FAILED_ONCE])
def test_a_seed_ends_well(seed: int, metrics: Metrics) -> None:
    """Every invariant at every commit, then an end in time, then stillness."""
    assert simulate(seed, metrics).violation == ""


def test_equal_seeds_have_equal_histories(metrics: Metrics) -> None:
    """Without that no failure could be looked at twice."""
    one, other = (simulate(7, metrics, traced=True) for _ in range(2))

    assert one.lines
    assert one.digest == other.digest


def test_seeds_go_the_same_way_on_all_cores(metrics: Metrics) -> None:
    """What a worker finds can be looked at alone, and is told of in the seeds' order."""
    seeds = range(7, 10)

    assert list(outcomes(seeds, 2)) == [simulate(seed, metrics) for seed in seeds]


def test_no_seed_is_begun_when_the_time_is_up() -> None:
    """A budget is one for all workers together."""
    assert not list(outcomes(range(100), 2, until=0.0))


def test_seeds_differ(metrics: Metrics) -> None:
    """A thousand seeds that are all the same prove as much as one."""
    digests = {simulate(seed, metrics, traced=True).digest for seed in range(3)}

    assert len(digests) == 3


def test_every_kind_of_trouble_comes_to_pass_in_few_seeds(metrics: Metrics) -> None:
    """What is on the list and never happens would be taken for tried."""
    happened: Counter[str] = Counter()
    for seed in range(30):
        happened.update(simulate(seed, metrics).faults)

    assert {kind.value for kind in (*Fault, *Mishap)} <= set(happened)


def test_only_what_befell_somebody_is_counted(metrics: Metrics) -> None:
    """The printed figures say what the daemon lived through, not how often dice were thrown."""
    stage = Stage(quiet(scenario(0).plan), metrics, traced=False)
    stage.begin()
    stage.timeline.run(1.0)
    for _ in range(3):
        befall(stage, Mishap.CRASH)
    stage.end()

    assert stage.weather.tally == {Mishap.CRASH.value: 1}


def test_a_quiet_day_costs_one_write_a_weight(metrics: Metrics) -> None:
    """10, 50, 100 %, and nothing else is ever written."""
    plan = scenario(0).plan

    outcome = play(quiet(plan), metrics)

    assert outcome.violation == ""
    assert outcome.writes == len(plan.steps)
