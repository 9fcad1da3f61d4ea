"""Finds the routes of a VirtualService that a plan moves, or says why it cannot.

A plan names routes, or leaves them out and means every route that sends to stable. Names exist
on ``http`` routes alone: ``tls`` and ``tcp`` routes are found by their destinations only.

Three cases are refused although a guess would be possible, because a wrong guess moves traffic
that nobody meant:

* Without names, a canary that is served by other routes only (a tester's header route, say):
  the canary and stable are in different routes.
* A route that sets ``headers`` for the stable destination alone, with no canary beside it:
  they may mark the version or carry a credential, so copying them and leaving them out are
  both wrong for someone. The author adds the canary with weight 0 and the headers it needs.
* A ``delegate``: the routes are in another VirtualService, which the plan can name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rolloutd.adapters.istio.fields import identity, items, mapping, spec, text
from rolloutd.adapters.istio.hosts import Scope
from rolloutd.adapters.istio.weights import WHOLE, Split, ordered
from rolloutd.core.plan import Arm, Plan
from rolloutd.core.units import Percent

Kind: TypeAlias = Literal["http", "tls", "tcp"]
KINDS: tuple[Kind, ...] = ("http", "tls", "tcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One weighted destination of a route.

    Attributes:
        index: Position in the route.
        weight: As written; ``None`` when it is left out.
        target: The ``destination`` member as read: host, subset, port.
    """

    index: int
    weight: int | None
    target: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route that a plan moves.

    Attributes:
        index: Position among the routes of its kind.
        name: Empty when it has none.
        canary: ``None`` when the canary is not there yet.
        others: Sum of the remaining destinations' weights.
        alone: Stable is the only destination and takes everything, whatever its weight.
    """

    kind: Kind
    index: int
    name: str
    stable: Destination
    canary: Destination | None
    others: int
    alone: bool

    @property
    def split(self) -> Split:
        """The weights in force."""
        if self.alone:
            return Split(stable=WHOLE, canary=0, others=0)
        canary = self.canary.weight if self.canary else None
        return Split(stable=self.stable.weight or 0, canary=canary or 0, others=self.others)

    def holds(self, canary: Percent) -> bool:
        """Say whether the weights are those that this share asks for."""
        return ordered(self.split, canary) == self.split


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """A plan's routes in one VirtualService.

    Attributes:
        stable_host: Full host name of the stable arm, the same in all routes.
        canary_host: Likewise of the canary.
        canary: What a canary destination names when one is added: host as the author would
            write it, and subset. Its port is that of the stable destination beside it.
        routes: At least one, and traffic in at least one.
    """

    stable_host: str
    canary_host: str
    canary: Mapping[str, str]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unroutable:
    """The plan does not fit the VirtualService.

    Attributes:
        reason: What is wrong and what would mend it.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A route as written."""

    kind: Kind
    index: int
    body: Mapping[str, object]

    @property
    def name(self) -> str:
        return text(self.body.get("name"))

    @property
    def label(self) -> str:
        place = f"{self.kind}[{self.index}]"
        return f'{place} "{self.name}"' if self.name else place

    @property
    def destinations(self) -> tuple[Mapping[str, object], ...]:
        return tuple(mapping(listed) for listed in items(self.body.get("route")))

    @property
    def delegate(self) -> str:
        """Name of the VirtualService that this route hands over to; empty for none."""
        return text(mapping(self.body.get("delegate")).get("name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arms:
    """Recognises the plan's arms among destinations."""

    stable: Arm
    canary: Arm
    scope: Scope

    def host(self, arm: Arm, listed: Mapping[str, object]) -> str:
        """Return the arm's full host in the route of this stable destination."""
        return self.scope.full(arm.host or text(_target(listed).get("host")))

    def is_stable(self, listed: Mapping[str, object]) -> bool:
        """Say whether this is the stable arm; an arm without a host goes by its subset."""
        return self._names(listed, self.host(self.stable, listed), self.stable.subset)

    def is_canary(self, listed: Mapping[str, object], stable: Mapping[str, object]) -> bool:
        """Say whether this is the canary of the given stable destination."""
        return self._names(listed, self.host(self._canary, stable), self.canary.subset)

    def names_canary(self, listed: Mapping[str, object]) -> bool:
        """Say whether this is a canary, wherever stable is."""
        return self._names(listed, self.host(self._canary, listed), self.canary.subset)

    @property
    def _canary(self) -> Arm:
        """The canary, at the host of stable where it has none of its own."""
        if self.canary.host or not self.stable.host:
            return self.canary
        return Arm(
            host=self.stable.host,
            subset=self.canary.subset,
            deployment=self.canary.deployment,
        )

    def _names(self, listed: Mapping[str, object], host: str, subset: str | None) -> bool:
        target = _target(listed)
        same_subset = text(target.get("subset")) == (subset or "")
        return same_subset and self.scope.full(text(target.get("host"))) == host


