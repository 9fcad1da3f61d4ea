"""What is told again after a restart: the one thing that people must not miss."""

from __future__ import annotations

from rolloutd.core.actions import Announce, Happening
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Instant, Seconds, elapsed

FRESH = Seconds(900.0)
"""For how long a rollback is told again. A process that was killed is up again long before."""

_BACK = {Phase.ROLLED_BACK: Happening.ROLLED_BACK, Phase.ABORTED: Happening.ABORTED}


def reminder(record: Record, now: Instant) -> Announce | None:
    """Return the words about a rollback found in a record that another process wrote.

    That process may have died between the write and the last word about it; nothing says
    whether it did. Twice is better than never, so this is told at least once.
    """
    what = _BACK.get(record.phase)
    if what is None or elapsed(record.since, now) > FRESH:
        return None
    actor = record.transitions[-1].actor if record.transitions else ""
    return Announce(what=what, text=record.reason, actor=actor, again=True)
