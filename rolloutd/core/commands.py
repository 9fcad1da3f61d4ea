"""What a person may ask, when it fits, and what it does. Rollback stands in ``safety.py``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rolloutd.core.actions import Declined, Happening
from rolloutd.core.facts import Answer, Change, Facts, obeyed, settle
from rolloutd.core.machine import Because, move
from rolloutd.core.observation import Command, CommandKind, MeshBlind, MeshSeen, MeshSighting
from rolloutd.core.retirement import holds_up
from rolloutd.core.state import Cause, Pause, Phase, Record
from rolloutd.core.steps import advance, begin, finish
from rolloutd.core.units import Instant, elapsed

FITS: Mapping[CommandKind, frozenset[Phase]] = MappingProxyType(
    {
        CommandKind.START: frozenset({Phase.WAITING}),
        CommandKind.PAUSE: frozenset({Phase.PROGRESSING, Phase.PAUSED}),
        CommandKind.RESUME: frozenset({Phase.PAUSED}),
        CommandKind.SKIP: frozenset({Phase.PROGRESSING, Phase.PAUSED}),
        CommandKind.PROMOTE: frozenset({Phase.PROGRESSING, Phase.PAUSED}),
        CommandKind.ROLLBACK: frozenset(
            {Phase.WAITING, Phase.PROGRESSING, Phase.PAUSED, Phase.PROMOTED}
        ),
        CommandKind.RETRY: frozenset({Phase.ROLLED_BACK, Phase.ABORTED}),
    }
)

RAISES = frozenset({CommandKind.START, CommandKind.SKIP, CommandKind.PROMOTE})
"""What gives the canary more."""


def misfit(command: Command, record: Record) -> Declined | None:
    """Say why a command can't be obeyed now; ``None`` when it can.

    A rollback is not held to ``expected_step``: whoever asks for stable gets stable.
    """
    expected = command.expected_step
    stale = expected is not None and expected != record.step
    if stale and command.kind is not CommandKind.ROLLBACK:
        reason = f"The rollout is at step {record.step} by now, not at {expected}."
        return Declined(reason=reason, stale=True)
    if record.phase not in FITS[command.kind]:
        phase, wish = record.phase.value, command.kind.value
        return Declined(reason=f"A rollout that is {phase} has nothing to {wish}.")
    return None


def unwritable(command: Command, mesh: MeshSighting) -> Declined | None:
    """Say why a command could not be recorded now, so that obeying it would be a promise.

    A rollback is tried all the same: the write will tell.
    """
    if command.kind is CommandKind.ROLLBACK or not isinstance(mesh, MeshBlind):
        return None
    return Declined(reason=f"It can't be recorded: {mesh.reason}")


def ask(facts: Facts) -> Answer:
    """Obey the command of this turn, if there is one."""
    command = facts.seen.command
    if command is None or command.kind not in OBEY:
        return None
    if _is_braked(facts, command.kind):
        reason = "The rolloutd.io/pause annotation holds it: remove that instead."
        return Change(record=facts.record, reply=Declined(reason=reason))
    change = OBEY[command.kind](facts, command)
    return change if change.reply is not None else obeyed(change, command)


def _is_braked(facts: Facts, kind: CommandKind) -> bool:
    """Say whether the annotation forbids it; a pause of one's own may be lifted under it."""
    pause, mesh = facts.record.pause, facts.seen.mesh
    if kind is CommandKind.RESUME:
        return pause is not None and pause.cause is Cause.HANDS_OFF
    return kind in RAISES and isinstance(mesh, MeshSeen) and mesh.hold_off is not None


def _start(facts: Facts, command: Command) -> Change:
    canary = facts.seen.canary
    if canary is None or not canary.ready:
        why = "it is not there" if canary is None else canary.why
        declined = Declined(reason=f"The canary is not ready: {why}.")
        return Change(record=facts.record, reply=declined)
    trouble = holds_up(facts.record, facts.seen.stable, facts.now)
    if trouble:
        return Change(record=facts.record, reply=Declined(reason=f"Not yet: {trouble}."))
    return begin(facts, _because(command))


def _pause(facts: Facts, command: Command) -> Change:
    because = _because(command)
    pause = Pause(cause=Cause.PERSON, actor=command.actor, reason=because.reason)
    return settle(facts, Phase.PAUSED, Happening.PAUSED, because, pause=pause)


def _resume(facts: Facts, command: Command) -> Change:
    return resumed(facts, _because(command))


def _skip(facts: Facts, command: Command) -> Change:
    return advance(facts, _because(command))


def _promote(facts: Facts, command: Command) -> Change:
    return finish(facts, _because(command))


def resumed(facts: Facts, because: Because) -> Change:
    """Go on where the pause began: the hold that was left is left again."""
    record = facts.record
    paused = elapsed(record.since, facts.now)
    clock = dataclasses.replace(
        record, step_since=Instant(record.step_since + paused), restores=()
    )
    return settle(
        dataclasses.replace(facts, record=clock),
        Phase.PROGRESSING,
        Happening.RESUMED,
        because,
    )


def _retry(facts: Facts, command: Command) -> Change:
    record = move(facts.record, Phase.WAITING, facts.now, _because(command))
    again = dataclasses.replace(record, run=record.run + 1, suspect=False, scaled_down=False)
    return Change(record=again)


def _because(command: Command) -> Because:
    why = f": {command.reason.rstrip('.')}" if command.reason else ""
    return Because(f"{PAST[command.kind]} by {command.actor}{why}.", command.actor)


PAST: Mapping[CommandKind, str] = MappingProxyType(
    {
        CommandKind.START: "Ordered",
        CommandKind.PAUSE: "Paused",
        CommandKind.RESUME: "Resumed",
        CommandKind.SKIP: "Hold skipped",
        CommandKind.PROMOTE: "Ordered",
        CommandKind.RETRY: "To be tried again",
    }
)

OBEY: Mapping[CommandKind, Callable[[Facts, Command], Change]] = MappingProxyType(
    {
        CommandKind.START: _start,
        CommandKind.PAUSE: _pause,
        CommandKind.RESUME: _resume,
        CommandKind.SKIP: _skip,
        CommandKind.PROMOTE: _promote,
        CommandKind.RETRY: _retry,
    }
)
"""``safety.py`` has answered a rollback before these are asked."""
