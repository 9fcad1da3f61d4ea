"""What a cache holds of a plan's VirtualServices, understood in the plan's terms."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.istio import subsets
from rolloutd.adapters.istio.fields import identity
from rolloutd.adapters.istio.hosts import Naming
from rolloutd.adapters.istio.routes import Routing, Unroutable, find
from rolloutd.adapters.istio.subsets import Subset
from rolloutd.adapters.istio.weights import share
from rolloutd.core.plan import Key, Plan, Routes
from rolloutd.core.units import Percent
from rolloutd.ports import Json, KubeCache

KIND = "VirtualService"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A VirtualService that a plan fits.

    Attributes:
        found: The object as read.
        order: The share last ordered, as far as this object says.
        canary: The share it holds; ``None`` where its routes do not agree.
    """

    found: Json
    routing: Routing
    order: Percent | None
    canary: Percent | None

    def holds(self, canary: Percent) -> bool:
        """Say whether all routes have the weights that this share asks for."""
        return all(route.holds(canary) for route in self.routing.routes)

    def gives_more(self, canary: Percent) -> bool:
        """Say whether this share is more than the canary has here, or might be."""
        return canary > 0 and (self.canary is None or canary > self.canary)


REMEMBERED = 4096
"""Sights kept at most; of more rollouts each is at least read only once a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What came of reading an object for a plan."""

    found: Json
    plan: Plan
    routes: Routes
    sight: Sight | Unroutable

    def is_of(self, found: Json, plan: Plan, routes: Routes) -> bool:
        """Say whether it is of these very objects: equal ones would have to be compared."""
        return self.found is found and self.plan is plan and self.routes is routes


class Viewpoint:
    """Whence VirtualServices and DestinationRules are seen.

    A rollout looks several times a turn at an object that hardly ever changes, and to find a
    plan's routes in it takes longer than all else that a turn does. So what was found is kept
    for as long as the cache holds the very same object and the plan is the very same: neither
    is ever changed in place, every new state of it is another object.

    Args:
        cache: Holds both of all namespaces in use.
        naming: How the cluster is laid out.
    """

    def __init__(self, *, cache: KubeCache, naming: Naming) -> None:
        self._cache = cache
        self._naming = naming
        self._readings: dict[tuple[Key, str], _Reading] = {}

    def present(self, plan: Plan, routes: Routes) -> Json | Unroutable:
        """Return a plan's VirtualService, whether the plan fits it or not."""
        namespace, name = plan.key.namespace, routes.virtual_service
        found = self._cache.get(KIND, namespace, name)
        if found is None:
            return Unroutable(
                reason=f"{KIND} {namespace}/{name} is not there: create it, or correct "
                "spec.virtualService."
            )
        return found

    def read(self, plan: Plan, routes: Routes) -> Sight | Unroutable:
        """Find a plan's routes and what they hold."""
        found = self.present(plan, routes)
        if isinstance(found, Unroutable):
            return found
        place = plan.key, routes.virtual_service
        last = self._readings.get(place)
        if last is not None and last.is_of(found, plan, routes):
            return last.sight
        sight = self._understand(found, plan, routes)
        self._remember(place, _Reading(found=found, plan=plan, routes=routes, sight=sight))
        return sight

    def _remember(self, place: tuple[Key, str], reading: _Reading) -> None:
        self._readings.pop(place, None)
        self._readings[place] = reading
        if len(self._readings) > REMEMBERED:
            del self._readings[next(iter(self._readings))]

    def _understand(self, found: Json, plan: Plan, routes: Routes) -> Sight | Unroutable:
        routing = find(found, plan, routes.routes, domain=self._naming.domain)
        if isinstance(routing, Unroutable):
            return routing
        order = ours.ordered_share(found, plan.key.name)
        held = share([route.split for route in routing.routes], order)
        return Sight(found=found, routing=routing, order=order, canary=held)

    def unready(self, plan: Plan, sight: Sight | Unroutable) -> str:
        """Say what keeps a run from starting; empty for nothing."""
        if isinstance(sight, Unroutable):
            return sight.reason
        return self._undefined_stable(plan, sight) or self._undefined_canary(plan, sight)

    def unfit(self, plan: Plan, sight: Sight, canary: Percent) -> str:
        """Say why a share cannot be given; empty when it can.

        An arm needs its subset if it is to get what it had not: the canary to get more,
        stable to come back from nothing. So a rollback asks for nothing while stable serves.
        """
        if sight.gives_more(canary):
            return self._undefined_canary(plan, sight)
        if sight.canary == 100 and canary < 100:
            return self._undefined_stable(plan, sight)
        return ""

    def _undefined_stable(self, plan: Plan, sight: Sight) -> str:
        return self._undefined(plan, sight, sight.routing.stable_host, plan.stable.subset)

    def _undefined_canary(self, plan: Plan, sight: Sight) -> str:
        return self._undefined(plan, sight, sight.routing.canary_host, plan.canary.subset)

    def _undefined(self, plan: Plan, sight: Sight, host: str, name: str | None) -> str:
        """Say why a subset cannot be sent to; a host-level split needs none."""
        if not name:
            return ""
        subset = Subset(host=host, name=name, namespace=plan.key.namespace)
        trouble = subsets.trouble(self._cache, subset, self._naming)
        return f"{KIND} {identity(sight.found)}: {trouble}" if trouble else ""
