"""What the callers saw: every call, counted; the latest ones, kept. Pure."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from rolloutd.core.units import Instant, Seconds, elapsed

NOWHERE = ""
"""The version and the pod of a call of which nobody can say where it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, from the caller's side.

    Attributes:
        caller: Who called.
        start: When it was sent.
        end: When its answer, or the news of its failure, came.
        version: Where it was routed, whether it got there or not.
        pod: Who answered; ``NOWHERE`` when no pod did.
        status: gRPC status; 0 is success.
    """

    caller: str
    start: Instant
    end: Instant
    version: str
    pod: str
    status: int

    @property
    def failed(self) -> bool:
        """Whether the caller got an error."""
        return self.status != 0

    @property
    def duration(self) -> Seconds:
        """How long the caller waited."""
        return elapsed(self.start, self.end)


class Ledger:
    """Counts of all calls, and the latest calls themselves.

    Args:
        kept: How many calls are remembered one by one.
    """

    def __init__(self, *, kept: int = 50_000) -> None:
        self._recent: deque[Call] = deque(maxlen=kept)
        self._requests: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._last_start: dict[str, Instant] = {}
        self.unsent = 0
        """Calls that were due but not made, because too many were in flight."""

    def record(self, call: Call) -> None:
        """Enter a finished call."""
        self._recent.append(call)
        self._requests[call.version] += 1
        self._failures[call.version] += call.failed
        last = self._last_start.get(call.version, call.start)
        self._last_start[call.version] = max(last, call.start)

    def requests(self, version: str | None = None) -> int:
        """Return how many calls finished; without a version, all."""
        return self._requests.total() if version is None else self._requests[version]

    def failures(self, version: str | None = None) -> int:
        """Return how many of them failed."""
        return self._failures.total() if version is None else self._failures[version]

    def first_bad(
        self, version: str, after: Instant, *, slower: Seconds | None = None
    ) -> Instant | None:
        """Return when the first bad answer arrived, among the calls still remembered.

        Args:
            version: Whose calls.
            after: Answers before this instant do not count.
            slower: A call that succeeds but takes longer is bad too.
        """
        return min(
            (
                call.end
                for call in self._recent
                if call.version == version
                and call.end >= after
                and (call.failed or (slower is not None and call.duration > slower))
            ),
            default=None,
        )

    def last_start_on(self, version: str) -> Instant | None:
        """Return when the last call so far that went to a version was sent.

        Calls still on their way are not known yet: ask again when they must have come back.
        """
        return self._last_start.get(version)

    def recent(self) -> tuple[Call, ...]:
        """Return the calls still remembered, in the order in which they ended."""
        return tuple(self._recent)
