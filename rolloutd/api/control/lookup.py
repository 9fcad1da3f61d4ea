"""Looking: the list, and one rollout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from rolloutd.api.control.access import Access, Deed, visible
from rolloutd.api.control.door import CALLER
from rolloutd.api.control.models import FaultForm, Listing
from rolloutd.api.control.orders import key_of, missing
from rolloutd.api.control.problems import problem, unable
from rolloutd.api.control.sheets import Sheets
from rolloutd.api.control.states import full
from rolloutd.core.plan import Key
from rolloutd.core.state import Phase
from rolloutd.engine.view import View
from rolloutd.errors import RolloutdError


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where an answer comes from.

    Attributes:
        cluster: What people call the cluster; empty if they have not said.
        replica: Host that this replica runs on: the name of its pod.
    """

    cluster: str = ""
    replica: str = ""


HERE = web.AppKey("here", Here)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that a replica knows.

    Attributes:
        trouble: Why that is less than the leader knows; empty when it is not.
        sheets: Has what the views come to.
        items: What others know, as they say it: what the caller may see.
    """

    views: Sequence[View]
    complaints: Sequence[str] = ()
    trouble: str = ""
    sheets: Sheets = field(default_factory=Sheets)
    items: Sequence[tuple[Key, bytes]] = ()


async def listing(request: web.Request, known: Known, access: Access) -> web.StreamResponse:
    """Answer with those rollouts that are asked for and that the caller may see."""
    namespace, wanted = request.query.get("namespace"), request.query.get("phase")
    phases = [phase.value for phase in Phase]
    if wanted is not None and wanted not in phases:
        fault = FaultForm(field="phase", message=f"expected one of {', '.join(phases)}")
        detail = f"{fault.field}: {fault.message}"
        return problem(HTTPStatus.BAD_REQUEST, "bad-request", detail, [fault])
    views = [
        view
        for view in known.views
        if namespace in {None, view.plan.key.namespace}
        and (wanted is None or (view.record and view.record.phase.value == wanted))
    ]
    caller, places = request[CALLER], {view.plan.key.namespace for view in views}
    try:
        seen = await visible(access, caller, sorted(places))
        # A file is no namespace's own: what is wrong with it is for those who see them all.
        sees_all = await access.allows(caller, Deed(want="get"))
    except RolloutdError as error:
        return unable(f"Nobody can say what you may see: {error}")
    items = [
        (view.plan.key, known.sheets.of(view))
        for view in views
        if view.plan.key.namespace in seen
    ]
    # Nobody has one of another's keys, unless a shard is just changing hands.
    sheets = dict((*known.items, *items))
    here = request.app[HERE]
    rest = Listing(
        items=[],
        complaints=list(known.complaints) if sees_all else [],
        trouble=known.trouble,
        cluster=here.cluster,
        replica=here.replica,
    )
    return web.json_response(body=_filled(rest, [sheets[key] for key in sorted(sheets)]))


def _filled(rest: Listing, items: Sequence[bytes]) -> bytes:
    """Return a listing with items that are JSON already."""
    head, _, tail = rest.model_dump_json(by_alias=True).partition("[]")
    return b"%b[%b]%b" % (head.encode(), b",".join(items), tail.encode())


def single(request: web.Request, view: View | None) -> web.StreamResponse:
    """Answer with everything of one rollout."""
    if view is None:
        return missing(key_of(request))
    return web.json_response(text=full(view).model_dump_json(by_alias=True))
