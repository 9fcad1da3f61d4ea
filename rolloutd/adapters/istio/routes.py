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
from typing import assert_never

from rolloutd.adapters.istio.fields import identity, text
from rolloutd.adapters.istio.hosts import Scope
from rolloutd.adapters.istio.weights import WHOLE, Split, ordered
from rolloutd.adapters.istio.written import (
    Arms,
    Entry,
    Kind,
    Listed,
    entries,
    host,
    spoken,
    target,
)
from rolloutd.core.plan import Plan
from rolloutd.core.units import Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One arm in a route.

    Attributes:
        index: Position in the route.
        weight: As written; ``None`` when it is left out.
        target: The ``destination`` member as read: host, subset, port.
    """

    index: int
    weight: int | None
    target: Mapping[str, object]

    @property
    def host(self) -> str:
        """The host as written."""
        return text(self.target.get("host"))


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
        canary: What a canary destination names when one is added: host, in the author's
            spelling, and subset. Its port is that of the stable destination beside it.
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
    scope = Scope(home=plan.key.namespace, services=plan.key.namespace, domain=domain)
    arms = Arms(stable=plan.stable, canary=plan.canary, scope=scope)
    found = _find(entries(virtual_service), arms, names)
    if isinstance(found, Unroutable):
        where = f"VirtualService {identity(virtual_service)}"
        return Unroutable(reason=f"{where}: {found.reason}")
    return found


def _find(written: Sequence[Entry], arms: Arms, names: Sequence[str]) -> Routing | Unroutable:
    trouble = _indistinct(arms) or _missing(written, names)
    if trouble:
        return Unroutable(reason=trouble)
    routes: list[Route] = []
    for entry in written:
        if names and entry.name not in names:
            continue
        match _read(entry, arms):
            case Route() as route:
                routes.append(route)
            case Unroutable() as unroutable:
                return unroutable
            case None:
                if names:
                    return Unroutable(reason=_not_to_stable(entry, arms))
            case never:
                assert_never(never)
    trouble = _apart(written, routes, arms, named=bool(names)) or _disunited(routes, arms)
    return Unroutable(reason=trouble) if trouble else _routing(routes, arms)


def _indistinct(arms: Arms) -> str:
    """Say what is wrong with arms that no destination can tell apart."""
    if not (arms.stable.host or arms.stable.subset):
        return "spec.stable names neither a host nor a subset: give it one of them."
    if arms.are_one:
        return (
            "spec.stable and spec.canary are one destination: give them two subsets or hosts."
        )
    return ""


def _missing(written: Sequence[Entry], names: Sequence[str]) -> str:
    """Say which named routes are not there."""
    known = [entry.name for entry in written if entry.name]
    absent = [name for name in names if name not in known]
    if not absent:
        return ""
    has = f"it has {_enumerated(known)}" if known else "none of its routes has a name"
    return (
        f"route {_enumerated(absent)} not found: {has}. Correct the plan's routes, or leave "
        "them out to move every route that sends to stable."
    )


def _read(entry: Entry, arms: Arms) -> Route | Unroutable | None:
    """Return a route to move, what keeps it from being moved, or ``None``: not to stable."""
    listed = entry.destinations
    stable = [index for index, each in enumerate(listed) if arms.is_stable(each)]
    if not stable:
        return None
    its_host = host(listed[stable[0]])
    canary = [i for i, each in enumerate(listed) if arms.is_canary(each, stable_host=its_host)]
    trouble = _undividable(listed, stable, canary)
    if trouble:
        return Unroutable(reason=f"{entry} {trouble}")
    arms_at = {*stable, *canary}
    return Route(
        kind=entry.kind,
        index=entry.index,
        name=entry.name,
        stable=_destination(listed, stable[0]),
        canary=_destination(listed, canary[0]) if canary else None,
        others=sum(_weight(each) or 0 for i, each in enumerate(listed) if i not in arms_at),
        alone=len(listed) == 1,
    )


def _undividable(listed: Sequence[Listed], stable: Sequence[int], canary: Sequence[int]) -> str:
    """Say why a route's weights cannot be divided between the arms."""
    for arm, places in (("stable", stable), ("canary", canary)):
        if len(places) > 1:
            them = _enumerated([spoken(listed[place]) for place in places])
            return (
                f"lists the {arm} arm {len(places)} times ({them}): merge those destinations, "
                f"or set spec.{arm}.host."
            )
    for each in listed:
        weight = each.get("weight", 0)
        if not isinstance(weight, int) or isinstance(weight, bool) or weight < 0:
            return f"gives {spoken(each)} the weight {weight!r}: write a whole number."
    if not canary and listed[stable[0]].get("headers"):
        return (
            "sets headers for the stable destination alone: add the canary beside it with "
            "weight 0 and the headers that it needs."
        )
    return ""