def find(
    virtual_service: Mapping[str, object], plan: Plan, names: Sequence[str], *, domain: str
) -> Routing | Unroutable:
    """Find the routes that a plan moves in one VirtualService.

    Args:
        virtual_service: The object as read; any version of ``networking.istio.io``.
        plan: Whose arms to look for.
        names: Route names; empty for every route that sends to stable.
        domain: DNS domain of the cluster.
    """
    where = f"VirtualService {identity(virtual_service)}"
    scope = Scope(home=plan.key.namespace, services=plan.key.namespace, domain=domain)
    arms = _Arms(stable=plan.stable, canary=plan.canary, scope=scope)
    entries = _entries(virtual_service)
    trouble = _indistinct(arms) or _missing(entries, names)
    if trouble:
        return Unroutable(reason=f"{where}: {trouble}")
    chosen = [entry for entry in entries if not names or entry.name in names]
    read = [_read(entry, arms, named=bool(names)) for entry in chosen]
    found = _together(entries, [route for route in read if route], arms, named=bool(names))
    if isinstance(found, str):
        return Unroutable(reason=f"{where}: {found}")
    return found


def _entries(virtual_service: Mapping[str, object]) -> tuple[_Entry, ...]:
    return tuple(
        _Entry(kind=kind, index=index, body=mapping(body))
        for kind in KINDS
        for index, body in enumerate(items(spec(virtual_service).get(kind)))
    )


def _indistinct(arms: _Arms) -> str:
    """Say what is wrong with arms that no destination can tell apart."""
    stable, canary = arms.stable, arms.canary
    if not (stable.host or stable.subset):
        return "spec.stable names neither a host nor a subset: give it one of them."
    same_host = arms.scope.full(canary.host or stable.host or "") == arms.scope.full(
        stable.host or canary.host or ""
    )
    if same_host and (stable.subset or "") == (canary.subset or ""):
        return (
            "spec.stable and spec.canary are one destination: give them two subsets or hosts."
        )
    return ""


def _missing(entries: Sequence[_Entry], names: Sequence[str]) -> str:
    """Say which named routes are not there."""
    known = [entry.name for entry in entries if entry.name]
    absent = [name for name in names if name not in known]
    if not absent:
        return ""
    listed = f"it has {_enumerated(known)}" if known else "none of its routes has a name"
    return (
        f"route {_enumerated(absent)} not found: {listed}. Correct the plan's routes, or leave "
        "them out to move every route that sends to stable."
    )


def _read(entry: _Entry, arms: _Arms, *, named: bool) -> Route | str | None:
    """Return the entry as a route to move, what is wrong with it, or ``None`` to pass it by."""
    destinations = entry.destinations
    stable = [index for index, listed in enumerate(destinations) if arms.is_stable(listed)]
    if not stable:
        return _not_to_stable(entry, arms) if named else None
    canary = [
        index
        for index, listed in enumerate(destinations)
        if arms.is_canary(listed, destinations[stable[0]])
    ]
    trouble = _undividable(destinations, stable, canary)
    if trouble:
        return f"{entry.label} {trouble}"
    places = {stable[0], *canary}
    return Route(
        kind=entry.kind,
        index=entry.index,
        name=entry.name,
        stable=_destination(destinations, stable[0]),
        canary=_destination(destinations, canary[0]) if canary else None,
        others=sum(
            _weight(listed) or 0
            for index, listed in enumerate(destinations)
            if index not in places
        ),
        alone=len(destinations) == 1,
    )


def _not_to_stable(entry: _Entry, arms: _Arms) -> str:
    """Say why a route that the plan names cannot be moved."""
    if entry.delegate:
        return f"{entry.label} {_delegated(entry)}"
    if any(arms.names_canary(listed) for listed in entry.destinations):
        return (
            f"{entry.label} sends to the canary but not to stable: canary and stable are in "
            "different routes. Put both into one route."
        )
    targets = [_spoken(listed) for listed in entry.destinations]
    goes = f"it sends to {_enumerated(targets)}" if targets else "it has no destinations"
    return f"{entry.label} does not send to stable: {goes}. Correct the route or spec.stable."


