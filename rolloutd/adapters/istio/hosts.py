"""Host names as Istio resolves them.

A name without a dot is a service in the namespace of the object that mentions it. The forms
``host.namespace`` and ``host.namespace.svc`` are not resolved by Istio itself, but people write
them, and they mean one thing only as long as the namespace is known to be one: ``shop.prod``
is expanded where ``prod`` is the plan's namespace and is an outside host otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How this cluster's mesh is laid out, and what we are called in it.

    Attributes:
        domain: DNS domain of the cluster.
        root_namespace: Istio's configuration root: DestinationRules there hold for everyone.
        installation: Left beside each record, to tell our runs from those of other
            installations; empty leaves nothing.
    """

    domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    installation: str = ""


USUAL = Naming()
"""How Kubernetes and Istio are laid out when nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a host name is read.

    Attributes:
        home: Namespace of the object that mentions the name.
        services: Namespace in which the plan's services live.
    """

    home: str
    services: str
    domain: str

    def full(self, host: str) -> str:
        """Return the full name; hosts outside the cluster come back as they are."""
        labels = host.split(".")
        match labels:
            case ["*"]:
                return host
            case [_]:
                return f"{host}.{self.home}.svc.{self.domain}"
            case [_, namespace] if namespace in {self.home, self.services}:
                return f"{host}.svc.{self.domain}"
            case [_, _, "svc"]:
                return f"{host}.{self.domain}"
            case _:
                return host


def namespace_of(host: str, domain: str) -> str | None:
    """Return the namespace of a service by its full name; ``None`` for an outside host."""
    match host.removesuffix(f".svc.{domain}").split("."):
        case [_, namespace] if host.endswith(f".svc.{domain}"):
            return namespace
        case _:
            return None
