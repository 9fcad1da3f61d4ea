"""Callers whom an authenticating proxy in front of us knows."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.api.control.access import Caller, Deed, Knock, by_role
from rolloutd.api.control.models import Role

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

EVERYBODY = "*"
"""Instead of a group: whomever the proxy lets in."""

LONGEST_USER = 256
"""Characters of a name: it goes into the record of whatever its owner orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which proxy is believed, and what its groups may do.

    Attributes:
        peers: Where its connections come from. From anywhere else its headers mean nothing.
        user_header: Header with the user's name.
        groups_header: Header with the user's groups, separated by commas.
        operators: Groups that may order; ``*`` for everybody.
        viewers: Groups that may look; ``*`` for everybody.
    """

    peers: Sequence[Network]
    user_header: str = "X-Forwarded-User"
    groups_header: str = "X-Forwarded-Groups"
    operators: Collection[str] = ()
    viewers: Collection[str] = ()


class ProxyAccess:
    """Implements ``Access`` by headers that only a trusted proxy can send."""

    takes_tokens = False
    is_ambient = True
    """The proxy's own cookie goes with every request that a browser is made to send."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    async def identify(self, knock: Knock) -> Caller | None:
        """Name whom the proxy names, if one of the groups has a role here."""
        user = _single(knock, self._trust.user_header)
        if user is None or not self._is_trusted(knock.peer):
            return None
        if not user.isprintable() or len(user) > LONGEST_USER:
            return None
        groups = (_single(knock, self._trust.groups_header) or "").split(",")
        role = self._role({group.strip() for group in groups} | {EVERYBODY})
        return None if role is None else Caller(user=user, role=role)

    async def allows(self, caller: Caller, deed: Deed) -> bool:
        """Say what the role allows."""
        return by_role(caller, deed)

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._trust.peers)

    def _role(self, groups: set[str]) -> Role | None:
        if not groups.isdisjoint(self._trust.operators):
            return Role.OPERATOR
        return None if groups.isdisjoint(self._trust.viewers) else Role.VIEWER


def _single(knock: Knock, header: str) -> str | None:
    """Return a header that was sent once; twice would mean that one of them is forged."""
    values = knock.headers.get(header.lower(), ())
    value = values[0].strip() if len(values) == 1 else ""
    return value or None
