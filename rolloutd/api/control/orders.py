"""Orders over HTTP: from a request to a command, and from its reply to an answer."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import assert_never

import structlog
from aiohttp import web
from pydantic import ValidationError

from rolloutd.api.control.access import Caller
from rolloutd.api.control.models import FaultForm, Order, Promotion, Verb
from rolloutd.api.control.problems import Handler, problem
from rolloutd.api.control.states import full
from rolloutd.core.actions import Accepted, Declined
from rolloutd.core.observation import Command, CommandKind
from rolloutd.core.units import Seconds
from rolloutd.engine.rollout import Rollout

log = structlog.get_logger()

CALLER = web.RequestKey("caller", Caller)
ROLLOUT = web.RequestKey("rollout", Rollout)

LONGEST_KEY = 128
"""Characters of an Idempotency-Key: the record in the cluster remembers it."""

BODY_DEADLINE = Seconds(10.0)
"""Longest wait for a body that trickles in."""


class BadOrderError(Exception):
    """A request that can't be made a command of.

    Attributes:
        answer: What to tell its sender.
    """

    def __init__(self, answer: web.Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


def order(verb: Verb, deadline: Seconds) -> Handler:
    """Serve one verb.

    200 means that the record in the cluster holds it: it survives a crash right after. An
    order can't be taken back, so after ``deadline`` the answer is 504 and the order *stays*
    queued: it is carried out when the cluster answers. Sent again with the same
    ``Idempotency-Key`` it is no second order, and its answer tells what became of the first.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            command = await _command(request, verb)
        except BadOrderError as error:
            return error.answer
        return await _obey(request[ROLLOUT], command, deadline)

    return answer


async def _obey(rollout: Rollout, command: Command, deadline: Seconds) -> web.Response:
    told = log.bind(
        rollout_namespace=rollout.plan.key.namespace,
        rollout=rollout.plan.key.name,
        command=command.id,
        actor=command.actor,
    )
    told.info("order_received", reason=command.reason, expected_step=command.expected_step)
    try:
        async with asyncio.timeout(deadline):
            reply = await rollout.order(command)
    except TimeoutError:
        told.warning("order_unanswered", deadline=deadline)
        detail = (
            f"The cluster has not confirmed it within {deadline:g} s. The order stays queued: "
            "send it again with the same Idempotency-Key to learn what became of it."
        )
        return problem(HTTPStatus.GATEWAY_TIMEOUT, "unconfirmed", detail)
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        # Not us: the rollout went with its plan and gave up the orders that were left.
        detail = "The rollout has gone with its plan before it came to this order."
        return problem(HTTPStatus.NOT_FOUND, "no-such-rollout", detail)
    match reply:
        case Accepted():
            body = full(rollout.view).model_dump_json(by_alias=True)
            return web.json_response(text=body)
        case Declined(reason=reason, stale=stale):
            told.info("order_declined", reason=reason)
            status = HTTPStatus.CONFLICT if stale else HTTPStatus.UNPROCESSABLE_ENTITY
            return problem(status, "stale-step" if stale else "does-not-fit", reason)
        case never:
            assert_never(never)


async def _command(request: web.Request, verb: Verb) -> Command:
    key = _key(request)
    form = _form(verb, await _body(request))
    kind = CommandKind(verb)
    if isinstance(form, Promotion) and not form.full:
        kind = CommandKind.SKIP
    return Command(
        # With its kind: a key that was used for a pause must never swallow a rollback.
        id=f"{kind.value}:{key}",
        kind=kind,
        actor=request[CALLER].user,
        reason=form.reason.strip(),
        expected_step=form.expected_step,
    )


def _key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return secrets.token_hex(16)
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        wanted = f"expected 1 to {LONGEST_KEY} printable ASCII characters"
        raise _bad(FaultForm(field="Idempotency-Key", message=wanted))
    return key


async def _body(request: web.Request) -> bytes:
    if request.can_read_body and request.content_type != "application/json":
        # Browsers send other types across sites without asking first.
        detail = "The body of an order is application/json."
        kind = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        raise BadOrderError(problem(kind, "unsupported-media-type", detail))
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            return await request.read()
    except TimeoutError:
        detail = f"The body did not come within {BODY_DEADLINE:g} s."
        answer = problem(HTTPStatus.REQUEST_TIMEOUT, "too-slow", detail)
        answer.force_close()
        raise BadOrderError(answer) from None


def _form(verb: Verb, body: bytes) -> Order:
    model = Promotion if verb == "promote" else Order
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise _bad(
            *(
                FaultForm(
                    field=".".join(map(str, fault["loc"])) or "body", message=fault["msg"]
                )
                for fault in faults
            )
        ) from None


def _bad(*faults: FaultForm) -> BadOrderError:
    detail = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
    return BadOrderError(problem(HTTPStatus.BAD_REQUEST, "bad-request", detail, faults))
