"""The application on the control listener."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from rolloutd.api.control.bodies import BODY_DEADLINE
from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.door import Doorkeeper, door
from rolloutd.api.control.events import Studio, events
from rolloutd.api.control.fleet import Fleet
from rolloutd.api.control.lead import Standby, lead
from rolloutd.api.control.lookup import HERE, Here
from rolloutd.api.control.openapi import document
from rolloutd.api.control.orders import order
from rolloutd.api.control.overview import Overview, lookups
from rolloutd.api.control.problems import BODY_LIMIT, Handler, harden, problems
from rolloutd.api.control.queries import strict
from rolloutd.api.control.routes import ROUTES, VERBS
from rolloutd.api.control.runs import looking_back
from rolloutd.api.control.session import session_handlers
from rolloutd.api.web.pages import add_pages
from rolloutd.core.units import Seconds
from rolloutd.ports import Archive, Clock

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
        fleet: Who drives which rollouts.
        standby: What is known of those that another replica drives; ``None`` where there are
            no others.
        archive: Has the runs that are over; ``None`` where none are kept.
        here: Where this is, for people.
        deadline: Longest wait for the cluster to confirm an order.
        body_deadline: Longest wait for a body that trickles in.
    """

    fleet: Fleet
    keeper: Doorkeeper
    broadcast: Broadcast
    clock: Clock
    standby: Standby | None = None
    archive: Archive | None = None
    here: Here = field(default_factory=Here)
    deadline: Seconds = CONFIRMATION
    body_deadline: Seconds = SLOWEST_BODY


def control_app(desk: Desk) -> web.Application:
    """Build the application for the control listener."""
    access = desk.keeper.access
    middlewares = [problems, door(desk.keeper), lead(desk.fleet, desk.standby, access)]
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
        handler = strict(handlers[route.name], route.filters)
        app.router.add_route(route.method, route.path, handler, name=route.name)
    add_pages(app)
    return app


def _handlers(desk: Desk) -> Mapping[str, Handler]:
    """Say who serves what, by operation id."""
    access, fleet = desk.keeper.access, desk.fleet
    understudy = None if desk.standby is None else desk.standby.understudy
    view = Overview(fleet=fleet, understudy=understudy, sheets=desk.broadcast.sheets)
    studio = Studio(broadcast=desk.broadcast, access=access, fleet=fleet, clock=desk.clock)
    return {
        **lookups(view, access),
        **looking_back(fleet, desk.archive),
        **session_handlers(desk.keeper),
        **{verb: order(verb, fleet, desk.deadline) for verb in VERBS},
        "events": events(studio),
        "openapi": _openapi,
    }


async def _openapi(_: web.Request) -> web.StreamResponse:
    return web.json_response(body=orjson.dumps(document()))
