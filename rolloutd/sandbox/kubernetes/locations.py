"""Reads the paths of an API server."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import not_served
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import ENDPOINTS, Endpoint, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a request goes.

    Attributes:
        endpoint: The resource, and the group and version in which it is asked for.
        namespace: ``None`` for all of the cluster.
        name: ``None`` for a collection.
        subresource: Empty for the object itself.
    """

    endpoint: Endpoint
    namespace: str | None = None
    name: str | None = None
    subresource: str = ""

    @property
    def resource(self) -> Resource:
        """Return the kind of objects."""
        return self.endpoint.resource

    @property
    def ref(self) -> Ref:
        """Return the object meant.

        Raises:
            ApiFailure: 404: it is a collection.
        """
        if self.name is None or (self.namespace is None) == self.resource.is_namespaced:
            raise not_served()
        return Ref(self.resource, self.namespace or "", self.name)

    def served(self, obj: Json) -> Json:
        """Return a stored object in the version asked for: one storage, several forms."""
        served = self.endpoint.served
        if obj.get("apiVersion") == served.api_version:
            return obj
        renamed = {served.renames.get(key, key): value for key, value in obj.items()}
        return {**renamed, "apiVersion": served.api_version}

    def stored(self, obj: Json) -> Json:
        """Return an object of the version asked for in the form in which it is stored."""
        names = {theirs: ours for ours, theirs in self.endpoint.served.renames.items()}
        renamed = {names.get(key, key): value for key, value in obj.items()}
        return {**renamed, "apiVersion": self.resource.api_version}


def locate(path: str) -> Location:
    """Read e.g. ``/apis/apps/v1/namespaces/shop/deployments/web/scale``.

    Raises:
        ApiFailure: 404: nothing is served there.
    """
    match path.strip("/").split("/"):
        case ["api", version, *rest] if rest:
            return _within("", version, rest)
        case ["apis", group, version, *rest] if rest:
            return _within(group, version, rest)
        case _:
            raise not_served()


def _within(group: str, version: str, rest: list[str]) -> Location:
    namespace: str | None = None
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] != "status":
        _, namespace, *rest = rest
    plural, name, subresource, *surplus = [*rest, "", ""]
    endpoint = ENDPOINTS.get((group, version, plural))
    if endpoint is None or any(surplus):
        raise not_served()
    if subresource and subresource not in endpoint.resource.subresources:
        raise not_served()
    return Location(
        endpoint=endpoint, namespace=namespace, name=name or None, subresource=subresource
    )
