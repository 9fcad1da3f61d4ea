"""Who gets past the door, and to which rollout."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from rolloutd.api.control.access import Access, Caller, Role
from rolloutd.api.control.orders import CALLER, ROLLOUT
from rolloutd.api.control.problems import Handler, problem
from rolloutd.core.plan import Key
from rolloutd.engine.supervisor import Supervisor

API = "/api/"
"""Below this, callers must be known; the document beside it holds nothing of ours."""


def door(access: Access) -> Middleware:
    """Let viewers look and operators order."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        caller = access.identify(request.headers.get("Authorization"), request.host)
        if caller is None:
            detail = "A known token is needed: Authorization: Bearer TOKEN."
            answer = problem(HTTPStatus.UNAUTHORIZED, "unknown-caller", detail)
            answer.headers["WWW-Authenticate"] = 'Bearer realm="rolloutd"'
            return answer
        refusal = _refusal(request, caller)
        if refusal is not None:
            return refusal
        request[CALLER] = caller
        return await handler(request)

    return enter


def _refusal(request: web.Request, caller: Caller) -> web.Response | None:
    if request.method in {"GET", "HEAD"}:
        return None
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        # Someone's browser, told to by a page of somebody else's.
        detail = "Orders from pages of other sites are not taken."
        return problem(HTTPStatus.FORBIDDEN, "cross-site", detail)
    if caller.role is not Role.OPERATOR:
        detail = f"{caller.user} is a {caller.role.value}: orders take an operator."
        return problem(HTTPStatus.FORBIDDEN, "not-an-operator", detail)
    return None


def found(supervisor: Supervisor, leads: Callable[[], bool]) -> Middleware:
    """Find the rollout that a path names; say so where another replica has them all."""

    @web.middleware
    async def find(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        if not leads():
            detail = "This replica does not drive the rollouts now: ask the one that leads."
            answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-leading", detail)
            answer.headers["Retry-After"] = "5"
            return answer
        namespace, name = (request.match_info.get(part) for part in ("namespace", "name"))
        if namespace is not None and name is not None:
            rollout = supervisor.get(Key(namespace, name))
            if rollout is None:
                detail = f"There is no plan for {namespace}/{name}."
                return problem(HTTPStatus.NOT_FOUND, "no-such-rollout", detail)
            request[ROLLOUT] = rollout
        return await handler(request)

    return find
