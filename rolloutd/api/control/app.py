"""The application on the control listener."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from rolloutd.api.control.bodies import BODY_DEADLINE
from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.door import Doorkeeper, door
from rolloutd.api.control.events import events
from rolloutd.api.control.lead import Chair, Standby, lead
from rolloutd.api.control.lookup import HERE, Here, lookups
from rolloutd.api.control.openapi import document
from rolloutd.api.control.orders import order
from rolloutd.api.control.problems import BODY_LIMIT, Handler, harden, problems
from rolloutd.api.control.routes import ROUTES, VERBS
from rolloutd.api.control.runs import looking_back
from rolloutd.api.control.session import session_handlers
from rolloutd.api.web.pages import add_pages
from rolloutd.core.units import Seconds
from rolloutd.engine.supervisor import Supervisor
from rolloutd.ports import Archive

LARGEST_BODY = 64 * 1024
"""Bytes. An order takes a few hundred."""

SLOWEST_BODY = Seconds(10.0)
"""Longest wait for a body that trickles in."""

CONFIRMATION = Seconds(10.0)
"""Longest wait for the cluster to confirm an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the application works with.

    Attributes:
        leads: Whether this replica drives the rollouts.
        standby: What it does while another one does; ``None`` where there are no others.
        archive: Has the runs that are over; ``None`` where none are kept.
        here: Where this is, for people.
        deadline: Longest wait for the cluster to confirm an order.
        body_deadline: Longest wait for a body that trickles in.
    """

    supervisor: Supervisor
    keeper: Doorkeeper
    broadcast: Broadcast
    leads: Callable[[], bool]
    standby: Standby | None = None
    archive: Archive | None = None
    here: Here = field(default_factory=Here)
    deadline: Seconds = CONFIRMATION
    body_deadline: Seconds = SLOWEST_BODY


def control_app(desk: Desk) -> web.Application:
    """Build the application for the control listener."""
    chair = Chair(supervisor=desk.supervisor, leads=desk.leads, standby=desk.standby)
    middlewares = [problems, door(desk.keeper), lead(chair, desk.keeper.access)]
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=middlewares)
    app[BODY_LIMIT] = LARGEST_BODY
    app[BODY_DEADLINE] = desk.body_deadline
    app[HERE] = desk.here
    app.on_response_prepare.append(harden)

    async def hang_up(_: web.Application) -> None:
        desk.broadcast.close()

    app.on_shutdown.append(hang_up)
    handlers = _handlers(desk)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, handlers[route.name], name=route.name)
    add_pages(app)
    return app


def _handlers(desk: Desk) -> Mapping[str, Handler]:
    """Say who serves what, by operation id."""
    access = desk.keeper.access
    return {
        **lookups(desk.supervisor, access, desk.broadcast.sheets),
        **looking_back(desk.supervisor, desk.archive),
        **session_handlers(desk.keeper),
        **{verb: order(verb, desk.supervisor, desk.deadline) for verb in VERBS},
        "events": events(desk.broadcast, access),
        "openapi": _openapi,
    }


async def _openapi(_: web.Request) -> web.StreamResponse:
    return web.json_response(body=orjson.dumps(document()))
