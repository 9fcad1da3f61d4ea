"""The sentences of a message: what happened, and what comes next."""

from __future__ import annotations

from typing import assert_never

from rolloutd.adapters.notify.account import exposed
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.advance import hold_ends, hold_of, next_step
from rolloutd.core.machine import ordered
from rolloutd.core.plan import Afterwards, PauseStep, Plan, WeightStep
from rolloutd.core.state import Cause, Phase, Record
from rolloutd.core.steps import arm_name, span
from rolloutd.core.units import Instant, elapsed

_BACK = frozenset({Happening.ROLLED_BACK, Happening.SUPERSEDED, Happening.ABORTED})


_ON_THE_WAY = frozenset(
    {Happening.STARTED, Happening.ADVANCED, Happening.RESUMED, Happening.CLEARED}
)


def title(plan: Plan, record: Record, words: Announce) -> str:
    """Say in one line, without a full stop, what happened to which rollout."""
    return f"{plan.key}: {_clause(plan, record, words)}"


def _clause(plan: Plan, record: Record, words: Announce) -> str:  # noqa: C901, PLR0911, PLR0912 - a table
    weight = ordered(record) or 0
    by = f" by {words.actor}" if words.actor else ""
    match words.what:
        case Happening.STARTED:
            return f"{arm_name(plan.canary)} started at {weight} %{by}"
        case Happening.ADVANCED:
            return f"{arm_name(plan.canary)} advanced to {weight} %{by}"
        case Happening.PAUSED if (
            record.pause is not None and record.pause.cause is Cause.BREACH
        ):
            return f"{arm_name(plan.canary)} broke its gates, paused at {weight} %"
        case Happening.PAUSED:
            return f"paused at {weight} %{by}"
        case Happening.RESUMED:
            return f"resumed at {weight} %{by}"
        case Happening.SUSPECT:
            return f"{arm_name(plan.canary)} looks worse, cut to {weight} %"
        case Happening.CLEARED:
            return f"suspicion cleared, back to {weight} %"
        case Happening.BLIND:
            return f"no evidence to judge {arm_name(plan.canary)} by, at {weight} %"
        case Happening.DRIFT:
            return f"someone else changed the weights, restored to {weight} %"
        case Happening.ROLLED_BACK:
            return f"{arm_name(plan.canary)} rolled back from {exposed(record)} %"
        case Happening.SUPERSEDED:
            return f"{arm_name(plan.canary)} gave way at {exposed(record)} % to another canary"
        case Happening.ABORTED:
            return f"{arm_name(plan.canary)} aborted at {exposed(record)} %{by}"
        case Happening.PROMOTED:
            took = span(elapsed(record.started, record.since))
            return f"{arm_name(plan.canary)} promoted to 100 % in {took}{by}"
        case Happening.SCALED_DOWN:
            return f"{arm_name(plan.stable)} scaled down to 0"
        case never:
            assert_never(never)


def what_next(  # noqa: C901, PLR0911, PLR0912 - a table
    plan: Plan, record: Record, what: Happening
) -> str:
    """Say what follows by itself, or what it takes."""
    match what:
        case Happening.STARTED | Happening.ADVANCED | Happening.RESUMED | Happening.CLEARED:
            return _onwards(plan, record)
        case Happening.PAUSED:
            return _out_of_pause(plan, record)
        case Happening.SUSPECT:
            return f"It stays at {ordered(record)} % until the gates clear or convict it."
        case Happening.BLIND:
            return _after_blindness(plan)
        case Happening.DRIFT:
            primary = plan.virtual_services[0].virtual_service
            return (
                f"Find out who else writes VirtualService {primary}: if it goes on, we pause."
            )
        case Happening.SUPERSEDED:
            return "The new canary starts a run of its own."
        case Happening.ROLLED_BACK | Happening.ABORTED:
            again = _command("retry", plan)
            return f"A new canary or plan starts a new run; {again} repeats this one."
        case Happening.PROMOTED:
            return _after_promotion(plan)
        case Happening.SCALED_DOWN:
            return ""
        case never:
            assert_never(never)


def due(plan: Plan, record: Record, what: Happening) -> Instant | None:
    """Return when a rollout moves on by itself, if nothing keeps it; ``None`` when it won't."""
    if what in _ON_THE_WAY and record.phase is Phase.PROGRESSING and not record.suspect:
        return hold_ends(plan, record)
    return None if record.pause is None else record.pause.until


def _onwards(plan: Plan, record: Record) -> str:
    if record.suspect:
        return f"It stays at {ordered(record)} % until the gates clear or convict it."
    index = next_step(plan, record)
    hold = span(hold_of(plan, record))
    if index is None:
        return f"Promoted after {hold} at this weight, if the gates are fine."
    match plan.steps[index]:
        case WeightStep(weight=weight):
            return f"{weight} % after {hold} at this weight, if the gates are fine."
        case PauseStep(duration=None):
            return f"A pause after {hold} at this weight: a person must resume."
        case PauseStep(duration=duration):
            return f"A pause of {span(duration or 0)} after {hold} at this weight."
        case never:
            assert_never(never)


def _out_of_pause(plan: Plan, record: Record) -> str:
    pause = record.pause
    if pause is not None and pause.until is not None:
        return f"Goes on by itself after {span(elapsed(record.since, pause.until))}."
    if pause is not None and pause.cause is Cause.HANDS_OFF:
        return "Goes on when the rolloutd.io/pause annotation is removed."
    if pause is not None and pause.cause is Cause.PLAN_REMOVED:
        return "Goes on when the plan is back."
    return f"A person decides: {_command('resume', plan)} or {_command('rollback', plan)}."


def _after_blindness(plan: Plan) -> str:
    match plan.on_blind.then:
        case Afterwards.HOLD:
            return "The weights stay as they are until there is evidence again."
        case Afterwards.ROLLBACK:
            return "The plan has it rolled back."
        case never:
            assert_never(never)


def _after_promotion(plan: Plan) -> str:
    if plan.scale_down_after is None:
        return f"{plan.stable.deployment} is left running; nothing more is done."
    later = span(plan.scale_down_after)
    return f"{plan.stable.deployment} is scaled to 0 in {later}; until then it can be undone."


def _command(verb: str, plan: Plan) -> str:
    """Return what to type."""
    return f"`rolloutd {verb} {plan.key.name} -n {plan.key.namespace}`"
