"""What a rule of the policy looks at, and what it answers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.core.actions import Accepted, Action, Announce, Happening, Reply
from rolloutd.core.machine import ACTIVE, COMMAND_MEMORY, Because, move
from rolloutd.core.observation import Command, Observation
from rolloutd.core.plan import Plan
from rolloutd.core.state import Pause, Phase, Record, Watch
from rolloutd.core.units import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One turn's input, with the record to start from."""

    plan: Plan
    record: Record
    watch: Watch
    seen: Observation
    now: Instant

    @property
    def active(self) -> bool:
        """Whether a run is under way, its weights ours."""
        return self.record.phase in ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a rule wants."""

    record: Record
    actions: tuple[Action, ...] = ()
    reply: Reply | None = None


Answer: TypeAlias = Change | None
"""``None``: the rule has nothing to say, ask the next."""


def settle(
    facts: Facts, to: Phase, what: Happening, because: Because, *, pause: Pause | None = None
) -> Change:
    """Move to a phase and tell people."""
    record = move(facts.record, to, facts.now, because, pause=pause)
    said = Announce(what=what, text=because.reason, actor=because.actor)
    return Change(record=record, actions=(said,))


def obeyed(change: Change, command: Command) -> Change:
    """Mark a command as done, in the record itself, so that its repetition is no new order."""
    memory = (*change.record.commands, command.id)[-COMMAND_MEMORY:]
    record = dataclasses.replace(change.record, commands=memory)
    return dataclasses.replace(change, record=record, reply=Accepted())
