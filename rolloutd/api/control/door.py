"""Who gets past the door, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from rolloutd.api.control.access import Access, Caller, Deed, Knock, Want
from rolloutd.api.control.limits import Limit
from rolloutd.api.control.problems import Handler, problem, too_many, unable
from rolloutd.api.control.routes import API, LOGIN, VERBS
from rolloutd.api.control.sessions import token_of
from rolloutd.core.units import Seconds
from rolloutd.errors import RolloutdError

CALLER = web.RequestKey("caller", Caller)
KNOCK = web.RequestKey("knock", Knock)

CSRF = "X-Rolloutd"
"""A page of another site can't send this header: browsers ask first, and we never agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorkeeper:
    """What the door is kept with.

    Attributes:
        failures: Failed logins, by address.
        haste: Orders, by user.
    """

    access: Access
    failures: Limit
    haste: Limit


def door(keeper: Doorkeeper) -> Middleware:
    """Let in whom ``access`` knows, to what it allows; everything else stays closed."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_open(request):
            return _cross_site(request) or await handler(request)
        knock = knock_of(request)
        try:
            caller = await keeper.access.identify(knock)
            if caller is None:
                return stranger(keeper, knock)
            refusal = await _refusal(request, keeper, caller)
        except RolloutdError as error:
            return unable(f"Nobody can say who you are and what you may do: {error}")
        if refusal is not None:
            return refusal
        request[CALLER], request[KNOCK] = caller, knock
        return await handler(request)

    return enter


def knock_of(request: web.Request, token: str | None = None) -> Knock:
    """Gather what a request shows of its sender; a ``token`` here counts instead of its."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    peer = None if request.transport is None else request.transport.get_extra_info("peername")
    return Knock(
        token=token or token_of(request),
        host=request.host,
        peer=str(peer[0]) if isinstance(peer, tuple) else "",
        headers=headers,
    )


def stranger(keeper: Doorkeeper, knock: Knock) -> web.Response:
    """Turn away whom nobody knows; say when to come back after too many attempts."""
    if knock.token is not None and (wait := keeper.failures.take(knock.peer)):
        return too_many("Too many failed logins from your address.", wait)
    answer = problem(HTTPStatus.UNAUTHORIZED, "unknown-caller", _wanted(keeper.access))
    answer.headers["WWW-Authenticate"] = 'Bearer realm="rolloutd"'
    return answer


def _wanted(access: Access) -> str:
    """Say what callers have to show, by how they prove who they are."""
    if access.takes_tokens:
        return "A known token is needed: Authorization: Bearer TOKEN."
    if access.is_ambient:
        return "You are nobody that is known here, or in no group with a role."
    return "Without a login this serves its own machine alone: as 127.0.0.1 or localhost."


def _is_open(request: web.Request) -> bool:
    """Say whether everybody may: decided by the route that serves it, not by what was typed."""
    resource = request.match_info.route.resource
    path = request.path if resource is None else resource.canonical
    return not path.startswith(API) or request.match_info.route.name == LOGIN


async def _refusal(
    request: web.Request, keeper: Doorkeeper, caller: Caller
) -> web.Response | None:
    changes = request.method not in {"GET", "HEAD"}
    if changes and (crossing := _cross_site(request) or _forgeable(request, keeper.access)):
        return crossing
    deed = _deed(request)
    if deed is None:
        return None
    if not await keeper.access.allows(caller, deed):
        return _not_allowed(caller, deed)
    # A rollback is never in too much haste.
    hurried = deed.want not in {"get", "rollback"}
    wait = keeper.haste.take(caller.user) if hurried else Seconds(0.0)
    return too_many("Too many orders at once.", wait) if wait else None


def _cross_site(request: web.Request) -> web.Response | None:
    """Refuse someone's browser that a page of somebody else's has told to do this."""
    if request.method in {"GET", "HEAD"}:
        return None
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.host
    if elsewhere or site not in {None, "same-origin", "none"}:
        detail = "Orders from pages of other sites are not taken."
        return problem(HTTPStatus.FORBIDDEN, "cross-site", detail)
    return None


def _forgeable(request: web.Request, access: Access) -> web.Response | None:
    """Refuse what a browser proves unasked and nothing proves to be meant."""
    by_cookie = access.takes_tokens and "Authorization" not in request.headers
    unsaid = None if access.is_ambient or by_cookie else "1"
    if request.headers.get(CSRF, unsaid) != "1":
        detail = f"Orders in a browser's session need the header {CSRF}: 1."
        return problem(HTTPStatus.FORBIDDEN, "no-csrf-header", detail)
    return None


def _deed(request: web.Request) -> Deed | None:
    """Say what is asked of one rollout; the rest is each handler's own business."""
    at: Mapping[str, str] = request.match_info
    route = request.match_info.route
    if "namespace" not in at:
        return None
    wants: Mapping[str | None, Want] = {verb: verb for verb in VERBS}
    want = wants.get(route.name, "get")
    return Deed(want=want, namespace=at["namespace"], name=at.get("name", ""))


def _not_allowed(caller: Caller, deed: Deed) -> web.Response:
    if caller.role is not None:
        detail = f"{caller.user} is a {caller.role.value}: orders take an operator."
    else:
        what = "get rolloutplans" if deed.want == "get" else f"update rolloutplans/{deed.want}"
        detail = f"Kubernetes does not allow {caller.user} to {what} in {deed.namespace}."
    return problem(HTTPStatus.FORBIDDEN, "not-allowed", detail)
