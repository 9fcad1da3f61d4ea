"""The legal moves between phases. If a move is not here, it cannot happen.

This file and ``state.py`` hold everything that the state of a run consists of; which move is
made when is policy and stands in ``decide.py``. ``docs/state-machine.md`` is drawn from MOVES.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import assert_never

from rolloutd.core.state import Pause, Phase, Record, Transition
from rolloutd.core.units import Instant, Percent

MOVES: Mapping[Phase, frozenset[Phase]] = MappingProxyType(
    {
        Phase.WAITING: frozenset({Phase.PROGRESSING, Phase.PROMOTED, Phase.ABORTED}),
        Phase.PROGRESSING: frozenset(
            {
                Phase.PROGRESSING,
                Phase.PAUSED,
                Phase.PROMOTED,
                Phase.ROLLED_BACK,
                Phase.ABORTED,
            }
        ),
        Phase.PAUSED: frozenset(
            {
                Phase.PROGRESSING,
                Phase.PAUSED,
                Phase.PROMOTED,
                Phase.ROLLED_BACK,
                Phase.ABORTED,
            }
        ),
        Phase.PROMOTED: frozenset({Phase.WAITING, Phase.ABORTED}),
        Phase.ROLLED_BACK: frozenset({Phase.WAITING}),
        Phase.ABORTED: frozenset({Phase.WAITING}),
    }
)

ACTIVE = frozenset({Phase.PROGRESSING, Phase.PAUSED})
"""A run in one of these owns the weights."""

ENDED = frozenset({Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED})
"""A run in one of these writes no weights; leaving it takes a person or a new canary."""

SUSPECT_CAP = Percent(10)
"""Most that a suspect canary gets: enough to learn from, little to hurt."""

STORY_LENGTH = 12
"""Transitions kept in the record; it must stay well below 8 KiB."""

REASON_LENGTH = 300
"""Characters of a reason kept in the record, for the same bound."""

COMMAND_MEMORY = 8
"""Command ids kept, so that a repeated request is one order."""


class IllegalMoveError(AssertionError):
    """A bug in the policy: no input may cause it."""


@dataclass(frozen=True, slots=True)
class Because:
    """Why something is done, and who asked; nobody when the daemon itself decided."""

    reason: str
    actor: str = ""


def move(
    record: Record, to: Phase, now: Instant, because: Because, *, pause: Pause | None = None
) -> Record:
    """Return the record after a legal move.

    Raises:
        IllegalMoveError: MOVES does not have it.
    """
    if to not in MOVES[record.phase]:
        raise IllegalMoveError(f"{record.phase.name} -> {to.name}")
    moved = dataclasses.replace(record, phase=to, since=now, pause=pause, reason=because.reason)
    return tell(moved, now, because)


def at_step(record: Record, step: int, weight: Percent, now: Instant) -> Record:
    """Return the record placed at a step whose clock starts now."""
    return dataclasses.replace(record, step=step, weight=weight, step_since=now, suspect=False)


def tell(record: Record, now: Instant, because: Because) -> Record:
    """Add a line to the story."""
    line = Transition(
        at=now,
        phase=record.phase,
        step=record.step,
        weight=ordered(record) or Percent(0),
        reason=because.reason[:REASON_LENGTH],
        actor=because.actor,
    )
    story = (*record.transitions, line)[-STORY_LENGTH:]
    return dataclasses.replace(record, transitions=story)


def ordered(record: Record) -> Percent | None:
    """Return the canary's share that a record stands for; ``None`` claims nothing."""
    match record.phase:
        case Phase.WAITING:
            return None
        case Phase.ROLLED_BACK | Phase.ABORTED:
            return Percent(0)
        case Phase.PROMOTED:
            return Percent(100)
        case Phase.PROGRESSING | Phase.PAUSED:
            return min(record.weight, SUSPECT_CAP) if record.suspect else record.weight
        case never:
            assert_never(never)
