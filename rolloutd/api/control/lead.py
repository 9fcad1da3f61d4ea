"""Only the replica that leads knows and orders; the others ask it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from rolloutd.api.control.access import Access
from rolloutd.api.control.bodies import BadRequestError
from rolloutd.api.control.door import CALLER
from rolloutd.api.control.fleet import Fleet, concerned
from rolloutd.api.control.lookup import Known, listing, single
from rolloutd.api.control.orders import key_of, missing
from rolloutd.api.control.problems import Handler, unable
from rolloutd.api.control.relay import RELAYED, Relay
from rolloutd.api.control.routes import SESSION
from rolloutd.api.control.runs import run_kept, runs_kept, series_kept
from rolloutd.api.control.understudy import Understudy
from rolloutd.errors import Unavailable
from rolloutd.ports import Archive

LOOKING_BACK = frozenset({"run", "runs", "series"})
"""Operations whose answer is kept in the cluster, as far as a run is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """What a replica knows of rollouts that another one drives.

    Attributes:
        archive: Has the runs that are over; ``None`` where none are kept.
    """

    understudy: Understudy
    archive: Archive | None = None


def lead(fleet: Fleet, standby: Standby | None, access: Access) -> Middleware:
    """Let the replica that leads answer; what concerns several shards, each that leads one.

    Args:
        fleet: Who drives what.
        standby: What is known here of the rest; ``None`` where there are no other replicas.
        access: Says who may see which of that.
    """

    @web.middleware
    async def pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        # Who somebody is, any replica can tell; pages and the document are everywhere.
        if CALLER not in request or resource is None or resource.canonical == SESSION:
            return await handler(request)
        chairs = concerned(request, fleet)
        led = [chair for chair in chairs if chair.leads()]
        if not all(chair.supervisor.has_read() for chair in led):
            return unable("The plans are being read.", "starting")
        if led or (len(chairs) > 1 and RELAYED not in request.headers):
            return await handler(request)
        relay = chairs[0].relay
        if relay is None or standby is None or RELAYED in request.headers:
            return unable("This replica does not drive the rollouts now.", "not-leading")
        return await _asked(request, relay, standby, access)

    return pass_on


async def _asked(
    request: web.Request, relay: Relay, standby: Standby, access: Access
) -> web.StreamResponse:
    try:
        return await relay.pass_on(request)
    except BadRequestError as error:
        return error.answer
    except Unavailable as error:
        trouble = f"This replica does not lead, and {error}."
    if request.match_info.route.name in LOOKING_BACK:
        return await _looked_back(request, standby, trouble)
    return await _looked_up(request, standby.understudy, access, trouble)


async def _looked_up(
    request: web.Request, understudy: Understudy, access: Access, trouble: str
) -> web.StreamResponse:
    """Answer from the records, where they say what is asked."""
    match request.match_info.route.name if understudy.has_read() else None:
        case "list":
            trouble = f"{trouble} These are the records in the cluster."
            known = Known(
                views=understudy.views(trouble),
                complaints=understudy.complaints,
                trouble=trouble,
            )
            return await listing(request, known, access)
        case "get":
            trouble = f"{trouble} This is the record in the cluster."
            return single(request, understudy.view(key_of(request), trouble))
        case _:
            return unable(trouble, "not-leading")


async def _looked_back(
    request: web.Request, standby: Standby, trouble: str
) -> web.StreamResponse:
    """Answer from what is kept of runs that are over."""
    key, archive = key_of(request), standby.archive
    if not standby.understudy.has_read():
        return unable(trouble, "not-leading")
    view = standby.understudy.view(key, trouble)
    match request.match_info.route.name:
        case "run":
            return await run_kept(request, archive)
        case "runs":
            words = f"{trouble} These are the runs that are kept; the newest may be missing."
            return await runs_kept(request, archive, is_known=view is not None, trouble=words)
        case _ if view is None:
            return missing(key)
        case _:
            return await series_kept(request, archive, view.record, trouble)
