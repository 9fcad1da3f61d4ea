"""The whole policy of rolloutd, as one pure function: an ordered list of rules.

The first rule with an answer wins, so the order *is* the policy: stable first (a person's or
the evidence's rollback), then standing still, then people's wishes, then going on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

from rolloutd.core import safety
from rolloutd.core.actions import (
    Accepted,
    Action,
    Announce,
    Decision,
    Happening,
    Reply,
    ScaleDownStable,
)
from rolloutd.core.advance import enforced, hold_ends, obstacles
from rolloutd.core.commands import ask, misfit, resumed, unwritable
from rolloutd.core.facts import Answer, Change, Facts, settle
from rolloutd.core.machine import ACTIVE, ENDED, Because, tell
from rolloutd.core.observation import MeshSeen, MeshSighting, Observation, Ruling
from rolloutd.core.outlook import outlook, start_obstacles
from rolloutd.core.plan import Plan
from rolloutd.core.state import Cause, Pause, Phase, Record, State, Watch
from rolloutd.core.steps import advance, arms_of, begin, following, fresh, span
from rolloutd.core.units import Instant, after

Rule: TypeAlias = Callable[[Facts], Answer]


def decide(plan: Plan, state: State, seen: Observation, now: Instant) -> Decision:
    """Choose what to do next. Same arguments, same answer; no I/O, clock or chance.

    Every decision restates the weight that its record stands for (``machine.ordered``), so
    that a write which was lost is made good by the next turn.
    """
    record = _record_for(plan, state.record, seen, now)
    watch = _remember(state.watch, record, seen, now)
    seen, reply = _screened(seen, record)
    facts = Facts(plan=plan, record=record, watch=watch, seen=seen, now=now)
    change = next(
        (change for rule in RULES if (change := rule(facts)) is not None),
        Change(record=record),
    )
    watch, told = _tell_blindness(facts, watch)
    return Decision(
        state=State(record=change.record, watch=watch),
        actions=tuple(_with_evidence(action, seen) for action in (*change.actions, *told)),
        outlook=outlook(plan, change.record, seen, now),
        reply=change.reply or reply,
    )


def _record_for(plan: Plan, record: Record | None, seen: Observation, now: Instant) -> Record:
    """Open a new run where the last one ended and another canary is wanted."""
    revision = seen.canary.revision if seen.canary is not None else ""
    if record is None:
        return fresh(plan, revision, now, run=1)
    if record.phase not in ENDED or seen.plan_removed:
        return record
    other_arms = record.arms != arms_of(plan)
    other_content = record.digest != plan.digest or (revision not in {"", record.revision})
    # A promoted canary has all the traffic: an edit of its plan must not take it away again.
    if other_arms or (other_content and record.phase is not Phase.PROMOTED):
        return following(plan, record, revision, now, run=record.run + 1)
    return record


def _remember(watch: Watch, record: Record, seen: Observation, now: Instant) -> Watch:
    """Keep what must not be forgotten while the record does not say it yet.

    A breach is kept until its consequence is in the record that a decision *starts* from:
    only then has it been written.
    """
    active = record.phase in ACTIVE
    verdicts = enforced(seen)
    broken = next((v for v in verdicts if v.ruling is Ruling.BREACH), None)
    blind = active and any(v.ruling is Ruling.BLIND for v in verdicts)
    dealt_with = record.pause is not None and record.pause.cause is Cause.BREACH
    reason = watch.breach or (broken.reason if broken is not None else None)
    return dataclasses.replace(
        watch,
        breach=reason if active and not dealt_with else None,
        blind_since=(watch.blind_since or now) if blind else None,
        blind_told=watch.blind_told and blind,
    )


def _screened(seen: Observation, record: Record) -> tuple[Observation, Reply | None]:
    """Take away a command that is done already or does not fit, with the answer to it."""
    command = seen.command
    if command is None:
        return seen, None
    without = dataclasses.replace(seen, command=None)
    if command.id in record.commands:
        return without, Accepted()
    declined = misfit(command, record) or unwritable(command, seen.mesh)
    return (without, declined) if declined is not None else (seen, None)


def _with_evidence(action: Action, seen: Observation) -> Action:
    """Give people the numbers that were there when it was decided."""
    if isinstance(action, Announce):
        return dataclasses.replace(action, verdicts=seen.verdicts, course=seen.course)
    return action


def _tell_blindness(facts: Facts, watch: Watch) -> tuple[Watch, tuple[Action, ...]]:
    since = watch.blind_since
    if since is None or watch.blind_told or facts.now < after(since, facts.plan.on_blind.hold):
        return watch, ()
    blind = next(v for v in enforced(facts.seen) if v.ruling is Ruling.BLIND)
    text = f"Blind for {span(facts.now - since)}: {blind.reason}"
    said = Announce(what=Happening.BLIND, text=text)
    return dataclasses.replace(watch, blind_told=True), (said,)


def _wait(facts: Facts) -> Answer:
    if facts.record.phase is not Phase.WAITING:
        return None
    record, seen = facts.record, facts.seen
    if record.arms != arms_of(facts.plan):
        record = following(facts.plan, record, record.revision, facts.now, run=record.run)
        facts = dataclasses.replace(facts, record=record)
    if start_obstacles(facts.plan, record, seen, facts.now):
        return Change(record=record)
    return begin(facts)


def _end_pause(facts: Facts) -> Answer:
    pause = facts.record.pause
    if facts.record.phase is not Phase.PAUSED or pause is None or pause.until is None:
        return None
    if facts.now < pause.until:
        return None
    return resumed(facts, Because("Resumed: the pause is over."))


def _go_on(facts: Facts) -> Answer:
    if facts.record.phase is not Phase.PROGRESSING:
        return None
    due = hold_ends(facts.plan, facts.record)
    blocked = obstacles(facts.plan, facts.record, facts.seen, facts.now)
    if facts.now < due or facts.record.suspect:
        return None
    if not blocked:
        return advance(facts)
    patience = facts.plan.confidence.max_hold
    if _undecided(facts) and facts.now >= after(max(due, _looking_since(facts)), patience):
        return _ask_a_person(facts, blocked)
    return None


def _looking_since(facts: Facts) -> Instant:
    """Return when the evidence at hand was begun: a restart loses what there was before.

    Without this, whoever takes over a run that has waited long would give it up at once,
    before a single gate has had its time.
    """
    course = facts.seen.course
    return facts.record.step_since if course is None else course.since


def _undecided(facts: Facts) -> bool:
    verdicts = enforced(facts.seen)
    rulings = {verdict.ruling for verdict in verdicts}
    return bool(verdicts) and rulings <= {Ruling.HOLD, Ruling.FINE}


def _ask_a_person(facts: Facts, blocked: tuple[str, ...]) -> Change:
    waited = span(facts.plan.confidence.max_hold)
    is_new = _looking_since(facts) > hold_ends(facts.plan, facts.record)
    since = "evidence was begun anew" if is_new else "the hold"
    reason = f"Paused: undecided {waited} after {since}; a person decides. {blocked[0]}."
    pause = Pause(cause=Cause.UNDECIDED, actor="", reason=reason)
    return settle(facts, Phase.PAUSED, Happening.PAUSED, Because(reason), pause=pause)


def _retire_stable(facts: Facts) -> Answer:
    record, wanted = facts.record, facts.plan.scale_down_after
    if record.phase is not Phase.PROMOTED or wanted is None or record.scaled_down:
        return None
    if facts.now < after(record.since, wanted) or not _is_unused(facts.seen.mesh):
        return None
    stable = facts.seen.stable
    if stable is not None and stable.replicas > 0 and stable.version != record.retiring:
        # On record before it is asked for: whoever rolls back must know what is under way.
        ahead = stable.version > record.retiring
        return (
            Change(record=dataclasses.replace(record, retiring=stable.version))
            if ahead
            else None
        )
    because = Because(f"Scaled {facts.plan.stable.deployment} to 0.")
    done = tell(dataclasses.replace(record, scaled_down=True), facts.now, because)
    said = Announce(what=Happening.SCALED_DOWN, text=because.reason)
    return Change(record=done, actions=(ScaleDownStable(), said))


def _is_unused(mesh: MeshSighting) -> bool:
    """Say whether stable has no traffic: a person may have given it some since."""
    return isinstance(mesh, MeshSeen) and mesh.canary == 100 and mesh.secondaries_in_step


RULES: tuple[Rule, ...] = (
    safety.rollback_asked,
    safety.breach,
    safety.superseded,
    safety.plan_removed,
    safety.hands_off,
    safety.drift,
    safety.blindness,
    safety.suspicion,
    ask,
    _end_pause,
    _wait,
    _go_on,
    _retire_stable,
)
