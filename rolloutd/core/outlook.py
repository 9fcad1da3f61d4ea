"""Why a rollout is where it is, and what comes next: the sentence that every view shows."""

from __future__ import annotations

from typing import assert_never

from rolloutd.core.actions import Outlook
from rolloutd.core.advance import hold_ends, next_step, obstacles, obstacles_to_start
from rolloutd.core.machine import ordered
from rolloutd.core.observation import MeshSeen, Observation
from rolloutd.core.plan import PauseStep, Plan, StartCron, StartManual, WeightStep
from rolloutd.core.retirement import holds_up
from rolloutd.core.state import Cause, Pause, Phase, Record
from rolloutd.core.steps import span
from rolloutd.core.units import Instant, elapsed
from rolloutd.core.windows import opens_at


def outlook(plan: Plan, record: Record, seen: Observation, now: Instant) -> Outlook:
    """Put the present state into words."""
    match record.phase:
        case Phase.WAITING:
            return _waiting(plan, record, seen, now)
        case Phase.PROGRESSING:
            return _progressing(plan, record, seen, now)
        case Phase.PAUSED:
            return _paused(plan, record, seen, now)
        case Phase.PROMOTED:
            return Outlook(why=record.reason, what_next=_after_promotion(plan, record))
        case Phase.ROLLED_BACK | Phase.ABORTED:
            again = "A new canary or plan starts a new run; `rolloutd retry` repeats this one."
            return Outlook(why=record.reason, what_next=again)
        case never:
            assert_never(never)


def start_obstacles(
    plan: Plan, record: Record, seen: Observation, now: Instant
) -> tuple[str, ...]:
    """Name what keeps a run from starting."""
    retiring = holds_up(record, seen.stable, now)
    blocked = (*obstacles_at_rest(plan, seen), *((retiring,) if retiring else ()))
    match plan.start:
        case StartManual():
            return (*blocked, "the plan is started by hand: `rolloutd start`")
        case StartCron(cron=cron, timezone=zone) if not seen.start_due:
            return (*blocked, f"its time ({cron}, {zone}) has not come")
        case _:
            return blocked


def obstacles_at_rest(plan: Plan, seen: Observation) -> tuple[str, ...]:
    """Name what keeps any run from starting, evidence aside: there is none before traffic."""
    removed = ("the plan was removed",) if seen.plan_removed else ()
    mesh = seen.mesh
    hold_off = mesh.hold_off if isinstance(mesh, MeshSeen) else None
    held = (f"annotation: {hold_off}",) if hold_off is not None else ()
    return (*removed, *held, *obstacles_to_start(plan, seen))


def _waiting(plan: Plan, record: Record, seen: Observation, now: Instant) -> Outlook:
    blocked = start_obstacles(plan, record, seen, now)
    why = f"Waiting: {'; '.join(blocked)}." if blocked else "Ready to start."
    first = next(step for step in plan.steps if isinstance(step, WeightStep))
    return Outlook(
        why=why,
        what_next=f"Then {first.weight} % of the traffic goes to the canary.",
        at=opens_at(plan.windows, seen.wall),
        obstacles=blocked,
    )


def _progressing(plan: Plan, record: Record, seen: Observation, now: Instant) -> Outlook:
    blocked, due = obstacles(plan, record, seen, now), hold_ends(plan, record)
    left = elapsed(now, due)
    at = f"{ordered(record)} % (suspect)" if record.suspect else f"{record.weight} %"
    if blocked:
        why = f"Holding at {at}: {'; '.join(blocked)}."
    elif left > 0:
        why = f"Holding at {at}: all gates are fine."
    else:
        why = f"At {at}: hold is over and all gates are fine."
    condition = "if the gates stay fine" if not blocked else "once that is settled"
    timing = f"in {span(left)} " if left > 0 else ""
    what_next = f"{_next_words(plan, record)} {timing}{condition}."
    return Outlook(why=why, what_next=what_next, at=due, obstacles=blocked)


def _paused(plan: Plan, record: Record, seen: Observation, now: Instant) -> Outlook:
    pause = record.pause
    what_next = f"{_next_words(plan, record)} {_ending(pause)}"
    return Outlook(
        why=record.reason,
        what_next=f"{what_next}; gates keep judging meanwhile.",
        at=pause.until if pause is not None else None,
        obstacles=obstacles(plan, record, seen, now),
    )


def _ending(pause: Pause | None) -> str:
    """Say what ends a pause: an order to resume is declined where the cluster asks for it."""
    if pause is None or (pause.until is None and pause.cause is not Cause.HANDS_OFF):
        return "when resumed"
    return "when the pause is over" if pause.until else "when the annotation is removed"


def _next_words(plan: Plan, record: Record) -> str:
    index = next_step(plan, record)
    if index is None:
        return "Promotion"
    match plan.steps[index]:
        case WeightStep(weight=weight):
            return f"{weight} %"
        case PauseStep():
            return "A pause"
        case never:
            assert_never(never)


def _after_promotion(plan: Plan, record: Record) -> str:
    stable = f"Deployment {plan.stable.deployment}"
    if plan.scale_down_after is None:
        return f"Nothing more to do: {stable} may be deleted."
    if record.scaled_down:
        return f"Nothing more to do: {stable} was scaled to 0 and may be deleted."
    return f"{stable} is scaled to 0 after {span(plan.scale_down_after)}."
