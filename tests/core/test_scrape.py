"""What a source says is believed whole, or not at all."""

from __future__ import annotations

from rolloutd.core.observation import Histogram
from rolloutd.core.scrape import Look, Missed, Scrape, Series, Side, checked, common_bounds

SOUND = Scrape(arms={Side.STABLE: Series(passed={"200": 5.0}, failed={"500": 0.0})})


def timed(*bounds: float) -> Scrape:
    """Make a scrape with one histogram of these edges."""
    histogram = Histogram(bounds=bounds, counts=(0,) * (len(bounds) + 1))
    return Scrape(arms={Side.STABLE: Series(latency={"h": histogram})})


def test_a_sound_scrape_passes_unchanged() -> None:
    """Checking must not copy or bend what it checks."""
    assert checked("a", SOUND, None) is SOUND


def test_a_missed_scrape_keeps_its_own_reason() -> None:
    """The first trouble is the one to report."""
    missed = Missed(sides=frozenset(Side), reason="a is away.")

    assert checked("a", missed, None) is missed


def test_one_bad_arm_condemns_the_source_for_both() -> None:
    """A gateway that counts one arm wrongly gives no fair comparison of the two."""
    bad = Scrape(arms={**SOUND.arms, Side.CANARY: Series(passed={"200": -1.0})})

    answer = checked("gw", bad, None)

    assert answer == Missed(
        sides=frozenset(Side),
        reason="gw says 200 is -1.0, which no count of requests can be.",
    )


def test_the_first_usable_edges_are_everyones() -> None:
    """Histograms are summed and compared, so their edges must agree."""
    look: Look = {
        "missed": Missed(sides=frozenset(Side), reason="away."),
        "counts only": SOUND,
        "falling": timed(10.0, 5.0),
        "good": timed(5.0, 10.0),
        "other": timed(1.0),
    }

    assert common_bounds(look) == (5.0, 10.0)


def test_without_histograms_there_are_no_edges() -> None:
    """Success rates need none."""
    assert common_bounds({"a": SOUND}) is None
