"""Everything that is not an answer: problem details (RFC 9457), and headers on all of it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from aiohttp import web

from rolloutd.api.control.models import FaultForm, Problem
from rolloutd.core.units import Seconds

MEDIA = "application/problem+json"

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer that does not set its own."""

RETRY_AFTER = "2"
"""Seconds: leadership changes hands in less, unless a leader died."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def problem(
    status: HTTPStatus, kind: str, detail: str, errors: Sequence[FaultForm] = ()
) -> web.Response:
    """Say what is wrong.

    Args:
        status: HTTP status.
        kind: What kind of problem, for programs: lower case with hyphens.
        detail: What is wrong and what would help, a full sentence.
        errors: Each field at fault.
    """
    form = Problem(
        type=f"urn:rolloutd:problem:{kind}",
        title=status.phrase,
        status=status,
        detail=detail,
        errors=list(errors),
    )
    text = form.model_dump_json(by_alias=True)
    return web.Response(text=text, status=status, content_type=MEDIA)


def too_many(detail: str, wait: Seconds) -> web.Response:
    """Ask for patience of whom asks too often."""
    answer = problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", detail)
    answer.headers["Retry-After"] = str(math.ceil(wait))
    return answer


def unable(detail: str, kind: str = "unavailable") -> web.Response:
    """Say that something is away which may be back soon."""
    answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, kind, detail)
    answer.headers["Retry-After"] = RETRY_AFTER
    return answer


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what aiohttp itself refuses into problem details."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge as error:
        limit = f"A body has at most {request.app.get(BODY_LIMIT, 0) // 1024} KiB."
        return problem(HTTPStatus(error.status), "too-large", limit)
    except web.HTTPNotFound as error:
        return problem(HTTPStatus(error.status), "no-such-path", "See /openapi.json for paths.")
    except web.HTTPMethodNotAllowed as error:
        methods = ", ".join(sorted(error.allowed_methods))
        detail = f"This path takes {methods}."
        answer = problem(HTTPStatus(error.status), "method-not-allowed", detail)
        answer.headers["Allow"] = methods
        return answer


async def harden(_: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on an answer that is about to be sent."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # aiohttp has put its version there.
    response.headers["Server"] = "rolloutd"


BODY_LIMIT = web.AppKey("body_limit", int)
"""Bytes of the largest body that is read."""
