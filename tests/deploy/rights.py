"""Judges requests by rendered roles, as an API server's authorizer does, and remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from rolloutd.adapters.kubernetes.fields import items, section, text
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.bodies import refusal
from rolloutd.sandbox.kubernetes.failures import ApiFailure, forbidden
from rolloutd.sandbox.kubernetes.locations import Location, locate
from rolloutd.sandbox.kubernetes.reviews import review_kind
from tests.deploy.manifests import of_kind, rules, words

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One verb on one resource.

    Attributes:
        namespace: Empty for the whole cluster.
        name: Empty for every object.
    """

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""

    def covers(self, asked: Right) -> bool:
        """Say whether it allows what is asked."""
        return (
            (self.group, self.resource, self.verb) == (asked.group, asked.resource, asked.verb)
            and self.namespace in {"", asked.namespace}
            and self.name in {"", asked.name}
        )


def granted(objects: Sequence[Json]) -> frozenset[Right]:
    """Return all rights that the roles give, one by one."""
    return frozenset(
        right for namespace, rule in rules(objects) for right in _expanded(namespace, rule)
    )


def _expanded(namespace: str, rule: Json) -> Iterator[Right]:
    for group in words(rule, "apiGroups"):
        for resource in words(rule, "resources"):
            for verb in words(rule, "verbs"):
                for name in words(rule, "resourceNames") or [""]:
                    yield Right(
                        namespace=namespace,
                        group=group,
                        resource=resource,
                        verb=verb,
                        name=name,
                    )


def unbound(objects: Sequence[Json]) -> list[str]:
    """Name the roles that no binding gives to the daemon's service account."""
    bound = {
        (text(each, "roleRef", "kind"), text(each, "roleRef", "name"), _namespace(each))
        for each in of_kind(objects, "RoleBinding", "ClusterRoleBinding")
        if {"kind": "ServiceAccount", "name": "rolloutd", "namespace": "rolloutd"}
        in items(each, "subjects")
    }
    roles = of_kind(objects, "Role", "ClusterRole")
    return [
        str(text(each, "metadata", "name"))
        for each in roles
        if (text(each, "kind"), text(each, "metadata", "name"), _namespace(each)) not in bound
    ]


def _namespace(obj: Json) -> str:
    return text(section(obj, "metadata"), "namespace") or ""


class Authorizer:
    """Stands before the sandbox's API; use it as the server's ``hook``.

    Attributes:
        used: The rights without which a request would have been refused.
        refused: What the daemon asked for in vain.
    """

    def __init__(self, rights: frozenset[Right]) -> None:
        self.rights = rights
        self.used: set[Right] = set()
        self.refused: list[Right] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        """Refuse what no right covers; discovery is open to all who are known."""
        try:
            asked = _asked(request)
        except ApiFailure:
            return None
        if not request.headers.get("User-Agent", "").startswith("rolloutd"):
            return None
        covering = {right for right in self.rights if right.covers(asked)}
        if not covering:
            self.refused.append(asked)
            return refusal(forbidden(str(asked)))
        self.used |= covering
        return None


def _asked(request: web.Request) -> Right:
    if review_kind(request.path) is not None:
        _, _, group, _, plural = request.path.split("/")
        return Right(namespace="", group=group, resource=plural, verb="create")
    at = locate(request.path)
    below = f"/{at.subresource}" if at.subresource else ""
    return Right(
        namespace=at.namespace or "",
        group=at.endpoint.served.group,
        resource=f"{at.resource.plural}{below}",
        verb=_verb(request, at),
        name=at.name or "",
    )


def _verb(request: web.Request, at: Location) -> str:
    if request.method != "GET":
        return _VERBS[request.method]
    if request.query.get("watch") == "true":
        return "watch"
    return "list" if at.name is None else "get"
