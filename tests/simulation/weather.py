"""What goes wrong between a replica and the API server, and how often.

Each seed switches some kinds of faults on and others off (a *swarm*): a rare sequence needs
faults that other faults would hide.
"""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rolloutd.adapters.kubernetes.errors import Answer, failure
from rolloutd.core.units import Seconds
from rolloutd.errors import RolloutdError


class Fault(enum.Enum):
    """One thing that can go wrong with a request, a watch or the metrics."""

    SLOW = "slow answer"
    LOST_BEFORE = "lost before commit"
    LOST_AFTER = "lost after commit"
    LATE = "committed after the client gave up"
    CONFLICT = "409"
    MISFIT = "422"
    THROTTLED = "429 with Retry-After"
    SERVER_ERROR = "500"
    WEB_PAGE = "502 with HTML"
    DENIED = "400 by a webhook"
    STALE_READ = "time-travelled read"
    WATCH_REFUSED = "watch refused"
    WATCH_EMPTY = "watch ended at once"
    WATCH_ENDED = "watch ended"
    WATCH_TRUNCATED = "watch truncated"
    WATCH_STALLED = "watch stalled"
    WATCH_GONE = "410"
    EVENT_DROPPED = "event dropped"
    EVENT_SWAPPED = "events swapped"
    METRICS_DOWN = "metrics down"
    METRICS_LATE = "metrics late"
    METRICS_NAN = "metrics NaN"
    METRICS_RESET = "counters reset"
    METRICS_PARTIAL = "metrics partial"


CALL_FAULTS = (
    Fault.SLOW,
    Fault.LOST_BEFORE,
    Fault.LOST_AFTER,
    Fault.LATE,
    Fault.CONFLICT,
    Fault.MISFIT,
    Fault.THROTTLED,
    Fault.SERVER_ERROR,
    Fault.WEB_PAGE,
    Fault.DENIED,
)
WATCH_FAULTS = (
    Fault.WATCH_REFUSED,
    Fault.WATCH_EMPTY,
    Fault.WATCH_ENDED,
    Fault.WATCH_TRUNCATED,
    Fault.WATCH_STALLED,
    Fault.WATCH_GONE,
)
EVENT_FAULTS = (Fault.EVENT_DROPPED, Fault.EVENT_SWAPPED)
METRICS_FAULTS = (
    Fault.METRICS_DOWN,
    Fault.METRICS_LATE,
    Fault.METRICS_NAN,
    Fault.METRICS_RESET,
    Fault.METRICS_PARTIAL,
)

WRITES_ONLY = frozenset(
    {Fault.LOST_AFTER, Fault.LATE, Fault.CONFLICT, Fault.MISFIT, Fault.DENIED}
)

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_STATUS = b'{"kind":"Status","status":"Failure","message":"injected","code":0}'
_ANSWERS: Mapping[Fault, tuple[int, bytes]] = {
    Fault.CONFLICT: (409, _STATUS),
    Fault.MISFIT: (422, _STATUS),
    Fault.THROTTLED: (429, _STATUS),
    Fault.SERVER_ERROR: (500, _STATUS),
    Fault.WEB_PAGE: (502, _HTML),
    Fault.DENIED: (400, _STATUS),
    Fault.WATCH_REFUSED: (503, _STATUS),
    Fault.WATCH_GONE: (410, _STATUS),
}


def seeded(seed: int) -> random.Random:
    """Return chance that can be had again."""
    return random.Random(seed)  # noqa: S311 - chance here has to be foreseen


def answered(fault: Fault, what: str, *, is_json_patch: bool = False) -> RolloutdError | None:
    """Return the error that the live client makes of a fault; ``None`` for one without words.

    It is the client's own translation: a 502 in HTML and a 409 in JSON are told apart there.
    """
    if fault not in _ANSWERS:
        return None
    status, body = _ANSWERS[fault]
    pause = Seconds(1.0) if fault is Fault.THROTTLED else None
    answer = Answer(what=what, status=status, body=body, retry_after=pause)
    return failure(answer, json_patch=is_json_patch)


@dataclass(slots=True)
class Weather:
    """How often each fault happens, and how often it has.

    Attributes:
        chances: Of a fault, by kind; those not named do not happen.
        latency: Mean time for one way, in seconds.
        is_calm: Nothing goes wrong any more.
        tally: Faults injected so far.
    """

    chance: random.Random
    chances: Mapping[Fault, float] = field(default_factory=dict)
    latency: float = 0.005
    is_calm: bool = False
    tally: Counter[str] = field(default_factory=Counter)

    def strikes(self, kinds: tuple[Fault, ...]) -> Fault | None:
        """Throw the dice for one occasion."""
        if self.is_calm or not self.chances:
            return None
        roll = self.chance.random()
        for kind in kinds:
            roll -= self.chances.get(kind, 0.0)
            if roll < 0.0:
                return kind
        return None

    def count(self, what: Fault | str) -> None:
        """Note a fault that was injected."""
        self.tally[what.value if isinstance(what, Fault) else what] += 1

    def trip(self) -> Seconds:
        """Return how long a message travels."""
        if self.is_calm:
            return Seconds(0.002)
        return Seconds(self.chance.expovariate(1.0 / self.latency))
