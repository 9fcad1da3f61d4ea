"""``rolloutd explain``: why a rollout is where it is; or what a field of plans means."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import click

from rolloutd.cli.remote.client import Named
from rolloutd.cli.remote.completing import rollouts
from rolloutd.cli.remote.exits import ENDED
from rolloutd.cli.remote.forms import Full, Gate
from rolloutd.cli.remote.options import connected, named, remote_options
from rolloutd.cli.remote.table import step_of, weight_of
from rolloutd.cli.remote.values import over, room_of, value_of

ROOT: Final = "plan"
"""What paths of fields begin with."""

SAYS: Final = {
    "fine": "finds nothing against it",
    "hold": "wants more evidence",
    "suspect": "suspects it",
    "rollback": "finds it worse than the plan allows",
    "blind": "sees nothing",
}
"""What a gate says of the canary, by its ruling as spelt on the wire."""


@click.command()
@click.argument("name", shell_complete=rollouts)
@remote_options
def explain(name: str) -> None:
    """Say why rollout NAME is where it is, what its gates go by, and what comes next.

    Or, of a field of plans, what it means: `rolloutd explain plan.spec.steps.hold`.
    """
    if name.split(".", maxsplit=1)[0] == ROOT:
        from rolloutd.cli.plan_fields import FieldError, told  # noqa: PLC0415 - imports pydantic

        try:
            click.echo(told(name))
        except FieldError as error:
            raise click.ClickException(str(error)) from error
        return
    with connected() as client:
        which = named(client, name)
        now = client.rollout(which)
    click.echo("\n".join(account(which, now)))


def account(which: Named, now: Full) -> Iterator[str]:
    """Yield the lines that say why a rollout is where it is, and what can be done."""
    yield f"{which} is {now.phase}: {now.canary} has {weight_of(now)}, step {step_of(now)}."
    yield f"\nWhy: {now.why}"
    if now.phase not in ENDED and now.reason and now.reason != now.why:
        yield f"It came to be {now.phase} because: {now.reason}"
    if now.trouble:
        yield f"What was decided is not written: {now.trouble}"
    if now.gates:
        yield "\nThe gates:"
        for gate in now.gates:
            yield from _heard(gate)
    if now.obstacles:
        yield "\nIn the way:"
        yield from (f"  - {obstacle}" for obstacle in now.obstacles)
    yield f"\nNext: {now.what_next}"
    yield from (f"  {line}" for line in _remedies(which, now))


def _heard(gate: Gate) -> Iterator[str]:
    says = SAYS.get(gate.ruling, f"says {gate.ruling}")
    shadow = "" if gate.enforced else " (shadow: shown, not obeyed)"
    yield f"  {gate.name} {says}{shadow}. {gate.reason}"
    values = _values(gate)
    if values:
        yield f"    {values}"
    for name, label in QUESTIONS.items():
        there, needed = gate.evidence.get(name), gate.evidence.get(f"{name}Needed")
        if there is not None and needed:
            yield f"    {label}: {_weighed(there, needed)}"


def _values(gate: Gate) -> str:
    if gate.canary is None:
        return ""
    words = [f"canary {value_of(gate.canary, gate.unit)}"]
    if gate.stable is not None:
        words.append(f"stable {value_of(gate.stable, gate.unit)}")
    if gate.limit is not None:
        beyond = f" ({said})" if (said := over(gate)) else ""
        words.append(f"limit {value_of(gate.limit, gate.unit)}, room {room_of(gate)}{beyond}")
    return f"{', '.join(words)}; {gate.samples} canary requests."


MOST: Final = math.log(1e12)
"""Log of odds from which on nobody counts zeros."""

ALMOST: Final = 1e-9
"""What a sum of logarithms may fall short of a round number."""

QUESTIONS: Final = {
    "evidence": "Evidence against the canary",
    "notIncident": "Evidence that it is the canary alone, no shared incident",
    "ruledOut": "Evidence that it is no worse",
}
"""Logarithms of odds that sequential gates gather, each with how much it takes."""


def _weighed(log: float, needed: float) -> str:
    """Say how much of what is needed there is, and which odds that is."""
    if log <= 0:
        return "none."
    share = "enough" if log >= needed else f"{log / needed:.0%} of what it takes"
    return f"{share} (chance alone: {_odds(log)}, needed {_odds(needed)})."


def _odds(log: float) -> str:
    """Write odds with two digits that count, rounded down as the gate's own sentence is.

    Otherwise one and the same evidence would be ``1 : 2 200`` there and ``1 : 2 300`` here.
    """
    if log > MOST:
        return f"1 : 10^{math.floor(log / math.log(10.0))}"
    against = math.exp(log + ALMOST)
    size = 10.0 ** max(0, math.floor(math.log10(against)) - 1)
    return f"1 : {math.floor(against / size) * size:,.0f}".replace(",", " ")


def _remedies(which: Named, now: Full) -> Iterator[str]:
    """Yield what a person can do now."""
    match now.phase:
        case "progressing":
            yield f"Leave this hold now: rolloutd skip {which.options}"
            yield f"Stay here: rolloutd pause {which.options}"
        case "paused" if now.pause is not None and now.pause.cause == "handsOff":
            yield "Go on: remove the annotation rolloutd.io/pause from the VirtualService"
        case "paused":
            yield f"Go on: rolloutd resume {which.options}"
        case "rolledBack" | "aborted":
            yield f"Again: rolloutd retry {which.options}"
        case "waiting":
            yield f"Start now: rolloutd start {which.options}"
        case _:
            pass
    if now.phase in {"progressing", "paused", "promoted"}:
        yield f"Back to {now.stable}: rolloutd rollback {which.options}"
