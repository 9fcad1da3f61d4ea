"""Shows that load is balanced: who called whom, how often. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rolloutd.sandbox.services.ledger import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Calls by caller and by pod.

    Attributes:
        cells: Number of calls of a (caller, pod); pairs without calls are absent.
    """

    cells: Mapping[tuple[str, str], int]

    @property
    def callers(self) -> Mapping[str, int]:
        """Calls that each caller made, by name."""
        return self._totals(0)

    @property
    def pods(self) -> Mapping[str, int]:
        """Calls that each pod answered, by name."""
        return self._totals(1)

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.cells.values())

    def _totals(self, side: int) -> Mapping[str, int]:
        totals: Counter[str] = Counter()
        for pair, calls in self.cells.items():
            totals[pair[side]] += calls
        return dict(sorted(totals.items()))


def balance(calls: Iterable[Call]) -> Balance:
    """Count who answered whom."""
    return Balance(cells=Counter((call.caller, call.pod) for call in calls))
