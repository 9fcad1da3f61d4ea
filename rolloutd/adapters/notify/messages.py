"""What people are told of a rollout, before any channel gives it a form."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from rolloutd.adapters.notify.account import BACK, course, done, impact
from rolloutd.adapters.notify.links import Addresses, Link
from rolloutd.adapters.notify.sentences import due, title, what_next
from rolloutd.adapters.notify.table import GateRow, gate_rows
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.machine import ordered
from rolloutd.core.plan import Plan, WeightStep
from rolloutd.core.state import Record
from rolloutd.core.steps import ALL, arm_name
from rolloutd.core.units import Instant


class Severity(enum.Enum):
    """How much a message asks of its reader."""

    INFO = "info"
    """Goes as planned."""
    GOOD = "good"
    """Ended well."""
    WARNING = "warning"
    """May need a person."""
    ALARM = "alarm"
    """Traffic was taken back."""


_SEVERITIES = {
    Happening.STARTED: Severity.INFO,
    Happening.ADVANCED: Severity.INFO,
    Happening.PAUSED: Severity.WARNING,
    Happening.RESUMED: Severity.INFO,
    Happening.SUSPECT: Severity.WARNING,
    Happening.CLEARED: Severity.INFO,
    Happening.BLIND: Severity.WARNING,
    Happening.DRIFT: Severity.WARNING,
    Happening.ROLLED_BACK: Severity.ALARM,
    Happening.SUPERSEDED: Severity.INFO,
    Happening.ABORTED: Severity.ALARM,
    Happening.PROMOTED: Severity.GOOD,
    Happening.SCALED_DOWN: Severity.INFO,
}


NOWHERE = Addresses()


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Identifies what a message is about: the same occasion is told once.

    Attributes:
        rollout: ``namespace/name``.
        moment: When the run's story last grew. Without it, the second pause at one step would
            pass for the first; it is read from the record, so a restart does not change it.
    """

    rollout: str
    run: int
    what: Happening
    step: int
    moment: Instant

    def __str__(self) -> str:
        return f"{self.rollout}/{self.run}/{self.what.value}/{self.step}/{self.moment:.3f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to tell, in plain text: no channel's markup, nothing escaped.

    Attributes:
        at: When it happened.
        title: One line without a full stop.
        why: A full sentence.
        impact: What the canary had of the traffic; empty where nothing was taken back.
        course: What a promoted canary went through; empty otherwise.
        done: What was made of the traffic that was taken back, and how fast; or empty.
        next: What follows, or whom it takes; a full sentence or empty.
        due: When it follows, if it does so by itself.
        gates: What each gate saw at that moment.
        links: Where there is more.
        facts: Name and value, for small print.
        weight: Canary's share from now on.
        actor: Who asked; empty when the daemon itself decided.
    """

    occasion: Occasion
    severity: Severity
    at: Instant
    title: str
    why: str
    impact: str
    course: str = ""
    done: str = ""
    next: str
    due: Instant | None = None
    gates: tuple[GateRow, ...] = ()
    links: tuple[Link, ...] = ()
    facts: tuple[tuple[str, str], ...]
    weight: int
    actor: str

    @property
    def is_rollback(self) -> bool:
        """Whether traffic was taken back: never to be lost on the way."""
        return self.occasion.what in BACK


def message(
    plan: Plan, record: Record, words: Announce, at: Instant, addresses: Addresses = NOWHERE
) -> Message:
    """Put a happening into words.

    Args:
        plan: The plan in force.
        record: The record that came of it.
        words: What the decision said.
        at: When it happened.
        addresses: What can be linked to.
    """
    words = replace(words, text=_valid(words.text), actor=_valid(words.actor))
    return Message(
        occasion=_occasion(plan, record, words.what),
        severity=_SEVERITIES[words.what],
        at=at,
        title=title(plan, record, words),
        why=words.text,
        impact=impact(record, words),
        course=_valid(course(record, words)),
        done=done(plan, words),
        next=what_next(plan, record, words.what),
        due=due(plan, record, words.what),
        gates=gate_rows(plan.gates, words.verdicts),
        links=addresses.links(plan.key, record, words.what, at),
        facts=_facts(plan, record),
        weight=ordered(record) or 0,
        actor=words.actor,
    )


def is_news(plan: Plan, record: Record, what: Happening, *, every_step: bool = False) -> bool:
    """Say whether a happening is worth a message of its own.

    A channel that can't thread would be flooded by every step, so only the first and the last
    advance are told; what goes wrong, stands still, or ends always is.

    Args:
        plan: The plan in force.
        record: The record that came of it.
        what: The happening.
        every_step: The channel can thread.
    """
    match what:
        case Happening.ADVANCED:
            return every_step or record.step in _first_and_last_rise(plan)
        case Happening.SCALED_DOWN:
            return False
        case _:
            return True


def _first_and_last_rise(plan: Plan) -> frozenset[int]:
    rises = [
        index
        for index, step in enumerate(plan.steps[1:], start=1)
        # All traffic without a hold is the promotion itself, which has its own message.
        if isinstance(step, WeightStep) and not (step.weight == ALL and not step.hold)
    ]
    return frozenset((*rises[:1], *rises[-1:]))


def _valid(text: str) -> str:
    """Return a text that has a form in UTF-8: what people typed may hold half a surrogate."""
    return text.encode(errors="replace").decode()


def _occasion(plan: Plan, record: Record, what: Happening) -> Occasion:
    story = record.transitions
    return Occasion(
        rollout=str(plan.key),
        run=record.run,
        what=what,
        step=record.step,
        moment=story[-1].at if story else record.since,
    )


def _facts(plan: Plan, record: Record) -> tuple[tuple[str, str], ...]:
    weight = ordered(record) or 0
    return (
        ("rollout", str(plan.key)),
        ("versions", f"{arm_name(plan.stable)} → {arm_name(plan.canary)}"),
        ("traffic", f"stable {100 - weight} %, canary {weight} %"),
        ("step", f"{min(record.step + 1, len(plan.steps))} of {len(plan.steps)}"),
        ("run", str(record.run)),
    )
