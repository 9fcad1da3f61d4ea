"""Orders over HTTP: from a request to a command, and from its reply to an answer."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import secrets
from http import HTTPStatus
from typing import assert_never

import structlog
from aiohttp import web

from rolloutd.api.control.bodies import BadRequestError, bad, form
from rolloutd.api.control.door import CALLER, KNOCK
from rolloutd.api.control.fleet import Fleet
from rolloutd.api.control.models import FaultForm, Order, Promotion, Verb
from rolloutd.api.control.problems import Handler, problem, unable
from rolloutd.api.control.relay import RELAYED
from rolloutd.api.control.states import full
from rolloutd.core.actions import Accepted, Declined, Reply
from rolloutd.core.observation import Command, CommandKind
from rolloutd.core.plan import Key
from rolloutd.core.units import Seconds
from rolloutd.engine.rollout import Rollout

log = structlog.get_logger()

LONGEST_KEY = 128
"""Characters of an Idempotency-Key."""

LONGEST_AGENT = 80
"""Characters of a program's name that are kept."""

MOST_WAITING = 64
"""Orders of one rollout that wait for the cluster: more than that are not taken on."""


def order(verb: Verb, fleet: Fleet, deadline: Seconds) -> Handler:
    """Serve one verb.

    200 means that the record in the cluster holds it: it survives a crash right after. An
    order can't be taken back, so after ``deadline`` the answer is 504 and the order *stays*
    queued: it is carried out when the cluster answers. Sent again with the same
    ``Idempotency-Key`` it is no second order, and its answer tells what became of the first.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        model = Promotion if verb == "promote" else Order
        try:
            key, asked = _key(request), await form(request, model)
        except BadRequestError as error:
            return error.answer
        # Not before: while a body comes in slowly, its rollout can go.
        rollout = fleet.get(key_of(request))
        if rollout is None:
            return missing(key_of(request))
        if rollout.orders_waiting >= MOST_WAITING:
            detail = f"{MOST_WAITING} orders wait for the cluster: it does not confirm any."
            return unable(detail, "too-many-waiting")
        command = _command(verb, asked, key, request[CALLER].user, rollout)
        command = dataclasses.replace(command, source=source_of(request))
        return await _obey(rollout, command, deadline, request[KNOCK].peer)

    return answer


def key_of(request: web.Request) -> Key:
    """Return which rollout a path names."""
    return Key(request.match_info["namespace"], request.match_info["name"])


def source_of(request: web.Request) -> str:
    """Say from where a request came: by which program, from which address, by what way."""
    agent = request.headers.get("User-Agent", "")[:LONGEST_AGENT]
    program = "".join(sign for sign in agent if sign.isprintable()) or "unnamed program"
    relayed = ", passed on by another replica" if RELAYED in request.headers else ""
    return f"API: {program} at {request[KNOCK].peer or 'unknown address'}{relayed}"


def missing(key: Key) -> web.Response:
    """Say that there is no such rollout."""
    detail = f"There is no plan for {key.namespace}/{key.name}."
    return problem(HTTPStatus.NOT_FOUND, "no-such-rollout", detail)


async def _obey(
    rollout: Rollout, command: Command, deadline: Seconds, peer: str
) -> web.Response:
    told = log.bind(
        rollout_namespace=rollout.plan.key.namespace,
        rollout=rollout.plan.key.name,
        command=command.id,
        actor=command.actor,
        peer=peer,
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
        # Not us: the rollout ended, or its replica leads no longer.
        told.warning("order_given_up")
        detail = (
            "This replica gave the rollout up before the cluster confirmed the order: it may "
            "or may not have been carried out. Send it again with the same Idempotency-Key."
        )
        return unable(detail, "given-up")
    if isinstance(reply, Declined):
        told.info("order_declined", reason=reply.reason)
    return _told(rollout, reply)


def _told(rollout: Rollout, reply: Reply) -> web.Response:
    match reply:
        case Accepted():
            body = full(rollout.view).model_dump_json(by_alias=True)
            return web.json_response(text=body)
        case Declined(reason=reason, stale=stale):
            status = HTTPStatus.CONFLICT if stale else HTTPStatus.UNPROCESSABLE_ENTITY
            return problem(status, "stale-step" if stale else "does-not-fit", reason)
        case never:
            assert_never(never)


def _command(verb: Verb, asked: Order, key: str, user: str, rollout: Rollout) -> Command:
    kind = CommandKind(verb)
    if isinstance(asked, Promotion) and not asked.full:
        kind = CommandKind.SKIP
    return Command(
        id=f"{kind.value}:{_fingerprint(kind, user, key, rollout)}",
        kind=kind,
        actor=user,
        reason=asked.reason.strip(),
        expected_step=asked.expected_step,
    )


def _fingerprint(kind: CommandKind, user: str, key: str, rollout: Rollout) -> str:
    """Return what makes an order the same as another, short enough for the record.

    The verb is part of an id, so that a key that was used for a pause never swallows a
    rollback; the user, so that nobody's key swallows another's order. A rollback is another
    one in another run: whoever asks for stable gets stable.
    """
    record = rollout.view.record
    run = record.run if record is not None and kind is CommandKind.ROLLBACK else 0
    return hashlib.sha256(f"{user}\0{key}\0{run}".encode()).hexdigest()[:20]


def _key(request: web.Request) -> str:
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return secrets.token_hex(16)
    key = keys[0]
    fits = len(keys) == 1 and 1 <= len(key) <= LONGEST_KEY
    if not (fits and key.isascii() and key.isprintable()):
        wanted = f"expected, once, 1 to {LONGEST_KEY} printable ASCII characters"
        raise bad(FaultForm(field="Idempotency-Key", message=wanted))
    return key
