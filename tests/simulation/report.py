"""What is printed of simulations."""

from __future__ import annotations

from collections import Counter

from tests.simulation.run import Outcome


class Tally:
    """Sums up seeds.

    Attributes:
        failed: Seeds in which something happened that must not.
    """

    def __init__(self) -> None:
        self.failed: list[Outcome] = []
        self._done = 0
        self._seconds = 0.0
        self._writes = 0
        self._late = 0
        self._faults: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self._done += 1
        self._seconds += outcome.seconds
        self._writes += outcome.writes
        self._late += outcome.late
        self._faults.update(outcome.faults)
        if outcome.violation:
            self.failed.append(outcome)

    def lines(self, took: float) -> list[str]:
        """Return the figures; ``took`` is the time that it cost, in seconds."""
        hours = self._seconds / 3600
        return [
            *(f"{count:9d}  {what}" for what, count in self._faults.most_common()),
            f"{self._done} seeds, {len(self.failed)} failed, {self._done / took:.1f} seeds/s",
            f"{hours:.1f} virtual hours, {self._seconds / took:.0f} times as fast as real time",
            f"{self._faults.total()} faults, {self._writes} writes of VirtualServices",
            f"{self._late} of them by a leader whose successor had not written yet",
        ]


def story(outcome: Outcome) -> list[str]:
    """Return what happened in one seed, if it was traced, and how it ended."""
    end = outcome.violation or "clean"
    return [
        *outcome.lines,
        f"seed {outcome.seed}: {end}",
        f"{outcome.seconds:.0f} virtual seconds, trace {outcome.digest}",
    ]
