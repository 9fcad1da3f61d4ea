"""Numbers and rulings, as a person reads them."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from rolloutd.api.control.run_models import CourseForm, RunForm
from rolloutd.core.observation import Ruling
from rolloutd.core.state import Phase
from rolloutd.core.steps import span

UNKNOWN = "\N{EN DASH}"
OURSELVES = "rolloutd"

LATE = 30.0
"""Seconds: a count that began this soon after the run counts for all of it."""


def amount(value: float | None, unit: str) -> str:
    """Write a gate's value: ``99.94 %``, ``212 ms``, ``1.5``."""
    if value is None:
        return UNKNOWN
    match unit:
        case "ratio":
            return f"{100 * value:.4g} %"
        case "ms" if abs(value) >= 10_000:
            return f"{value / 1000:.3g} s"
        case "ms":
            return f"{value:.3g} ms" if abs(value) < 100 else f"{value:.0f} ms"
        case _:
            return f"{value:.4g}"


def count(number: int) -> str:
    """Write a number of requests, in groups of three as the gates do."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def day(at: datetime) -> str:
    """Write a day and a time, UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def since(start: datetime, at: datetime) -> str:
    """Say how long after the start something was."""
    seconds = (at - start).total_seconds()
    return f"+{span(round(seconds))}" if seconds >= 0 else f"-{span(round(-seconds))}"


def who(actor: str) -> str:
    """Name who did it."""
    return actor or OURSELVES


def outcome(run: RunForm) -> str:
    """Say in one word or two how it ended."""
    match run.outcome:
        case "promoted":
            return "promoted"
        case "rolledBack":
            return "rolled back"
        case "aborted":
            return "aborted"
        case never:
            assert_never(never)


def headline(run: RunForm) -> str:
    """Say in a sentence what came of the run."""
    took = span((run.ended - run.started).total_seconds())
    if run.outcome == "promoted":
        return (
            f"{run.canary_version} took all traffic over from {run.stable_version}, in {took}."
        )
    back = f"all traffic went back to {run.stable_version} after {took}"
    by = f"{run.actor} ended it" if run.actor else "the daemon ended it"
    return f"{run.canary_version} did not stay: {back}; {by}."


def ruling(said: Ruling) -> str:
    """Say what a ruling means."""
    match said:
        case Ruling.FINE:
            return "fine"
        case Ruling.HOLD:
            return "not enough to go on"
        case Ruling.SUSPECT:
            return "looks worse"
        case Ruling.BREACH:
            return "broken"
        case Ruling.BLIND:
            return "no data"
        case never:
            assert_never(never)


def peak(run: RunForm) -> int:
    """Return the most that the canary had, in percent."""
    ordered = [line.weight_percent for line in run.timeline]
    held = [weight for weight in run.series.desired_percent if weight is not None]
    return max([*ordered, *held], default=0)


def impact(run: RunForm) -> list[str]:
    """Say what the canary had of the traffic, and what became of it, a sentence each."""
    share = f"The canary had {peak(run)} % of the traffic at most."
    if run.course is None or run.course.looks == 0:
        return [share, "Its requests were not counted."]
    return [share, _served(run, run.course), *_looks(run.course)]


def _served(run: RunForm, course: CourseForm) -> str:
    least = "about" if _is_whole(run, course) else "at least"
    share = f" ({100 * course.failures / course.requests:.2g} %)" if course.requests else ""
    return (
        f"It served {least} {count(course.requests)} requests, of which"
        f" {count(course.failures)} failed{share}."
    )


def _is_whole(run: RunForm, course: CourseForm) -> bool:
    """Say whether all was counted: from the start on, and to the end.

    Nobody counts after a promotion, so that of a run that was taken back later is missing.
    """
    began = (course.since - run.started).total_seconds() <= LATE
    promoted = any(line.phase is Phase.PROMOTED for line in run.timeline)
    return began and (run.outcome == "promoted" or not promoted)


def _looks(course: CourseForm) -> list[str]:
    said = f"{course.fine} of {course.looks} looks at the metrics found all gates fine."
    near = course.closest
    if near is None:
        return [said]
    if near.room <= 0:
        return [said, f"{near.gate} was in breach, at {near.weight_percent} %."]
    left = f"{100 * near.room:.0f} % of the way to it left"
    return [said, f"Closest to a breach was {near.gate}, at {near.weight_percent} %: {left}."]
