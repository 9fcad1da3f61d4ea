"""A VirtualService as Envoy's routes: what istiod does, for the part that moves traffic.

Carried over are HTTP routes in their order, with name, match, destinations, weights and
timeout. Other members of a route (mirrors, header changes, CORS) change what a call looks like
and not where it goes, and are left out. Retries are left out on purpose: a retried failure is
one that nobody sees, and this mesh is for looking at failures. What would send calls elsewhere
and is not understood is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rolloutd.errors import Refused
from rolloutd.ports import Json
from rolloutd.sandbox.envoy.bootstrap import ROUTES
from rolloutd.sandbox.envoy.matches import matches
from rolloutd.sandbox.envoy.reading import items, section, text, whole

CLUSTER_HEADER = "x-upstream-cluster"
"""On every response, Envoy's own included: which cluster the call was routed to. A call that
reached no pod would otherwise not say which arm it was meant for."""

_ELSEWHERE = ("delegate", "redirect", "directResponse", "fault", "rewrite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a destination leaves out.

    Attributes:
        namespace: The VirtualService's own.
        port: Service port.
    """

    namespace: str
    port: int


def route_configuration(virtual_service: Mapping[str, object], *, port: int) -> Json:
    """Return the route configuration that a VirtualService asks for.

    Args:
        virtual_service: The object as the API serves it.
        port: Service port for destinations that name none.

    Raises:
        Refused: It asks for something that is not understood here, or for nothing at all.
    """
    home = Home(namespace=_namespace(virtual_service), port=port)
    routes = [
        route
        for entry in items(section(virtual_service, "spec").get("http"))
        for route in _routes(section(entry), home)
    ]
    if not routes:
        raise Refused("The VirtualService has no HTTP route, so no call can go anywhere.")
    return _configuration(routes)


def nowhere() -> Json:
    """Return a route configuration by which Envoy answers every call with 404 itself."""
    return _configuration([])


def _configuration(routes: Sequence[Json]) -> Json:
    return {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": ROUTES,
        "response_headers_to_add": [
            {
                "header": {"key": CLUSTER_HEADER, "value": "%UPSTREAM_CLUSTER_RAW%"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": list(routes)}],
    }


def _routes(entry: Mapping[str, object], home: Home) -> Iterable[Json]:
    """Return one route for each alternative of the match, as Envoy knows no alternatives."""
    for member in _ELSEWHERE:
        if member in entry:
            raise Refused(f"spec.http[].{member} is not supported in the sandbox: remove it.")
    name = text(entry.get("name"))
    action = {
        **_destinations(items(entry.get("route")), home),
        "timeout": text(entry.get("timeout")) or "0s",  # Istio's default: none
    }
    for match in matches(items(entry.get("match"))):
        yield {"match": match, "route": action, **({"name": name} if name else {})}


def _destinations(listed: Iterable[object], home: Home) -> Json:
    """Return where a route leads: one cluster, or several by weight."""
    written = [section(each) for each in listed]
    clusters = [
        {"name": _cluster(section(each.get("destination")), home), "weight": weight}
        for each in written
        if (weight := _weight(each, alone=len(written) == 1))
    ]
    if not clusters:
        raise Refused("A route has no destination with any weight: give one of them some.")
    if len(clusters) == 1:
        return {"cluster": clusters[0]["name"]}
    return {"weighted_clusters": {"clusters": clusters}}


def _weight(destination: Mapping[str, object], *, alone: bool) -> int:
    """Return a destination's weight; the only one of a route gets all, whatever it says."""
    return 1 if alone else whole(destination.get("weight")) or 0


def _cluster(destination: Mapping[str, object], home: Home) -> str:
    host = text(destination.get("host"))
    if not host:
        raise Refused("A destination names no host.")
    if "." not in host:
        host = f"{host}.{home.namespace}.svc.cluster.local"
    port = whole(section(destination, "port").get("number")) or home.port
    return f"outbound|{port}|{text(destination.get('subset'))}|{host}"


def _namespace(virtual_service: Mapping[str, object]) -> str:
    return text(section(virtual_service, "metadata").get("namespace")) or "default"
