"""The record as text, for the annotation that carries it.

The form is versioned. A reader ignores fields it does not know and fills in those it misses,
so that one version forward and one back understand each other: upgrades are undone, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from rolloutd.core.plan import Routes
from rolloutd.core.state import Arms, Cause, Pause, Phase, Record, Transition
from rolloutd.core.units import Instant, Percent
from rolloutd.errors import Refused

VERSION = 1

T = TypeVar("T")


def to_text(record: Record) -> str:
    """Write a record; equal records give equal text."""
    pause = record.pause
    form = {
        "v": VERSION,
        "run": record.run,
        "digest": record.digest,
        "revision": record.revision,
        "arms": {
            "stableHost": record.arms.stable_host,
            "stableSubset": record.arms.stable_subset,
            "canaryHost": record.arms.canary_host,
            "canarySubset": record.arms.canary_subset,
        },
        "phase": record.phase.value,
        "started": _rounded(record.started),
        "since": _rounded(record.since),
        "step": record.step,
        "stepSince": _rounded(record.step_since),
        "weight": record.weight,
        # Left out where it says nothing: what versions before us wrote stays as it was.
        **({"routes": [_line(routes) for routes in record.routes]} if record.routes else {}),
        "suspect": record.suspect,
        "pause": None
        if pause is None
        else {
            "cause": pause.cause.value,
            "actor": pause.actor,
            "reason": pause.reason,
            "until": None if pause.until is None else _rounded(pause.until),
        },
        "reason": record.reason,
        "commands": list(record.commands),
        "restores": [_rounded(at) for at in record.restores],
        **({"retiring": record.retiring} if record.retiring else {}),
        "scaledDown": record.scaled_down,
        "transitions": [
            [
                _rounded(line.at),
                line.phase.value,
                line.step,
                line.weight,
                line.reason,
                line.actor,
            ]
            for line in record.transitions
        ],
    }
    return json.dumps(form, separators=(",", ":"), ensure_ascii=False)


def from_text(text: str) -> Record:
    """Read a record.

    Raises:
        Refused: It is not one; the message says what is wrong with it.
    """
    try:
        form = json.loads(text)
        return _record(_object(form))
    except (ValueError, KeyError, TypeError) as wrong:
        raise Refused(f"the rollout's record can't be read: {wrong}") from wrong


def _record(form: Mapping[str, object]) -> Record:
    if (version := _typed(int, form["v"])) > VERSION + 1:
        raise ValueError(f"it is of version {version}, we know {VERSION}")
    arms = _object(form["arms"])
    return Record(
        run=_typed(int, form["run"]),
        digest=_typed(str, form["digest"]),
        revision=_typed(str, form["revision"]),
        arms=Arms(
            stable_host=_maybe(_str, arms.get("stableHost")),
            stable_subset=_maybe(_str, arms.get("stableSubset")),
            canary_host=_maybe(_str, arms.get("canaryHost")),
            canary_subset=_maybe(_str, arms.get("canarySubset")),
        ),
        phase=Phase(form["phase"]),
        started=_instant(form["started"]),
        since=_instant(form["since"]),
        step=_typed(int, form["step"]),
        step_since=_instant(form["stepSince"]),
        weight=_percent(form["weight"]),
        routes=tuple(_routes(item) for item in _list(form.get("routes", []))),
        suspect=_typed(bool, form.get("suspect", False)),
        pause=_maybe(_pause, form.get("pause")),
        reason=_typed(str, form["reason"]),
        commands=tuple(_str(item) for item in _list(form.get("commands", []))),
        restores=tuple(_instant(item) for item in _list(form.get("restores", []))),
        retiring=_typed(int, form.get("retiring", 0)),
        scaled_down=_typed(bool, form.get("scaledDown", False)),
        transitions=tuple(_transition(item) for item in _list(form.get("transitions", []))),
    )


def _line(routes: Routes) -> list[str]:
    return [routes.virtual_service, *routes.routes]


def _routes(form: object) -> Routes:
    name, *routes = (_str(item) for item in _list(form))
    return Routes(virtual_service=name, routes=tuple(routes))


def _pause(form: object) -> Pause:
    fields = _object(form)
    return Pause(
        cause=Cause(fields["cause"]),
        actor=_str(fields["actor"]),
        reason=_str(fields["reason"]),
        until=_maybe(_instant, fields.get("until")),
    )


def _transition(form: object) -> Transition:
    at, phase, step, weight, reason, actor = _list(form)
    return Transition(
        at=_instant(at),
        phase=Phase(phase),
        step=_typed(int, step),
        weight=_percent(weight),
        reason=_str(reason),
        actor=_str(actor),
    )


def _rounded(at: Instant) -> float:
    return round(at, 3)


def _typed(kind: type[T], value: object) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def _str(value: object) -> str:
    return _typed(str, value)


def _instant(value: object) -> Instant:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a time")
    return Instant(float(value))


def _percent(value: object) -> Percent:
    number = _typed(int, value)
    if not 0 <= number <= 100:
        raise ValueError(f"{number} is not a percentage")
    return Percent(number)


def _list(value: object) -> list[object]:
    return _typed(list, value)


def _object(value: object) -> dict[str, object]:
    return _typed(dict, value)


def _maybe(read: Callable[[object], T], value: object) -> T | None:
    return None if value is None else read(value)
