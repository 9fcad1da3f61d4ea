"""Every path: served by ``app.py``, documented by ``openapi.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import get_args

from pydantic import BaseModel

from rolloutd.api.control.models import (
    Full,
    Listing,
    LoginForm,
    Order,
    Promotion,
    SessionForm,
    Verb,
)
from rolloutd.api.control.run_models import LastSeries, RunForm, Runs

VERBS: tuple[Verb, ...] = get_args(Verb)

API = "/api/"
"""Below this, callers must be known; what is beside it holds nothing of ours."""

LOGIN = "login"
"""The one operation below it that anybody may try."""

ROLLOUTS = f"{API}v1/rollouts"
SESSION = f"{API}v1/session"
ONE = f"{ROLLOUTS}/{{namespace}}/{{name}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation.

    Attributes:
        name: Its operation id.
        answer: What success brings; ``None`` where ``media`` says all there is.
        success: Its status.
        body: What it takes.
        filters: Query parameters, each with its meaning.
        problems: Which statuses it answers besides, each with its reason.
    """

    name: str
    path: str
    summary: str
    method: str = "GET"
    answer: type[BaseModel] | None = None
    success: HTTPStatus = HTTPStatus.OK
    media: str = "application/json"
    body: type[BaseModel] | None = None
    filters: dict[str, str] = field(default_factory=dict)
    problems: dict[HTTPStatus, str] = field(default_factory=dict)


STRICT = {HTTPStatus.BAD_REQUEST: "A query parameter is not known; those that are are named."}

KNOWN = STRICT | {
    HTTPStatus.UNAUTHORIZED: "No known token.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many failed logins, or too many orders.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Whoever would know is away: the leader, or Kubernetes.",
}

NAMED = KNOWN | {
    HTTPStatus.FORBIDDEN: "Not allowed to the caller, or a page of another site.",
    HTTPStatus.NOT_FOUND: "No such rollout.",
}

TAKING = {
    HTTPStatus.BAD_REQUEST: "The query, the body or a header is wrong; each field is named.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not come.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not application/json.",
}

ORDERING = (
    NAMED
    | TAKING
    | {
        HTTPStatus.CONFLICT: "The rollout is at another step by now.",
        HTTPStatus.UNPROCESSABLE_ENTITY: "The order does not fit the phase.",
        HTTPStatus.GATEWAY_TIMEOUT: "Not confirmed in time; the order stays queued.",
    }
)

SUMMARIES: dict[Verb, str] = {
    "pause": "Stay at the present weight until resumed.",
    "resume": "Go on where the pause began.",
    "skip": "Leave the present hold now.",
    "promote": "Leave the present hold now, or with `full` go all the way to 100 %.",
    "rollback": "Send all traffic to stable.",
    "retry": "Try again after a rollback.",
    "start": "Start a rollout that waits for a person.",
}

ROUTES: tuple[Route, ...] = (
    Route(
        name="list",
        path=ROLLOUTS,
        summary="List rollouts.",
        answer=Listing,
        filters={"namespace": "Only of this namespace.", "phase": "Only in this phase."},
        problems=KNOWN | {HTTPStatus.BAD_REQUEST: "No such phase, or no such query parameter."},
    ),
    Route(
        name="get",
        path=ONE,
        summary="Say everything about a rollout.",
        answer=Full,
        problems=NAMED,
    ),
    Route(
        name="series",
        path=f"{ONE}/series",
        summary="Tell the present run, or the last one, over time.",
        answer=LastSeries,
        problems=NAMED,
    ),
    Route(
        name="runs",
        path=f"{ONE}/runs",
        summary="List the runs that are over and kept.",
        answer=Runs,
        problems=NAMED,
    ),
    Route(
        name="run",
        path=f"{ONE}/runs/{{run}}",
        summary="Say everything that is kept of a run that is over.",
        answer=RunForm,
        problems=NAMED | {HTTPStatus.NOT_FOUND: "No such rollout, or no such run."},
    ),
    *(
        Route(
            name=verb,
            path=f"{ONE}/{verb}",
            summary=SUMMARIES[verb],
            method="POST",
            answer=Full,
            body=Promotion if verb == "promote" else Order,
            problems=ORDERING,
        )
        for verb in VERBS
    ),
    Route(
        name="events",
        path="/api/v1/events",
        summary="Follow all rollouts: events rollout, gone, word, hello and reset.",
        media="text/event-stream",
        problems=KNOWN,
    ),
    Route(
        name=LOGIN,
        path=SESSION,
        summary="Log in from a page: a token for a cookie.",
        method="POST",
        answer=SessionForm,
        body=LoginForm,
        problems=KNOWN | TAKING | {HTTPStatus.FORBIDDEN: "A page of another site."},
    ),
    Route(
        name="session",
        path=SESSION,
        summary="Say who is asking, and which orders they may give.",
        answer=SessionForm,
        filters={"namespace": "Orders there.", "name": "Orders to this rollout."},
        problems=KNOWN,
    ),
    Route(
        name="logout",
        path=SESSION,
        summary="Log out: the cookie is taken back.",
        method="DELETE",
        success=HTTPStatus.NO_CONTENT,
        problems=KNOWN | {HTTPStatus.FORBIDDEN: "A page of another site."},
    ),
    Route(name="openapi", path="/openapi.json", summary="This document.", problems=STRICT),
)
