"""Looking back: numbers over time, and runs that are over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel

from rolloutd.api.control.fleet import Fleet
from rolloutd.api.control.orders import key_of, missing
from rolloutd.api.control.problems import Handler, problem, unable
from rolloutd.api.control.run_models import (
    ClosestForm,
    CourseForm,
    GateSeriesForm,
    LastSeries,
    RunForm,
    Runs,
    RunSummary,
    SeriesForm,
)
from rolloutd.api.control.states import gate_form, moment, transition_form
from rolloutd.core.deeds import Run
from rolloutd.core.machine import ENDED
from rolloutd.core.observation import Course
from rolloutd.core.plan import Key
from rolloutd.core.series import Series
from rolloutd.core.state import Record
from rolloutd.errors import RolloutdError
from rolloutd.ports import Archive

DIGITS = 6
"""After the point, of a number in a chart: more than can be seen, of a ratio and of
milliseconds. A thousand points are half as long as with all of them."""


def looking_back(fleet: Fleet, archive: Archive | None) -> dict[str, Handler]:
    """Say who serves what, by operation id; without an archive no run is kept."""
    return {
        "series": _series(fleet),
        "runs": _runs(fleet, archive),
        "run": _run(archive),
    }


def _series(fleet: Fleet) -> Handler:
    async def series(request: web.Request) -> web.StreamResponse:
        rollout = fleet.get(key_of(request))
        if rollout is None:
            return missing(key_of(request))
        return _answer(_last(rollout.memory.journal.series()))

    return series


def _runs(fleet: Fleet, archive: Archive | None) -> Handler:
    async def runs(request: web.Request) -> web.StreamResponse:
        is_known = fleet.get(key_of(request)) is not None
        return await runs_kept(request, archive, is_known=is_known)

    return runs


def _run(archive: Archive | None) -> Handler:
    async def run(request: web.Request) -> web.StreamResponse:
        return await run_kept(request, archive)

    return run


async def runs_kept(
    request: web.Request, archive: Archive | None, *, is_known: bool, trouble: str = ""
) -> web.Response:
    """Answer with the runs that are over and kept.

    Args:
        request: Names the rollout.
        archive: Has them; ``None`` where none are kept.
        is_known: Whether there is a plan: without one, and without a run, there is nothing.
        trouble: Why the newest may be missing.
    """
    key = key_of(request)
    kept = await _kept(archive, key)
    if isinstance(kept, web.Response):
        return kept
    if not kept and not is_known:
        return missing(key)
    return _answer(Runs(items=[_summary(run) for run in kept], trouble=trouble))


async def run_kept(request: web.Request, archive: Archive | None) -> web.Response:
    """Answer with everything that is kept of a run."""
    key, number = key_of(request), request.match_info["run"]
    kept = await _kept(archive, key)
    if isinstance(kept, web.Response):
        return kept
    found = next((each for each in kept if str(each.run) == number), None)
    if found is None:
        detail = f"Run {number} of {key} is not kept: it is not over, or too long ago."
        return problem(HTTPStatus.NOT_FOUND, "no-such-run", detail)
    return _answer(run_form(key, found))


async def series_kept(
    request: web.Request, archive: Archive | None, record: Record | None, trouble: str
) -> web.Response:
    """Answer with the last run over time, as far as that is known without its leader.

    The numbers of a run under way are in the memory of the one that leads; they are kept
    when it is over.
    """
    if record is None:
        return _answer(_last(Series(), f"{trouble} No record says which run was the last."))
    if record.phase not in ENDED:
        words = f"How run {record.run} goes only the leader knows: it is kept when it is over."
        return _answer(_last(Series(), f"{trouble} {words}"))
    kept = await _kept(archive, key_of(request))
    if isinstance(kept, web.Response):
        return kept
    found = next((each for each in kept if each.run == record.run), None)
    if found is None:
        return _answer(_last(Series(), f"{trouble} Run {record.run} is not kept."))
    return _answer(_last(found.series, f"{trouble} This is run {found.run} as it was kept."))


def run_form(key: Key, run: Run) -> RunForm:
    """Say everything that is kept of a run."""
    return RunForm(
        **dict(_summary(run)),
        namespace=key.namespace,
        name=key.name,
        timeline=[transition_form(line) for line in run.timeline],
        gates=[gate_form(verdict) for verdict in run.verdicts],
        course=None if run.course is None else _course(run.course),
        series=series_form(run.series),
    )


def series_form(series: Series) -> SeriesForm:
    """Put columns into the form of the wire."""
    return SeriesForm(
        at=[round(at, 3) for at in series.at],
        desired_percent=list(series.desired),
        observed_ratio=_column(series.observed),
        gates={
            name: GateSeriesForm(
                unit=gate.unit,
                canary=_column(gate.canary),
                stable=_column(gate.stable),
                limit=_column(gate.limit),
                ruling=list(gate.ruling),
            )
            for name, gate in series.gates.items()
        },
    )


def _last(series: Series, trouble: str = "") -> LastSeries:
    return LastSeries(**dict(series_form(series)), trouble=trouble)


async def _kept(archive: Archive | None, key: Key) -> Sequence[Run] | web.Response:
    if archive is None:
        return ()
    try:
        return await archive.runs(key)
    except RolloutdError as error:
        return unable(f"The history can't be read: {error}")


def _summary(run: Run) -> RunSummary:
    return RunSummary.model_validate(
        {
            "run": run.run,
            "outcome": run.outcome.value,
            "started": moment(run.started),
            "ended": moment(run.ended),
            "stable_version": run.stable,
            "canary_version": run.canary,
            "reason": run.reason,
            "actor": run.actor,
        }
    )


def _course(course: Course) -> CourseForm:
    near = course.closest
    return CourseForm(
        since=moment(course.since),
        requests=course.requests,
        failures=course.failures,
        looks=course.looks,
        fine=course.fine,
        closest=None
        if near is None
        else ClosestForm(gate=near.gate, room=near.room, weight_percent=near.weight),
    )


def _column(values: Sequence[float | None]) -> list[float | None]:
    return [
        round(value, DIGITS) if value is not None and math.isfinite(value) else None
        for value in values
    ]


def _answer(form: BaseModel) -> web.Response:
    answer = web.json_response(text=form.model_dump_json(by_alias=True))
    answer.enable_compression()
    return answer
