"""What an order would do, said before it is given."""

from __future__ import annotations

from rolloutd.cli.remote.forms import Full, Step
from rolloutd.cli.remote.table import weight_of


def effect_of(verb: str, now: Full, *, full: bool = False) -> str:
    """Say in a sentence what an order does to a rollout that stands like this."""
    if verb == "promote" and full:
        left = len(now.steps) - (now.step or 0) - 1
        steps = "1 step is" if left == 1 else f"{left} steps are"
        return f"All traffic goes to {now.canary} at once; {steps} passed over unjudged."
    share = weight_of(now)
    first = _said(now.steps[0]) if now.steps else "its share"
    effects = {
        "rollback": f"All traffic goes to {now.stable}; {now.canary} loses the {share} it has.",
        "promote": f"The hold at {share} ends now: {_next(now)}.",
        "skip": f"The hold at {share} ends now: {_next(now)}.",
        "pause": f"It stays at {share} until resumed; gates keep judging.",
        "resume": f"It goes on at {share} where the pause began.",
        "retry": f"Run {(now.run or 0) + 1} begins with the first step.",
        "start": f"{now.canary} gets {first}.",
    }
    return effects[verb]


def _next(now: Full) -> str:
    after = now.steps[(now.step or 0) + 1 :]
    return f"{now.canary} gets {_said(after[0])}" if after else f"{now.canary} is promoted"


def _said(step: Step) -> str:
    return "a pause" if step.weight is None else f"{step.weight} %"
