"""Routes as their author wrote them, and the two arms recognised among their destinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rolloutd.adapters.istio.fields import items, mapping, spec, text
from rolloutd.adapters.istio.hosts import Scope
from rolloutd.core.plan import Arm

Kind: TypeAlias = Literal["http", "tls", "tcp"]
KINDS: tuple[Kind, ...] = ("http", "tls", "tcp")

Listed: TypeAlias = Mapping[str, object]
"""One member of a route's ``route``: a destination with its weight and headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member of ``spec.http``, ``spec.tls`` or ``spec.tcp``.

    Attributes:
        index: Position among the routes of its kind.
    """

    kind: Kind
    index: int
    body: Mapping[str, object]

    @property
    def name(self) -> str:
        """Its name; empty when it has none, as all but HTTP routes."""
        return text(self.body.get("name"))

    @property
    def destinations(self) -> tuple[Listed, ...]:
        """Where it sends; empty for a redirect, a direct response or a delegate."""
        return tuple(mapping(listed) for listed in items(self.body.get("route")))

    @property
    def delegate(self) -> str:
        """The VirtualService that it hands over to, for people; empty for none."""
        delegate = mapping(self.body.get("delegate"))
        named = (text(delegate.get("namespace")), text(delegate.get("name")))
        return "/".join(part for part in named if part)

    def __str__(self) -> str:
        place = f"{self.kind}[{self.index}]"
        return f'{place} "{self.name}"' if self.name else place


def entries(virtual_service: Mapping[str, object]) -> tuple[Entry, ...]:
    """Return all routes, in the order of ``KINDS``."""
    return tuple(
        Entry(kind=kind, index=index, body=mapping(body))
        for kind in KINDS
        for index, body in enumerate(items(spec(virtual_service).get(kind)))
    )


def target(listed: Listed) -> Mapping[str, object]:
    """Return where a destination leads: host, subset, port."""
    return mapping(listed.get("destination"))


def host(listed: Listed) -> str:
    """Return a destination's host as written."""
    return text(target(listed).get("host"))


def spoken(listed: Listed) -> str:
    """Return a destination as people say it: ``host`` or ``host/subset``."""
    subset = text(target(listed).get("subset"))
    return "/".join(part for part in (host(listed) or "no host", subset) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Tells a plan's arms among destinations.

    An arm without a host is told by its subset; a canary without one has stable's host.
    """

    stable: Arm
    canary: Arm
    scope: Scope

    @property
    def are_one(self) -> bool:
        """Whether no destination could be told to be one arm and not the other."""
        hosts = {self.scope.full(arm.host) for arm in (self.stable, self.canary) if arm.host}
        return len(hosts) < 2 and (self.stable.subset or "") == (self.canary.subset or "")

    def is_stable(self, listed: Listed) -> bool:
        """Say whether this is the stable arm."""
        return self._is(listed, self.stable.subset, self.stable.host)

    def is_canary(self, listed: Listed, *, stable_host: str | None = None) -> bool:
        """Say whether this is the canary.

        Args:
            listed: A destination.
            stable_host: What stable is called in the routes in question; ``None`` takes a
                canary of any host where the plan names no host.
        """
        its_host = self.canary.host or self.stable.host or stable_host
        return self._is(listed, self.canary.subset, its_host)

    def _is(self, listed: Listed, subset: str | None, its_host: str | None) -> bool:
        if text(target(listed).get("subset")) != (subset or ""):
            return False
        return its_host is None or self.scope.full(host(listed)) == self.scope.full(its_host)
