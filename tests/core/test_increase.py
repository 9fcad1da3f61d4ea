"""Counters reset, appear and vanish; totals only grow, and grow by what happened."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.core.increase import Ledger, advance, rebased
from rolloutd.core.observation import Counts, Histogram
from rolloutd.core.scrape import Look, Missed, Scrape, Series, Side
from rolloutd.core.units import Instant

BOTH = frozenset(Side)
MISSED = Missed(sides=frozenset({Side.STABLE}), reason="pod-a did not answer.")


def scrape(
    passed: float, failed: float = 0.0, *, started: float | None = None, code: str = "200"
) -> Scrape:
    """Make an answer of one of stable's pods."""
    return Scrape(
        arms={Side.STABLE: Series(passed={code: passed}, failed={"500": failed})},
        started=None if started is None else Instant(started),
    )


def timed(*counts: int, bounds: tuple[float, ...] = (10.0, 100.0)) -> Scrape:
    """Make an answer with one histogram."""
    histogram = Histogram(bounds=bounds, counts=counts)
    return Scrape(arms={Side.STABLE: Series(latency={"h": histogram})})


def after_looks(looks: Iterable[Look]) -> Ledger:
    """Look every ten seconds, beginning at 100."""
    ledger = Ledger()
    for number, look in enumerate(looks):
        ledger = advance(ledger, look, Instant(100.0 + 10.0 * number))
    return ledger


def stable(*looks: Look) -> Counts | None:
    """Return stable's total after these looks."""
    return after_looks(looks).counts(Side.STABLE)


def requests(*looks: Look) -> int | None:
    """Return stable's requests after these looks."""
    counts = stable(*looks)
    return None if counts is None else counts.requests


def test_the_first_look_sets_a_baseline() -> None:
    """What was counted before we came is history, not evidence."""
    counts = stable({"a": scrape(1000.0, 50.0)})

    assert counts == Counts(requests=0, failures=0)


def test_a_rise_counts_by_its_difference() -> None:
    """The plain case."""
    counts = stable({"a": scrape(1000.0, 50.0)}, {"a": scrape(1100.0, 53.0)})

    assert counts == Counts(requests=103, failures=3)


def test_a_fall_is_a_reset_and_the_new_value_is_the_whole_increase() -> None:
    """A restarted pod begins at 0: its requests since then happened, the fall did not."""
    assert requests({"a": scrape(1000.0)}, {"a": scrape(30.0)}) == 30


def test_a_restart_that_hides_behind_a_rise_is_seen_by_its_start() -> None:
    """A busy pod may overtake its old count within one interval."""
    total = requests({"a": scrape(20.0, started=50.0)}, {"a": scrape(90.0, started=105.0)})

    assert total == 90


def test_a_new_series_in_a_known_source_counts_from_zero() -> None:
    """The first 500 of a pod makes a new series: missing it would hide the first failures."""
    before = Scrape(arms={Side.STABLE: Series(passed={"200": 10.0})})
    after = Scrape(arms={Side.STABLE: Series(passed={"200": 11.0}, failed={"500": 4.0})})

    assert stable({"a": before}, {"a": after}) == Counts(requests=5, failures=4)


def test_a_source_that_is_empty_at_first_is_known() -> None:
    """An Envoy shows no series before the first request; the first ones must count."""
    empty = Scrape(arms={Side.STABLE: Series()})

    assert requests({"a": empty}, {"a": scrape(7.0)}) == 7


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        pytest.param(None, 0, id="start unknown"),
        pytest.param(99.0, 0, id="older than the last look"),
        pytest.param(104.0, 40, id="younger than the last look"),
    ],
)
def test_a_source_never_seen_counts_only_if_it_is_young(
    started: float | None, expected: int
) -> None:
    """A new pod's requests are ours; an old one newly found would pour in its whole past."""
    total = requests({"a": scrape(5.0)}, {"a": scrape(5.0), "b": scrape(40.0, started=started)})

    assert total == expected


def test_a_missed_scrape_makes_the_arm_unknown_not_idle() -> None:
    """Not knowing is a value: zero requests would be a lie."""
    ledger = after_looks([{"a": scrape(5.0)}, {"a": MISSED}])

    assert ledger.counts(Side.STABLE) is None
    assert ledger.missed == ("pod-a did not answer.",)