def _not_to_stable(entry: Entry, arms: Arms) -> str:
    """Say why a route that the plan names cannot be moved."""
    if entry.delegate:
        return f"{entry} {_delegated(entry)}"
    if any(arms.is_canary(each) for each in entry.destinations):
        return (
            f"{entry} sends to the canary but not to stable: canary and stable are in "
            "different routes. Put both into one route."
        )
    goes = _enumerated([spoken(each) for each in entry.destinations]) or "no destination"
    return f"{entry} does not send to stable but to {goes}. Correct the route or spec.stable."


def _apart(
    written: Sequence[Entry], routes: Sequence[Route], arms: Arms, *, named: bool
) -> str:
    """Say that stable is nowhere, or that the canary is somewhere else."""
    if not routes:
        return _nowhere(written, arms)
    if named or any(route.canary for route in routes):
        return ""
    its_host = routes[0].stable.host
    for entry in written:
        if any(arms.is_canary(each, stable_host=its_host) for each in entry.destinations):
            return (
                f"canary and stable are in different routes ({entry} sends to the canary). "
                "Name the routes to move in the plan, or add the canary with weight 0 beside "
                "stable."
            )
    return ""


def _nowhere(written: Sequence[Entry], arms: Arms) -> str:
    """Say that no route sends to stable."""
    sought = f"route not found: none sends to stable ({arms.stable.subset or arms.stable.host})"
    for entry in written:
        if entry.delegate:
            return f"{sought}; {entry} {_delegated(entry)}"
    goes = _enumerated([spoken(each) for entry in written for each in entry.destinations])
    return (
        f"{sought}; its routes send to {goes or 'no destination'}. Correct spec.stable, or add "
        "stable to a route."
    )


def _disunited(routes: Sequence[Route], arms: Arms) -> str:
    """Say what keeps the routes from being moved as one."""
    if not any(route.split.joint for route in routes):
        return "neither arm has any weight: give stable the traffic that they are to divide."
    hosts = {arms.scope.full(route.stable.host) for route in routes}
    if len(hosts) > 1:
        return (
            f"subset {arms.stable.subset} is that of several hosts: "
            f"{_enumerated(sorted(hosts))}. Set spec.stable.host, or name the routes."
        )
    return ""


def _routing(routes: Sequence[Route], arms: Arms) -> Routing:
    stable_host = routes[0].stable.host
    canary_host = arms.canary.host or stable_host
    subset = {"subset": arms.canary.subset} if arms.canary.subset else {}
    return Routing(
        stable_host=arms.scope.full(stable_host),
        canary_host=arms.scope.full(canary_host),
        canary={"host": canary_host, **subset},
        routes=tuple(routes),
    )


def _destination(listed: Sequence[Listed], index: int) -> Destination:
    each = listed[index]
    return Destination(index=index, weight=_weight(each), target=target(each))


def _weight(listed: Listed) -> int | None:
    weight = listed.get("weight")
    return weight if isinstance(weight, int) else None


def _delegated(entry: Entry) -> str:
    """Say where a delegating route leads."""
    return (
        f"delegates to VirtualService {entry.delegate}: name that one in the virtualService of "
        "a plan in its namespace."
    )


def _enumerated(words: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(words))
