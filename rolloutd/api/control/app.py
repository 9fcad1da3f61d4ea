"""The application on the control listener."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from aiohttp import web

from rolloutd.api.control.access import Access
from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.door import door, found
from rolloutd.api.control.events import events
from rolloutd.api.control.models import FaultForm, Listing
from rolloutd.api.control.openapi import document
from rolloutd.api.control.orders import ROLLOUT, order
from rolloutd.api.control.problems import BODY_LIMIT, Handler, harden, problem, problems
from rolloutd.api.control.routes import ROUTES, VERBS
from rolloutd.api.control.states import full, summary
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.engine.supervisor import Supervisor

LARGEST_BODY = 64 * 1024
"""Bytes. An order takes a few hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the application works with.

    Attributes:
        leads: Whether this replica drives the rollouts: another can only send people there.
        deadline: Longest wait for the cluster to confirm an order.
    """

    supervisor: Supervisor
    access: Access
    broadcast: Broadcast
    leads: Callable[[], bool]
    deadline: Seconds = Seconds(10.0)


def control_app(desk: Desk) -> web.Application:
    """Build the application for the control listener."""
    middlewares = [problems, door(desk.access), found(desk.supervisor, desk.leads)]
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=middlewares)
    app[BODY_LIMIT] = LARGEST_BODY
    app.on_response_prepare.append(harden)

    async def hang_up(_: web.Application) -> None:
        desk.broadcast.close()

    app.on_shutdown.append(hang_up)
    handlers = _handlers(desk)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, handlers[route.name])
    return app


def _handlers(desk: Desk) -> Mapping[str, Handler]:
    """Say who serves what, by operation id."""
    return {
        "list": _list(desk.supervisor),
        "get": _get,
        "events": events(desk.broadcast),
        "openapi": _openapi,
        **{verb: order(verb, desk.deadline) for verb in VERBS},
    }


def _list(supervisor: Supervisor) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        namespace, wanted = request.query.get("namespace"), request.query.get("phase")
        phases = [phase.value for phase in Phase]
        if wanted is not None and wanted not in phases:
            fault = FaultForm(field="phase", message=f"expected one of {', '.join(phases)}")
            detail = f"{fault.field}: {fault.message}"
            return problem(HTTPStatus.BAD_REQUEST, "bad-request", detail, [fault])
        views = [rollout.view for rollout in supervisor.all()]
        items = [
            summary(view)
            for view in views
            if namespace in {None, view.plan.key.namespace}
            and (wanted is None or (view.record and view.record.phase.value == wanted))
        ]
        listing = Listing(items=items, complaints=list(supervisor.complaints))
        return web.json_response(text=listing.model_dump_json(by_alias=True))

    return answer


async def _get(request: web.Request) -> web.StreamResponse:
    return web.json_response(text=full(request[ROLLOUT].view).model_dump_json(by_alias=True))


async def _openapi(_: web.Request) -> web.StreamResponse:
    return web.json_response(body=orjson.dumps(document()))
