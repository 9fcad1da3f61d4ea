"""``rolloutd describe``: everything about a rollout, for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import click

from rolloutd.cli.remote.age import age, lasting
from rolloutd.cli.remote.client import Named
from rolloutd.cli.remote.completing import rollouts
from rolloutd.cli.remote.exits import ENDED
from rolloutd.cli.remote.formats import for_programs
from rolloutd.cli.remote.forms import Full, Gate, Line, Pause, Step
from rolloutd.cli.remote.options import connected, named, remote_options
from rolloutd.cli.remote.table import RULINGS, aligned, step_of, weight_of
from rolloutd.cli.remote.values import over, room_of, value_of
from rolloutd.core.units import Instant

CAUSES: Final = {
    "plan": "by the plan",
    "person": "by a person",
    "breach": "for a breach",
    "drift": "for weights that someone else keeps changing",
    "planRemoved": "for want of its plan",
    "undecided": "for want of evidence",
    "handsOff": "by the rolloutd.io/pause annotation",
}
"""Why a rollout is paused, by causes as spelt on the wire."""

UNTIL: Final = {
    "handsOff": "until that is removed",
    "planRemoved": "until that is back",
}
"""What ends a pause that `resume` does not end."""


@click.command()
@click.argument("name", shell_complete=rollouts)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    show_default=True,
)
@remote_options
def describe(name: str, *, output: str) -> None:
    """Say everything about a rollout: where it is, why, its gates, steps and story.

    NAME may be NAMESPACE/NAME.
    """
    with connected() as client:
        now = client.rollout(named(client, name))
    click.echo("\n".join(portrait(now)) if output == "text" else for_programs(now.form, output))


def portrait(now: Full) -> Iterator[str]:
    """Yield the lines that say everything about a rollout."""
    yield from aligned(list(_facts(now)))
    for obstacle in now.obstacles:
        yield f"  - {obstacle}"
    yield "\nSteps:"
    yield from (f"  {line}" for line in aligned(list(_steps(now))))
    yield "\nGates:"
    yield from (f"  {line}" for line in _gates(now)) if now.gates else ["  none has spoken"]
    yield "\nStory:"
    story = [_told(line, now.told) for line in now.timeline]
    yield from (f"  {line}" for line in aligned(story)) if story else ["  nothing yet"]


def _facts(now: Full) -> Iterator[tuple[str, str]]:
    yield "Name:", str(Named(now.namespace, now.name))
    yield "Versions:", f"{now.stable} -> {now.canary}"
    yield "Phase:", f"{now.phase} for {age(now.since, now.told)}"
    if now.pause is not None:
        yield "Paused:", _pause(now.pause)
    yield "Run:", "-" if now.run is None else f"{now.run}, begun {_clock(now.started)}"
    yield "Step:", step_of(now)
    yield "Weight:", f"{weight_of(now)} to {now.canary}{_observed(now)}"
    yield "Suspect:", "yes: it gets little until that is cleared" if now.suspect else "no"
    yield "Seen:", f"{age(now.seen, now.told)} ago, every {lasting(now.interval)}"
    yield "Why:", now.why
    yield "Next:", now.what_next
    if now.trouble:
        yield "Trouble:", now.trouble
    yield "Obstacles:", "" if now.obstacles else "none"


def _pause(pause: Pause) -> str:
    cause = CAUSES.get(pause.cause, pause.cause)
    who = f"by {pause.actor}" if pause.actor else cause
    until = UNTIL.get(pause.cause, "until resumed")
    return f"{who}, {until if pause.until is None else f'until {_clock(pause.until)}'}"


def _observed(now: Full) -> str:
    if now.observed is None or now.phase in ENDED:
        return ""
    agree = {True: "as ordered", False: "NOT as ordered", None: "too few to tell"}[now.in_force]
    counted = f"{now.observed:.1%} of {now.observed_requests} requests counted"
    return f"; {counted}, {agree}"


def _steps(now: Full) -> Iterator[tuple[str, str, str]]:
    for index, step in enumerate(now.steps):
        yield _mark(now, index), *_step(step)


def _mark(now: Full, index: int) -> str:
    if now.phase == "promoted" or (now.step is not None and index < now.step):
        return "done"
    here = index == now.step and now.phase not in {"waiting", "unknown"}
    return "here" if here else ""


def _step(step: Step) -> tuple[str, str]:
    hold = "until resumed" if step.hold is None else f"for {lasting(step.hold)}"
    return ("pause", hold) if step.weight is None else (f"{step.weight} %", hold)


def _gates(now: Full) -> Iterator[str]:
    head = ("GATE", "SAYS", "CANARY", "STABLE", "LIMIT", "ROOM", "REQUESTS", "AGE")
    rows = [head, *(_gate(gate, now.told) for gate in now.gates)]
    yield from aligned(rows)
    for gate in now.gates:
        yield f"{gate.name}: {gate.reason}"


def _gate(gate: Gate, told: Instant | None) -> tuple[str, ...]:
    says = over(gate) or RULINGS.get(gate.ruling, gate.ruling)
    return (
        gate.name,
        says if gate.enforced else f"{says} (shadow)",
        value_of(gate.canary, gate.unit),
        value_of(gate.stable, gate.unit),
        value_of(gate.limit, gate.unit),
        room_of(gate),
        str(gate.samples),
        age(gate.seen, told),
    )


def _told(line: Line, told: Instant | None) -> tuple[str, ...]:
    who = line.actor or "rolloutd"
    return f"{age(line.at, told)} ago", f"{line.weight} %", who, line.reason


def _clock(at: Instant | None) -> str:
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%F %T UTC")