def test_a_return_after_a_gap_sets_a_new_baseline() -> None:
    """The increase over a gap belongs to intervals in which the other arm already reported."""
    total = requests(
        {"a": scrape(5.0)}, {"a": MISSED}, {"a": scrape(500.0)}, {"a": scrape(510.0)}
    )

    assert total == 10


def test_a_source_that_restarted_during_a_gap_counts_what_is_surely_new() -> None:
    """Started after the last look, all it counted happened since."""
    total = requests({"a": scrape(5.0)}, {"a": MISSED}, {"a": scrape(30.0, started=112.0)})

    assert total == 30


def test_half_the_sources_speak_for_an_arm_and_fewer_do_not() -> None:
    """One crashing pod must not blind us; one surviving pod of five must not stand for all."""
    known = {name: scrape(5.0) for name in "abc"}
    two_of_three: Look = {"a": scrape(9.0), "b": scrape(9.0), "c": MISSED}
    one_of_three: Look = {"a": scrape(9.0), "b": MISSED, "c": MISSED}

    assert requests(known, two_of_three) == 8
    assert requests(known, one_of_three) is None


def test_an_unread_arm_adds_nothing_from_the_few_that_answered() -> None:
    """Later it would be taken for the traffic of a single interval."""
    known = {name: scrape(5.0) for name in "abc"}
    one_of_three: Look = {"a": scrape(900.0), "b": MISSED, "c": MISSED}
    later = {"a": scrape(901.0), "b": scrape(7.0), "c": scrape(7.0)}

    assert requests(known, one_of_three, later) == 1


def test_a_source_that_is_gone_leaves_its_counts_behind() -> None:
    """Scaling down is not un-serving."""
    total = requests(
        {"a": scrape(0.0), "b": scrape(0.0)},
        {"a": scrape(10.0), "b": scrape(20.0)},
        {"a": scrape(11.0)},
    )

    assert total == 31


def test_a_series_that_was_left_out_once_does_not_count_twice() -> None:
    """Some exporters drop idle series and bring them back with their old value."""
    total = requests(
        {"a": scrape(100.0)},
        {"a": scrape(1.0, code="404")},
        {"a": scrape(102.0)},
    )

    assert total == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e300])
def test_nonsense_is_refused_with_the_whole_scrape(value: float) -> None:
    """A source that sends NaN is broken; what else it says is no evidence either."""
    ledger = after_looks([{"a": scrape(5.0)}, {"a": scrape(500.0, value)}])

    assert ledger.counts(Side.STABLE) is None
    assert ledger.missed[0].startswith("a says 500 is ")


def test_one_source_may_speak_for_both_arms() -> None:
    """A gateway counts stable and canary in one answer."""

    def answer(passed: float, failed: float) -> Look:
        return {
            "gw": Scrape(
                arms={
                    Side.STABLE: Series(passed={"s": passed}),
                    Side.CANARY: Series(failed={"c": failed}),
                }
            )
        }

    ledger = after_looks([answer(1.0, 1.0), answer(5.0, 3.0)])

    assert ledger.counts(Side.STABLE) == Counts(requests=4, failures=0)
    assert ledger.counts(Side.CANARY) == Counts(requests=2, failures=2)


def test_a_histogram_rises_bucket_by_bucket() -> None:
    """Latency is judged on counts above an edge."""
    counts = stable({"a": timed(1, 2, 3)}, {"a": timed(5, 7, 9)})

    assert counts is not None
    assert counts.latency == Histogram(bounds=(10.0, 100.0), counts=(4, 5, 6))


def test_a_histogram_resets_as_a_whole() -> None:
    """One fallen bucket proves the restart, also for the buckets that have overtaken."""
    counts = stable({"a": timed(10, 10, 10)}, {"a": timed(2, 11, 12)})

    assert counts is not None
    assert counts.latency == Histogram(bounds=(10.0, 100.0), counts=(2, 11, 12))


def test_a_histogram_is_there_from_the_first_look() -> None:
    """The first difference needs something to be taken from."""
    counts = stable({"a": timed(1, 2, 3)})

    assert counts is not None
    assert counts.latency == Histogram(bounds=(10.0, 100.0), counts=(0, 0, 0))


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(timed(5, 4, 6), id="not cumulative"),
        pytest.param(timed(5, 6), id="too few counts"),
        pytest.param(timed(-1, 4, 6), id="negative"),
        pytest.param(timed(5, 6, 7, bounds=(10.0, 50.0)), id="other buckets"),
    ],
)
def test_buckets_that_do_not_add_up_are_refused(broken: Scrape) -> None:
    """Sums over different or broken buckets mean nothing, and look as if they did."""
    counts = stable({"a": timed(1, 2, 3)}, {"a": broken})

    assert counts is None


