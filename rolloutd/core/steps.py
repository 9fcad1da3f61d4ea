"""Going up: the start of a run, its next step, its end."""

from __future__ import annotations

import dataclasses
from typing import assert_never

from rolloutd.core.actions import Happening
from rolloutd.core.advance import hold_of, next_step
from rolloutd.core.facts import Change, Facts, settle
from rolloutd.core.machine import Because, at_step
from rolloutd.core.plan import Arm, PauseStep, Plan, Routes, WeightStep
from rolloutd.core.state import Arms, Cause, Pause, Phase, Record
from rolloutd.core.units import Instant, Percent, Seconds, after

ALL = Percent(100)

OURSELVES = Because("")
"""Nobody asked: it is the daemon's own move."""

LONGEST_ROUTES = 1024
"""Characters of routes that go on record, which must stay well below 8 KiB."""


def arms_of(plan: Plan) -> Arms:
    """Return which versions a plan compares."""
    stable, canary = plan.stable, plan.canary
    return Arms(
        stable_host=stable.host,
        stable_subset=stable.subset,
        canary_host=canary.host,
        canary_subset=canary.subset,
    )


def fresh(plan: Plan, revision: str, now: Instant, *, run: int) -> Record:
    """Return the record of a run that has not begun."""
    return Record(
        run=run,
        digest=plan.digest,
        revision=revision,
        arms=arms_of(plan),
        phase=Phase.WAITING,
        started=now,
        since=now,
        step_since=now,
        reason="Waiting for the canary.",
    )


def following(plan: Plan, last: Record, revision: str, now: Instant, *, run: int) -> Record:
    """Return the record of a run that has not begun, with what outlives the one before.

    That is which commands were obeyed and, where stable is still the same, which requests to
    scale it to 0 may be under way.
    """
    record = fresh(plan, revision, now, run=run)
    kept = (record.arms.stable_host, record.arms.stable_subset) == (
        last.arms.stable_host,
        last.arms.stable_subset,
    )
    return dataclasses.replace(
        record, commands=last.commands, retiring=last.retiring if kept else 0
    )


def begin(facts: Facts, asked: Because = OURSELVES) -> Change:
    """Order the first weight."""
    record = dataclasses.replace(
        facts.record,
        started=facts.now,
        digest=facts.plan.digest,
        revision=facts.seen.canary.revision if facts.seen.canary else "",
        routes=_noted(facts.plan.virtual_services),
        retiring=0,
    )
    return _enter(dataclasses.replace(facts, record=record), 0, asked, began=True)


def _noted(routes: tuple[Routes, ...]) -> tuple[Routes, ...]:
    """Return what is put on record of a plan's routes: all of them, or none if too much."""
    size = sum(len(name) for each in routes for name in (each.virtual_service, *each.routes))
    return routes if size <= LONGEST_ROUTES else ()


def advance(facts: Facts, asked: Because = OURSELVES) -> Change:
    """Take the next step, or end the run where there is none."""
    index = next_step(facts.plan, facts.record)
    if index is None:
        return finish(facts, asked)
    return _enter(facts, index, asked, began=False)


def finish(facts: Facts, asked: Because = OURSELVES) -> Change:
    """Give the canary all traffic."""
    last = len(facts.plan.steps) - 1
    took = facts.now - facts.record.started
    done = dataclasses.replace(facts, record=at_step(facts.record, last, ALL, facts.now))
    because = _told(f"Promoted: all traffic is the canary's after {span(took)}.", asked)
    return settle(done, Phase.PROMOTED, Happening.PROMOTED, because)


def _told(what: str, asked: Because) -> Because:
    """Say what is done, and who asked for it with which reason."""
    return Because(f"{what} {asked.reason}".rstrip(), asked.actor)


def _enter(facts: Facts, index: int, asked: Because, *, began: bool) -> Change:
    match facts.plan.steps[index]:
        case PauseStep(duration=duration):
            return _stand(facts, index, duration, asked)
        case WeightStep(weight=weight, hold=hold) if weight == ALL and not hold:
            return finish(facts, asked)
        case WeightStep(weight=weight):
            return _rise(facts, index, weight, asked, began=began)
        case never:
            assert_never(never)


def _rise(facts: Facts, index: int, weight: Percent, asked: Because, *, began: bool) -> Change:
    placed = at_step(facts.record, index, weight, facts.now)
    placed = dataclasses.replace(placed, digest=facts.plan.digest)
    hold = span(hold_of(facts.plan, placed))
    verb = "Started" if began else "Advanced"
    because = _told(f"{verb}: {weight} % to the canary, held for {hold}.", asked)
    what = Happening.STARTED if began else Happening.ADVANCED
    return settle(dataclasses.replace(facts, record=placed), Phase.PROGRESSING, what, because)


def _stand(facts: Facts, index: int, duration: Seconds | None, asked: Because) -> Change:
    record = dataclasses.replace(facts.record, step=index, digest=facts.plan.digest)
    reason = (
        f"Paused by the plan at {record.weight} % until resumed."
        if duration is None
        else f"Paused by the plan at {record.weight} % for {span(duration)}."
    )
    until = None if duration is None else after(facts.now, duration)
    pause = Pause(cause=Cause.PLAN, actor="", reason=reason, until=until)
    stood = dataclasses.replace(facts, record=record)
    return settle(stood, Phase.PAUSED, Happening.PAUSED, _told(reason, asked), pause=pause)


def span(seconds: float) -> str:
    """Say a time span in words: ``5m``, ``1h 30m``, ``12s``, ``0.4s``."""
    if 0 < seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f}s"
    whole = round(seconds)
    parts = (
        (whole // 86400, "d"),
        (whole // 3600 % 24, "h"),
        (whole // 60 % 60, "m"),
        (whole % 60, "s"),
    )
    said = [f"{amount}{unit}" for amount, unit in parts if amount]
    return " ".join(said[:2]) or "0s"


def arm_name(arm: Arm) -> str:
    """Name an arm for people."""
    return arm.subset or arm.host or arm.deployment
