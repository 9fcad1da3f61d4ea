"""What a run cost, what it went through, and how the way back went."""

from __future__ import annotations

from rolloutd.core.actions import Announce, Happening
from rolloutd.core.machine import SUSPECT_CAP
from rolloutd.core.observation import Course
from rolloutd.core.plan import Plan
from rolloutd.core.state import Phase, Record, Transition
from rolloutd.core.steps import span
from rolloutd.core.units import Seconds, elapsed

BACK = frozenset({Happening.ROLLED_BACK, Happening.SUPERSEDED, Happening.ABORTED})
"""What takes traffic back."""

_FROM_THE_START = Seconds(30.0)
"""A count that began this soon after the run counts for all of it."""


def exposed(record: Record) -> int:
    """Return the canary's share before it was taken back."""
    return min(record.weight, SUSPECT_CAP) if record.suspect else record.weight


def impact(record: Record, words: Announce) -> str:
    """Say what a canary had of the traffic that was taken back, and what became of that."""
    if words.what not in BACK:
        return ""
    last = exposed(record)
    if last == 0:
        return "The canary had no traffic."
    took = span(elapsed(record.started, record.since))
    most = max((line.weight for line in _story(record)), default=last)
    peak = f", and {most} % at most before" if most > last else ""
    share = f"The canary had {last} % of the traffic{peak}; the run began {took} before."
    served = _served(record, words.course)
    return f"{share} {served}" if served else share


def course(record: Record, words: Announce) -> str:
    """Say how a promoted canary got there: looks, close calls, and who held it up."""
    if words.what is not Happening.PROMOTED:
        return ""
    return " ".join(part for part in (_looks(words.course), _pauses(record)) if part)


def done(plan: Plan, words: Announce) -> str:
    """Say what was made of the traffic, and how long that took."""
    if words.what not in BACK:
        return ""
    names = ", ".join(routes.virtual_service for routes in plan.virtual_services)
    kind = "VirtualService" if len(plan.virtual_services) == 1 else "VirtualServices"
    took = f", {_precisely(words.took)} after the decision" if words.took is not None else ""
    again = " Told again after a restart: you may know." if words.again else ""
    return f"{kind} {names} back to stable for all traffic{took}.{again}"


def _served(record: Record, seen: Course | None) -> str:
    if seen is None or seen.looks == 0:
        return ""
    # Nobody counts after a promotion, so that of one that was taken back the rest is missing.
    ended = any(line.phase is Phase.PROMOTED for line in _story(record))
    whole = elapsed(record.started, seen.since) <= _FROM_THE_START and not ended
    least = "about" if whole else "at least"
    return f"It served {least} {seen.requests:,} requests, of which {seen.failures:,} failed."


def _looks(seen: Course | None) -> str:
    if seen is None or seen.looks == 0:
        return ""
    said = f"{seen.fine} of {seen.looks} looks at the metrics found all gates fine."
    if seen.closest is None:
        return said
    near = seen.closest
    left = f"{near.room * 100:.0f} % of the way left"
    return f"{said} Closest to a breach: {near.gate} at {near.weight} %, {left}."


def _pauses(record: Record) -> str:
    """Say each pause in the words it began with, and how long it lasted."""
    held: list[str] = []
    began: Transition | None = None
    for line in _story(record):
        if line.phase is Phase.PAUSED:
            began = began or line
        elif began is not None:
            held.append(f"{began.reason.rstrip('.')} ({span(elapsed(began.at, line.at))})")
            began = None
    return f"{'; '.join(held)}." if held else ""


def _story(record: Record) -> tuple[Transition, ...]:
    return tuple(line for line in record.transitions if line.at >= record.started)


def _precisely(took: Seconds) -> str:
    return f"{took * 1000:.0f} ms" if took < 1 else span(took)
