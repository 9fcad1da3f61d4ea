"""What ``make simulate`` prints: without it nobody knows what was tried, or what failed."""

from __future__ import annotations

from collections import Counter

from tests.simulation.report import Tally, story
from tests.simulation.run import Outcome


def an_outcome(seed: int, violation: str = "", **faults: int) -> Outcome:
    """Return how a seed of half a virtual hour went."""
    return Outcome(
        seed=seed,
        violation=violation,
        seconds=1800.0,
        writes=4,
        late=1,
        faults=Counter(faults),
        lines=("    1.000  lease     r0 leads, epoch 7",),
        digest="abc",
    )


def test_the_figures_are_told() -> None:
    """Seeds per second, virtual hours, and how often each kind of fault was injected."""
    tally = Tally()
    tally.add(an_outcome(1, timeout=3, reset=1))
    tally.add(an_outcome(2, timeout=2))

    assert tally.failed == []
    assert tally.lines(took=4.0) == [
        "        5  timeout",
        "        1  reset",
        "2 seeds, 0 failed, 0.5 seeds/s",
        "1.0 virtual hours, 900 times as fast as real time",
        "6 faults, 8 writes of VirtualServices",
        "2 of them by a leader whose successor had not written yet",
    ]


def test_a_seed_that_failed_is_kept_with_its_story() -> None:
    """It has to be found again by its number, and read."""
    tally = Tally()
    tally.add(an_outcome(1))
    tally.add(an_outcome(2, "r0 promoted a broken canary"))
    (failed,) = tally.failed

    assert "2 seeds, 1 failed" in tally.lines(took=1.0)[0]
    assert story(failed) == [
        "    1.000  lease     r0 leads, epoch 7",
        "seed 2: r0 promoted a broken canary",
        "1800 virtual seconds, trace abc",
    ]
