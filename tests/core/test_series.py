"""Fewer points that tell the same story."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rolloutd.core.observation import Ruling
from rolloutd.core.series import GateSeries, Series, kept, thinned
from rolloutd.core.units import Percent
from tests.builders import at

DAY = 86_400


@given(
    st.lists(st.floats(0, DAY), min_size=1, max_size=300, unique=True),
    st.integers(4, 50),
    st.randoms(use_true_random=False),
)
def test_no_more_points_are_kept_than_asked_for(
    times: list[float], most: int, chance: object
) -> None:
    """A bound that some input breaks is no bound on memory."""
    moments = [at(second) for second in sorted(times)]
    marks = [hash((chance, second)) % 2 for second in moments]

    chosen = kept(moments, marks, most)

    assert len(chosen) <= most
    assert chosen == sorted(set(chosen))
    assert {chosen[0], chosen[-1]} == {0, len(moments) - 1}


def test_a_moment_of_trouble_outlives_hours_of_quiet() -> None:
    """One breach of five seconds is what a chart of a day is looked at for."""
    moments = [at(5.0 * n) for n in range(DAY // 5)]
    marks = [n == 7000 for n in range(len(moments))]

    chosen = kept(moments, marks, 200)

    assert {6999, 7000, 7001} <= set(chosen)


def test_restlessness_does_not_push_out_the_rest() -> None:
    """A ruling that flaps all day is thinned like any other: there is no room for all of it."""
    moments = [at(5.0 * n) for n in range(4000)]

    chosen = kept(moments, [n % 2 for n in range(4000)], 200)

    gaps = [after - before for before, after in pairwise(chosen)]
    assert 100 <= len(chosen) <= 200
    assert max(gaps) <= 2 * min(gaps[1:-1])


def test_thinning_again_and_again_does_not_wear_the_oldest_part_away() -> None:
    """A point that was dull at first would be gone after ten halvings."""
    moments = [at(5.0 * n) for n in range(250)]
    for n in range(250, 17_280):
        moments.append(at(5.0 * n))
        if len(moments) > 500:
            moments = [moments[i] for i in kept(moments, [0] * len(moments), 250)]

    first_hour = [each for each in moments if each < at(3600)]
    sixth_hour = [each for each in moments if at(18_000) <= each < at(21_600)]
    assert len(first_hour) >= 5
    assert abs(len(first_hour) - len(sixth_hour)) <= 2


def test_all_columns_are_thinned_alike() -> None:
    """A value beside another moment is a lie."""
    count = 100
    numbers = tuple(float(n) for n in range(count))
    gate = GateSeries(
        unit="ms",
        canary=numbers,
        stable=numbers,
        limit=numbers,
        ruling=(Ruling.FINE,) * count,
    )
    whole = Series(
        at=tuple(at(n) for n in range(count)),
        desired=(Percent(10),) * count,
        observed=(None,) * count,
        gates={"p99": gate},
    )

    less = thinned(whole, 20)

    assert 10 <= len(less.at) <= 20
    assert less.gates["p99"].canary == tuple(each - at(0) for each in less.at)
    assert less.gates["p99"].unit == "ms"
    assert len(less.desired) == len(less.observed) == len(less.gates["p99"].ruling)
