"""Says whether a DestinationRule defines the subset that a route would name.

A route to a subset that no rule defines answers 503. Istio looks for the rules of a host in
the client's namespace, the service's, then its root namespace, and takes the first of these
that has any. Whose clients will call is not known here: the VirtualService's own namespace
stands for theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rolloutd.adapters.istio.fields import identity, items, mapping, metadata, spec, text
from rolloutd.adapters.istio.hosts import Naming, Scope, namespace_of
from rolloutd.ports import KubeCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """A subset as a route names it.

    Attributes:
        host: Full host name.
        namespace: Of the VirtualService.
    """

    host: str
    name: str
    namespace: str


def trouble(cache: KubeCache, subset: Subset, naming: Naming) -> str:
    """Say why a subset cannot be sent to and what would mend it; empty when it can."""
    places = _lookup_path(subset, naming)
    rules = next(
        (found for place in places if (found := _rules(cache, place, subset, naming))), ()
    )
    if not rules:
        return (
            f"no DestinationRule for host {subset.host} in {', '.join(places)}: create one "
            f"that defines subset {subset.name}."
        )
    defining = [rule for rule in rules if subset.name in _subsets(rule)]
    match defining:
        case [_]:
            return ""
        case []:
            present = ", ".join(name for rule in rules for name in _subsets(rule)) or "none"
            return (
                f"DestinationRule {identity(rules[0])} has no subset {subset.name} (it has "
                f"{present}): add it, or correct the plan."
            )
        case _:
            names = " and ".join(identity(rule) for rule in defining)
            return (
                f"subset {subset.name} of host {subset.host} is ambiguous: DestinationRules "
                f"{names} define it, and Istio keeps one of them. Remove the others."
            )


def _lookup_path(subset: Subset, naming: Naming) -> tuple[str, ...]:
    service = namespace_of(subset.host, naming.domain)
    places = (subset.namespace, service or subset.namespace, naming.root_namespace)
    return tuple(dict.fromkeys(places))


def _rules(
    cache: KubeCache, place: str, subset: Subset, naming: Naming
) -> Sequence[Mapping[str, object]]:
    """Return the rules in one namespace that hold for the host: those that match it closest."""
    service = namespace_of(subset.host, naming.domain) or subset.namespace
    scope = Scope(home=place, services=service, domain=naming.domain)
    hosts: dict[str, list[Mapping[str, object]]] = {}
    for rule in cache.list("DestinationRule", place):
        host = scope.full(text(spec(rule).get("host")))
        if _covers(host, subset.host) and _is_exported(rule, place, subset.namespace):
            hosts.setdefault(host, []).append(rule)
    closest = max(hosts, key=lambda host: (host == subset.host, len(host)), default="")
    return sorted(hosts.get(closest, ()), key=lambda rule: text(metadata(rule).get("name")))


def _covers(pattern: str, host: str) -> bool:
    """Say whether a rule's host, which may begin with ``*``, covers a full host name."""
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return pattern == host


def _is_exported(rule: Mapping[str, object], home: str, client: str) -> bool:
    to = items(spec(rule).get("exportTo")) or ("*",)
    return "*" in to or client in to or (home == client and "." in to)


def _subsets(rule: Mapping[str, object]) -> tuple[str, ...]:
    listed = items(spec(rule).get("subsets"))
    return tuple(text(mapping(subset).get("name")) for subset in listed)
