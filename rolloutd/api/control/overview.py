"""The whole fleet at a glance, whichever replicas drive it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson
from aiohttp import web

from rolloutd.api.control.access import Access
from rolloutd.api.control.fleet import Chair, Fleet, concerned, relays
from rolloutd.api.control.lookup import Known, listing, single
from rolloutd.api.control.orders import key_of
from rolloutd.api.control.problems import Handler, unable
from rolloutd.api.control.relay import LED, RELAYED, Relay
from rolloutd.api.control.sheets import Sheets
from rolloutd.api.control.understudy import Understudy
from rolloutd.core.plan import Key
from rolloutd.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a list is made of.

    Attributes:
        understudy: Stands in for replicas that can't be asked; ``None`` where there are none.
        sheets: Has what the views of our own come to.
    """

    fleet: Fleet
    understudy: Understudy | None
    sheets: Sheets


def lookups(overview: Overview, access: Access) -> dict[str, Handler]:
    """Say who serves what, by operation id."""
    fleet = overview.fleet

    async def many(request: web.Request) -> web.StreamResponse:
        led = fleet.led()
        # Passed on, it was asked of all who lead: each speaks for itself.
        chairs = () if RELAYED in request.headers else concerned(request, fleet)
        others = [chair for chair in chairs if chair not in led]
        told = await _told(request, others)
        try:
            known = _known(overview, told, others)
        except Unavailable as error:
            return unable(f"{error}", "not-leading")
        answer = await listing(request, known, access)
        if RELAYED in request.headers:
            answer.headers[LED] = " ".join(chair.name for chair in led)
        return answer

    async def one(request: web.Request) -> web.StreamResponse:
        rollout = fleet.get(key_of(request))
        return single(request, None if rollout is None else rollout.view)

    return {"list": many, "get": one}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What another replica says.

    Attributes:
        led: The shards that it speaks for, by name.
        items: Summaries as they go over the wire.
    """

    led: Collection[str]
    items: Sequence[tuple[Key, bytes]]
    trouble: str


async def _told(request: web.Request, others: Sequence[Chair]) -> Sequence[_Told | str]:
    """Ask every replica that leads one of these, all at once; a string says why it failed."""
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(_answer(request, relay), name=f"list of {url}")
            for url, relay in relays(others).items()
        ]
    return [task.result() for task in asked]


async def _answer(request: web.Request, relay: Relay) -> _Told | str:
    try:
        headers, body = await relay.look(request)
        return _read(headers.get(LED, "").split(), body)
    except Unavailable as error:
        return str(error)
    except (ValueError, KeyError, TypeError) as error:
        return f"a list can't be read: {error!r}"


def _read(led: Collection[str], body: bytes) -> _Told:
    form = orjson.loads(body)
    items = [
        (Key(str(item["namespace"]), str(item["name"])), orjson.dumps(item))
        for item in form["items"]
    ]
    return _Told(led=led, items=items, trouble=str(form["trouble"]))


def _known(overview: Overview, told: Sequence[_Told | str], others: Sequence[Chair]) -> Known:
    """Return what all say together; the records, where nobody speaks for a shard.

    Raises:
        Unavailable: Nobody does, and the records are not known here.
    """
    fleet, understudy = overview.fleet, overview.understudy
    answers = [each for each in told if isinstance(each, _Told)]
    spoken_for = {name for each in answers for name in each.led}
    silent = {chair.name for chair in others} - spoken_for
    views, troubles = fleet.views(), [each.trouble for each in answers]
    if silent:
        trouble = _trouble(silent, [each for each in told if isinstance(each, str)])
        if understudy is None or not understudy.has_read():
            raise Unavailable(trouble)
        views = [
            *views,
            *(
                view
                for view in understudy.views(trouble)
                if fleet.chair_of(view.plan.key.namespace).name in silent
            ),
        ]
        troubles = [trouble, *troubles]
    # Every replica reads the same plans: what is wrong with them is to be told once.
    complaints = fleet.complaints()
    if understudy is not None and not fleet.led():
        complaints = understudy.complaints
    return Known(
        views=views,
        complaints=complaints,
        trouble=" ".join(filter(None, troubles)),
        sheets=overview.sheets,
        items=[item for each in answers for item in each.items],
    )


def _trouble(silent: Collection[str], reasons: Sequence[str]) -> str:
    why = "; ".join(reasons) or "nobody is known to lead at present"
    names = ", ".join(sorted(silent))
    return f"Nobody answers for {names}: {why}. Of these here are the records in the cluster."
