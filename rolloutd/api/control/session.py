"""``/api/v1/session``: who I am, what I may do; logging in and out."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from rolloutd.api.control import sessions
from rolloutd.api.control.access import Access, Caller, Deed
from rolloutd.api.control.bodies import BadRequestError, bad, form
from rolloutd.api.control.door import CALLER, Doorkeeper, knock_of, stranger
from rolloutd.api.control.models import FaultForm, LoginForm, Role, SessionForm
from rolloutd.api.control.problems import Handler, unable
from rolloutd.api.control.routes import LOGIN, VERBS
from rolloutd.errors import RolloutdError


def session_handlers(keeper: Doorkeeper) -> Mapping[str, Handler]:
    """Say who serves what, by operation id."""
    return {
        LOGIN: _login(keeper),
        "session": _told(keeper.access),
        "logout": _logout,
    }


def _login(keeper: Doorkeeper) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            token = await _token(request, keeper.access)
        except BadRequestError as error:
            return error.answer
        knock = knock_of(request, token)
        try:
            caller = await keeper.access.identify(knock)
            if caller is None:
                return stranger(keeper, knock)
            told = await _form(request, keeper.access, caller, has_cookie=True)
        except RolloutdError as error:
            return unable(f"Nobody can say who you are: {error}")
        response = web.json_response(text=told.model_dump_json(by_alias=True))
        sessions.begin(request, response, token)
        return response

    return answer


async def _token(request: web.Request, access: Access) -> str:
    token = (await form(request, LoginForm)).token.strip()
    if not access.takes_tokens:
        raise bad(FaultForm(field="token", message="this daemon takes no tokens"))
    if not token or len(token.encode()) > sessions.LARGEST:
        limit = f"expected a token of at most {sessions.LARGEST} bytes"
        raise bad(FaultForm(field="token", message=limit))
    return token


def _told(access: Access) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        has_cookie = access.takes_tokens and "Authorization" not in request.headers
        try:
            told = await _form(request, access, request[CALLER], has_cookie=has_cookie)
        except RolloutdError as error:
            return unable(f"Nobody can say what you may do: {error}")
        return web.json_response(text=told.model_dump_json(by_alias=True))

    return answer


async def _logout(_: web.Request) -> web.StreamResponse:
    response = web.Response(status=204)
    sessions.end(response)
    return response


async def _form(
    request: web.Request, access: Access, caller: Caller, *, has_cookie: bool
) -> SessionForm:
    namespace, name = (request.query.get(part, "") for part in ("namespace", "name"))
    verbs = [
        verb
        for verb in VERBS
        if await access.allows(caller, Deed(want=verb, namespace=namespace, name=name))
    ]
    return SessionForm(
        user=caller.user,
        role=Role.OPERATOR if verbs else Role.VIEWER,
        verbs=verbs,
        can_log_out=has_cookie,
    )
