"""Going back and standing still: the rules that come before any going on.

None of them waits for readiness, notifications, windows or evidence beyond the breach itself.
"""

from __future__ import annotations

import dataclasses

from rolloutd.core.actions import Announce, Declined, Happening
from rolloutd.core.advance import enforced
from rolloutd.core.commands import resumed
from rolloutd.core.facts import Answer, Change, Facts, obeyed, settle
from rolloutd.core.machine import SUSPECT_CAP, Because, tell
from rolloutd.core.observation import CommandKind, MeshSeen, Ruling
from rolloutd.core.plan import Afterwards, OnBreach
from rolloutd.core.retirement import is_retiring
from rolloutd.core.state import Cause, Pause, Phase, Record
from rolloutd.core.steps import span
from rolloutd.core.units import Seconds, after

RESTORES = 3
"""Times that foreign weights are put right before we stop fighting."""

RESTORE_MEMORY = Seconds(600.0)
"""For how long a restore counts."""


def rollback_asked(facts: Facts) -> Answer:
    """A person wants stable: at once, whatever the evidence."""
    command = facts.seen.command
    if command is None or command.kind is not CommandKind.ROLLBACK:
        return None
    trouble = _retired(facts) if facts.record.phase is Phase.PROMOTED else ""
    if trouble:
        return Change(record=facts.record, reply=Declined(reason=trouble))
    why = f": {command.reason.rstrip('.')}" if command.reason else ""
    because = Because(f"Rolled back by {command.actor}{why}.", command.actor)
    return obeyed(settle(facts, Phase.ABORTED, Happening.ABORTED, because), command)


def breach(facts: Facts) -> Answer:
    """The canary is worse."""
    reason = facts.watch.breach
    if reason is None or not facts.active:
        return None
    if facts.plan.on_breach is OnBreach.ROLLBACK:
        return _roll_back(facts, f"Rolled back: {reason}")
    return _pause(facts, Cause.BREACH, f"Paused on a breach: {reason}")


def superseded(facts: Facts) -> Answer:
    """Another canary is wanted by now: this one goes first."""
    if not facts.active:
        return None
    reason = facts.seen.superseded or _other_revision(facts)
    if reason is None:
        return None
    because = Because(f"Rolled back: superseded, {reason}.")
    return settle(facts, Phase.ROLLED_BACK, Happening.SUPERSEDED, because)


def plan_removed(facts: Facts) -> Answer:
    """Without a plan nobody says what comes next."""
    gone = facts.seen.plan_removed
    held = facts.record.pause
    if facts.active and gone and (held is None or held.cause is Cause.PLAN):
        reason = f"Paused: the plan ({facts.plan.origin}) was removed in mid-rollout."
        return _pause(facts, Cause.PLAN_REMOVED, reason)
    if not gone and held is not None and held.cause is Cause.PLAN_REMOVED:
        return resumed(facts, Because("Resumed: the plan is back."))
    return None


def hands_off(facts: Facts) -> Answer:
    """The annotation on the VirtualService is the brake that needs no daemon's API."""
    if not facts.active or not isinstance(facts.seen.mesh, MeshSeen):
        return None
    asked, held = facts.seen.mesh.hold_off, facts.record.pause
    off = held is not None and held.cause is Cause.HANDS_OFF
    if asked is not None and facts.record.phase is Phase.PROGRESSING:
        return _pause(facts, Cause.HANDS_OFF, f"Paused by annotation: {asked}.")
    if asked is None and off:
        return resumed(facts, Because("Resumed: the pause annotation was removed."))
    return None


def drift(facts: Facts) -> Answer:
    """Someone else changed the weights: put them right, but do not fight for ever."""
    record, now = facts.record, facts.now
    if not facts.active or (record.pause is not None and record.pause.hands_off):
        return None
    match facts.seen.mesh:
        case MeshSeen(primary_in_step=False, canary=found):
            pass
        case _:
            return None
    if now in record.restores:
        return None
    recent = tuple(at for at in record.restores if after(at, RESTORE_MEMORY) > now)
    if len(recent) >= RESTORES:
        reason = (
            f"Paused: someone else changed the weights {RESTORES + 1} times in"
            f" {span(RESTORE_MEMORY)}; they are left as found."
        )
        return _pause(facts, Cause.DRIFT, reason)
    what = "uneven weights" if found is None else f"{found} % to the canary"
    because = Because(f"Weights restored: found {what}, not ours.")
    restored = dataclasses.replace(record, restores=(*recent, now))
    return Change(
        record=tell(restored, now, because),
        actions=(Announce(what=Happening.DRIFT, text=because.reason),),
    )


def suspicion(facts: Facts) -> Answer:
    """Looks worse, may be an incident of both arms: expose little until it is known."""
    record = facts.record
    verdicts = enforced(facts.seen)
    accused = next((v for v in verdicts if v.ruling is Ruling.SUSPECT), None)
    if not facts.active:
        return None
    if accused is not None and not record.suspect and record.weight > SUSPECT_CAP:
        because = Because(f"Suspect, cut to {SUSPECT_CAP} %: {accused.reason}")
        marked = dataclasses.replace(record, suspect=True)
        return _told(facts, marked, Happening.SUSPECT, because)
    answered = bool(verdicts) and all(v.ruling is not Ruling.BLIND for v in verdicts)
    if record.suspect and accused is None and answered:
        because = Because(f"Suspicion cleared: back to {record.weight} %.")
        # The hold starts again: what was seen meanwhile was seen at less weight.
        cleared = dataclasses.replace(record, suspect=False, step_since=facts.now)
        return _told(facts, cleared, Happening.CLEARED, because)
    return None


def blindness(facts: Facts) -> Answer:
    """Blind for longer than the plan bears."""
    since, rule = facts.watch.blind_since, facts.plan.on_blind
    if facts.record.phase is not Phase.PROGRESSING or since is None:
        return None
    if facts.now < after(since, rule.hold) or rule.then is Afterwards.HOLD:
        return None
    blind = next(v for v in enforced(facts.seen) if v.ruling is Ruling.BLIND)
    return _roll_back(
        facts, f"Rolled back: blind for {span(facts.now - since)}. {blind.reason}"
    )


def _retired(facts: Facts) -> str:
    """Say why stable can't serve: the one case in which its end was ordered."""
    stable = facts.seen.stable
    if stable is None or stable.replicas == 0:
        return "Stable has no replicas any more: scale its Deployment up first."
    if is_retiring(facts.record, stable):
        return (
            "Stable is being scaled to 0 at this moment. Scale its Deployment up, or annotate "
            "it, which voids that, and ask again."
        )
    return ""


def _other_revision(facts: Facts) -> str | None:
    seen = facts.seen.canary
    if seen is None or not facts.record.revision or seen.revision == facts.record.revision:
        return None
    return "the canary's Deployment was given another pod template"


def _roll_back(facts: Facts, reason: str) -> Change:
    return settle(facts, Phase.ROLLED_BACK, Happening.ROLLED_BACK, Because(reason))


def _pause(facts: Facts, cause: Cause, reason: str) -> Change:
    pause = Pause(cause=cause, actor="", reason=reason)
    return settle(facts, Phase.PAUSED, Happening.PAUSED, Because(reason), pause=pause)


def _told(facts: Facts, record: Record, what: Happening, because: Because) -> Change:
    return Change(
        record=tell(record, facts.now, because),
        actions=(Announce(what=what, text=because.reason),),
    )
