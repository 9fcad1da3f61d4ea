"""One VirtualService, one JSON patch: what must still be true, then what changes.

The order is fixed: ``test`` the routes by name and destination (an index that shifted is found
out), ``test`` the epoch, claim the resourceVersion that was read (a stale one is a 409), then
weights, then annotations. Whatever is not a weight of the two arms, one of our annotations or
an added canary is not mentioned and so stays byte-identical.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.istio.fields import identity, metadata, text
from rolloutd.adapters.istio.routes import Destination, Route, Routing
from rolloutd.adapters.istio.weights import ordered
from rolloutd.core.units import Percent
from rolloutd.errors import Refused
from rolloutd.ports import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The weights to reach.

    Attributes:
        canary: Its share of what both arms jointly have.
    """

    routing: Routing
    canary: Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The annotations to reach.

    Attributes:
        lasting: Keys and values; one that differs is a reason to write.
        passing: Written along with any other change, never the reason for one.
    """

    lasting: Mapping[str, str]
    passing: Mapping[str, str]


def operations(
    virtual_service: Mapping[str, object],
    order: Order | None,
    notes: Notes,
    *,
    epoch: int | None,
) -> tuple[Json, ...]:
    """Return the patch that takes an object from what was read to what is ordered.

    Empty when it is there already. A newer leader's epoch on an equal object is a change: from
    then on a late write of the leader before fails.

    Args:
        virtual_service: The object as read.
        order: ``None`` leaves the weights alone.
        notes: Annotations besides the epoch.
        epoch: The present leadership; ``None`` neither tests nor leaves a mark.

    Raises:
        Refused: A later leadership has written, or the object carries no resourceVersion.
    """
    moves = _moves(order) if order else ()
    changed = _changed(virtual_service, {**notes.lasting, **_stamp(virtual_service, epoch)})
    if not moves and not changed:
        return ()
    routes = order.routing.routes if order else ()
    return (
        *(test for route in routes for test in _same(route)),
        *_same_epoch(virtual_service, epoch),
        _claim(virtual_service),
        *moves,
        *_annotate(virtual_service, {**changed, **notes.passing}),
    )


def pointer(*tokens: str | int) -> str:
    """Return a JSON pointer (RFC 6901) from unescaped tokens."""
    escaped = (str(token).replace("~", "~0").replace("/", "~1") for token in tokens)
    return "".join(f"/{token}" for token in escaped)


def _moves(order: Order) -> tuple[Json, ...]:
    return tuple(
        operation
        for route in order.routing.routes
        for operation in _reweigh(route, order.routing.canary, order.canary)
    )


def _reweigh(route: Route, canary: Mapping[str, str], share: Percent) -> Iterator[Json]:
    """Yield what brings a route's two weights to a share; nothing if it holds them."""
    wanted = ordered(route.split, share)
    if wanted == route.split:
        return
    yield from _weigh(route, route.stable, wanted.stable)
    if route.canary:
        yield from _weigh(route, route.canary, wanted.canary)
        return
    port = route.stable.target.get("port")
    destination = {**canary, **({} if port is None else {"port": port})}
    yield {
        "op": "add",
        "path": pointer("spec", route.kind, route.index, "route", route.stable.index + 1),
        "value": {"destination": destination, "weight": wanted.canary},
    }


def _weigh(route: Route, destination: Destination, weight: int) -> Iterator[Json]:
    if destination.weight == weight:
        return
    yield {
        "op": "add" if destination.weight is None else "replace",
        "path": pointer("spec", route.kind, route.index, "route", destination.index, "weight"),
        "value": weight,
    }


def _same(route: Route) -> Iterator[Json]:
    """Yield tests that the route is the one that was read."""
    place = ("spec", route.kind, route.index)
    if route.name:
        yield {"op": "test", "path": pointer(*place, "name"), "value": route.name}
    for destination in (route.stable, route.canary):
        if destination:
            yield {
                "op": "test",
                "path": pointer(*place, "route", destination.index, "destination"),
                "value": destination.target,
            }


def _same_epoch(virtual_service: Mapping[str, object], epoch: int | None) -> Iterator[Json]:
    """Yield a test that no other leadership has written since; its absence is not testable."""
    stored = ours.stored(virtual_service).get(ours.EPOCH)
    if epoch is None or stored is None:
        return
    yield {
        "op": "test",
        "path": pointer("metadata", "annotations", ours.EPOCH),
        "value": stored,
    }


def _claim(virtual_service: Mapping[str, object]) -> Json:
    version = text(metadata(virtual_service).get("resourceVersion"))
    if not version:
        raise Refused(
            f"VirtualService {identity(virtual_service)} was read without a resourceVersion."
        )
    return {"op": "replace", "path": pointer("metadata", "resourceVersion"), "value": version}


def _changed(
    virtual_service: Mapping[str, object], wanted: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the annotations that differ."""
    present = ours.stored(virtual_service)
    return {key: value for key, value in wanted.items() if present.get(key) != value}


def _stamp(virtual_service: Mapping[str, object], epoch: int | None) -> Mapping[str, str]:
    if epoch is None:
        return {}
    last = ours.epoch(virtual_service)
    if last is not None and last > epoch:
        raise Refused(
            f"VirtualService {identity(virtual_service)} was written by leadership {last}, "
            f"ours is {epoch}: another copy leads. If the Lease was deleted and its count "
            f"began anew, remove the annotation {ours.EPOCH}."
        )
    return {ours.EPOCH: str(epoch)}


def _annotate(virtual_service: Mapping[str, object], values: Mapping[str, str]) -> list[Json]:
    """Return what sets annotations: all at once where there are none yet."""
    if not values:
        return []
    if not isinstance(metadata(virtual_service).get("annotations"), dict):
        path = pointer("metadata", "annotations")
        return [{"op": "add", "path": path, "value": dict(values)}]
    return [
        {"op": "add", "path": pointer("metadata", "annotations", key), "value": value}
        for key, value in values.items()
    ]