def _undividable(
    destinations: Sequence[Mapping[str, object]], stable: Sequence[int], canary: Sequence[int]
) -> str:
    """Say why a route's weights cannot be divided between the arms."""
    for arm, places in (("stable", stable), ("canary", canary)):
        if len(places) > 1:
            return f"lists the {arm} arm {len(places)} times: merge those destinations."
    for listed in destinations:
        weight = listed.get("weight", 0)
        if not isinstance(weight, int) or isinstance(weight, bool) or weight < 0:
            return f"gives {_spoken(listed)} the weight {weight!r}: write a whole number."
    if not canary and destinations[stable[0]].get("headers"):
        return (
            "sets headers for the stable destination alone: add the canary beside it with "
            "weight 0 and the headers that it needs."
        )
    return ""


def _together(
    entries: Sequence[_Entry], read: Sequence[Route | str], arms: _Arms, *, named: bool
) -> Routing | str:
    """Check what concerns all routes at once."""
    for trouble in read:
        if isinstance(trouble, str):
            return trouble
    routes = tuple(route for route in read if isinstance(route, Route))
    if not routes:
        return _nowhere(entries, arms)
    if not named and not any(route.canary for route in routes):
        for entry in entries:
            if any(arms.names_canary(listed) for listed in entry.destinations):
                return (
                    f"canary and stable are in different routes ({entry.label} sends to the "
                    "canary). Name the routes to move in the plan, or add the canary with "
                    "weight 0 beside stable."
                )
    if not any(route.split.joint for route in routes):
        return "neither arm has any weight: give stable the traffic that they are to divide."
    return _routing(routes, arms)


def _nowhere(entries: Sequence[_Entry], arms: _Arms) -> str:
    """Say that no route sends to stable."""
    sought = arms.stable.subset or arms.stable.host
    delegating = [entry for entry in entries if entry.delegate]
    if delegating:
        return f"no route sends to stable ({sought}): {_delegated(delegating[0])}"
    targets = [_spoken(listed) for entry in entries for listed in entry.destinations]
    goes = f"they send to {_enumerated(targets)}" if targets else "there are none"
    return (
        f"route not found: none sends to stable ({sought}); {goes}. Correct spec.stable or add "
        "stable to a route."
    )


def _routing(routes: tuple[Route, ...], arms: _Arms) -> Routing | str:
    """Return the routes with the hosts of both arms, if there is one of each."""
    hosts = {arms.scope.full(text(route.stable.target.get("host"))) for route in routes}
    if len(hosts) > 1:
        return (
            f"subset {arms.stable.subset} is that of several hosts: "
            f"{_enumerated(sorted(hosts))}. Set spec.stable.host, or name the routes."
        )
    written = text(routes[0].stable.target.get("host"))
    canary_host = arms.canary.host or written
    subset = {"subset": arms.canary.subset} if arms.canary.subset else {}
    return Routing(
        stable_host=arms.scope.full(written),
        canary_host=arms.scope.full(canary_host),
        canary={"host": canary_host, **subset},
        routes=routes,
    )


def _destination(destinations: Sequence[Mapping[str, object]], index: int) -> Destination:
    listed = destinations[index]
    return Destination(index=index, weight=_weight(listed), target=_target(listed))


def _target(listed: Mapping[str, object]) -> Mapping[str, object]:
    return mapping(listed.get("destination"))


def _weight(listed: Mapping[str, object]) -> int | None:
    weight = listed.get("weight")
    return weight if isinstance(weight, int) else None


def _delegated(entry: _Entry) -> str:
    """Say where a delegating route leads."""
    namespace = text(mapping(entry.body.get("delegate")).get("namespace"))
    place = f"{namespace}/{entry.delegate}" if namespace else entry.delegate
    return (
        f"delegates to VirtualService {place}: name that one in the plan's virtualService, "
        "with a plan in its namespace."
    )


def _spoken(listed: Mapping[str, object]) -> str:
    """Return a destination as people say it: host, or host/subset."""
    target = _target(listed)
    subset = text(target.get("subset"))
    host = text(target.get("host")) or "no host"
    return f"{host}/{subset}" if subset else host


def _enumerated(words: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(words))
