"""Every path: served by ``app.py``, documented by ``openapi.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import get_args

from pydantic import BaseModel

from rolloutd.api.control.models import Full, Listing, Order, Promotion, Verb

VERBS: tuple[Verb, ...] = get_args(Verb)

ROLLOUTS = "/api/v1/rollouts"
ONE = f"{ROLLOUTS}/{{namespace}}/{{name}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation.

    Attributes:
        name: Its operation id.
        answer: What 200 brings; ``None`` where ``media`` says all there is.
        body: What it takes.
        filters: Query parameters, each with its meaning.
        problems: Which statuses it answers besides, each with its reason.
    """

    name: str
    path: str
    summary: str
    method: str = "GET"
    answer: type[BaseModel] | None = None
    media: str = "application/json"
    body: type[BaseModel] | None = None
    filters: dict[str, str] = field(default_factory=dict)
    problems: dict[HTTPStatus, str] = field(default_factory=dict)


LOOKING = {
    HTTPStatus.UNAUTHORIZED: "No known token.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Another replica leads, or there are too many listeners.",
}

NAMED = LOOKING | {HTTPStatus.NOT_FOUND: "No such rollout."}

ORDERING = NAMED | {
    HTTPStatus.BAD_REQUEST: "The body or the key is wrong; each field is named.",
    HTTPStatus.FORBIDDEN: "Not an operator, or a page of another site.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not come.",
    HTTPStatus.CONFLICT: "The rollout is at another step by now.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not application/json.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The order does not fit the phase.",
    HTTPStatus.GATEWAY_TIMEOUT: "Not confirmed in time; the order stays queued.",
}

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
        problems=LOOKING | {HTTPStatus.BAD_REQUEST: "There is no such phase."},
    ),
    Route(
        name="get",
        path=ONE,
        summary="Say everything about a rollout.",
        answer=Full,
        problems=NAMED,
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
        problems=LOOKING,
    ),
    Route(name="openapi", path="/openapi.json", summary="This document."),
)