@pytest.mark.parametrize("bounds", [(100.0, 10.0), (10.0, float("nan"))])
def test_buckets_without_order_are_refused_from_the_start(bounds: tuple[float, ...]) -> None:
    """The first histogram sets the edges for all others, so it must have some."""
    counts = stable({"a": timed(1, 2, 3, bounds=bounds)})

    assert counts is None


def test_a_rebased_ledger_keeps_its_totals_and_forgets_its_sources() -> None:
    """When failing codes change, old counts must not pour into the new meaning."""
    ledger = rebased(after_looks([{"a": scrape(0.0)}, {"a": scrape(10.0)}]))

    later = advance(ledger, {"a": scrape(5.0, 500.0)}, Instant(200.0))

    assert later.counts(Side.STABLE) == Counts(requests=10, failures=0)


def test_a_source_that_invents_series_does_not_fill_memory() -> None:
    """A hostile endpoint must cost bounded memory, whatever it sends."""
    ledger = Ledger()
    for number in range(4):
        passed = {f"{number}-{i}": 1.0 for i in range(4000)}
        look = {"a": Scrape(arms={Side.STABLE: Series(passed=passed)})}
        ledger = advance(ledger, look, Instant(float(number)))

    assert len(ledger.scrapes["a"].arms[Side.STABLE].passed) <= 10_000


_ANSWERS = st.one_of(
    st.just(Missed(sides=BOTH, reason="gone.")),
    st.builds(
        lambda passed, failed, started: Scrape(
            arms={
                Side.STABLE: Series(passed=passed, failed=failed),
                Side.CANARY: Series(passed=failed),
            },
            started=started,
        ),
        st.dictionaries(st.sampled_from("pqr"), st.floats(), max_size=3),
        st.dictionaries(st.sampled_from("xyz"), st.floats(0.0, 1e6), max_size=3),
        st.none() | st.floats(0.0, 500.0).map(Instant),
    ),
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), _ANSWERS, max_size=3), max_size=12))
def test_totals_never_fall(looks: list[Look]) -> None:
    """Whatever sources say: a falling total would be a negative sample."""
    ledger = Ledger()
    for number, look in enumerate(looks):
        later = advance(ledger, look, Instant(100.0 + 10.0 * number))

        for side in Side:
            before, now = ledger.totals[side].counts(), later.totals[side].counts()
            assert now.requests >= before.requests
            assert now.failures >= before.failures
            assert now.requests >= now.failures
        ledger = later


@st.composite
def _histories(draw: st.DrawFn) -> tuple[list[Look], int]:
    """Pods that serve, restart, appear and go; returns the looks and what they really served.

    Every look reaches every pod, and a restart is followed by a look before the old count is
    overtaken, or is told by its start: then nothing is beyond observation but the requests
    between a pod's last look and its end.
    """
    served = 0
    counters = {"a": 0}
    started = {"a": 0.0}
    looks: list[Look] = []
    for turn in range(draw(st.integers(2, 8))):
        now = 10.0 * turn
        for name in list(counters):
            event = draw(st.sampled_from(["serve", "serve", "restart", "go"]))
            if event == "go" and turn and len(counters) > 1:
                del counters[name]
                continue
            if event == "restart" and turn:
                counters[name], started[name] = 0, now - 5.0
            more = draw(st.integers(0, 50))
            counters[name] += more
            served += more if turn else 0
        if turn and draw(st.booleans()):
            name = f"pod-{turn}"
            counters[name], started[name] = draw(st.integers(0, 50)), now - 5.0
            served += counters[name]
        looks.append(
            {name: scrape(float(n), started=started[name]) for name, n in counters.items()}
        )
    return looks, served


@given(_histories())
def test_the_sum_over_any_churn_is_the_true_increase(
    history: tuple[list[Look], int],
) -> None:
    """Rolling restarts and scaling happen during every rollout and must not bend the counts."""
    looks, served = history
    ledger = Ledger()

    for turn, look in enumerate(looks):
        ledger = advance(ledger, look, Instant(10.0 * turn))

    assert ledger.counts(Side.STABLE) == Counts(requests=served, failures=0)
