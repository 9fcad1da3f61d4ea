"""Who may look and who may order. Closed unless something says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from rolloutd.api.control.models import Role, Verb
from rolloutd.ports import Json

LONGEST_TOKEN = 4096
"""Characters. A service account's token has about a thousand."""

Want: TypeAlias = Verb | Literal["get"]
"""What a caller wants: an order's verb, or to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """What a request shows of who sent it.

    Attributes:
        token: A bearer token, or the one that a session's cookie carries.
        host: The ``Host`` header: what the caller thinks it talks to.
        peer: Address at the other end of the connection.
        headers: All values of every header, by its name in lower case.
    """

    token: str | None = field(default=None, repr=False)
    host: str = ""
    peer: str = ""
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Someone whom we know.

    Attributes:
        role: ``None`` where each deed is asked of somebody else.
        info: How Kubernetes knows the caller: a ``UserInfo``.
    """

    user: str
    role: Role | None
    info: Json = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a caller is about to do.

    Attributes:
        namespace: Empty for all of them.
        name: Of the rollout; empty for all of the namespace.
    """

    want: Want
    namespace: str = ""
    name: str = ""


class Access(Protocol):
    """Decides who is asking, and what for."""

    @property
    def takes_tokens(self) -> bool:
        """Whether a token is what callers prove themselves by, so that a page can log in."""
        ...

    @property
    def is_ambient(self) -> bool:
        """Whether a browser proves its user unasked, so that any page could give orders."""
        ...

    async def identify(self, knock: Knock) -> Caller | None:
        """Name the caller, or ``None`` when there is no telling.

        Raises:
            Unavailable: Who would know can't be asked.
            Refused: Who would know does not talk to us.
        """
        ...

    async def allows(self, caller: Caller, deed: Deed) -> bool:
        """Say whether the caller may do that.

        Raises:
            Unavailable: Who would know can't be asked.
            Refused: Who would know does not talk to us.
        """
        ...


def by_role(caller: Caller, deed: Deed) -> bool:
    """Say what a role allows: operators everything, everybody else to look."""
    return caller.role is Role.OPERATOR or (caller.role is Role.VIEWER and deed.want == "get")


async def visible(
    access: Access, caller: Caller, namespaces: Collection[str]
) -> frozenset[str]:
    """Return those of some namespaces whose rollouts a caller may look at.

    Raises:
        Unavailable: Who would know can't be asked.
        Refused: Who would know does not talk to us.
    """
    if await access.allows(caller, Deed(want="get")):
        return frozenset(namespaces)
    return frozenset(
        [
            namespace
            for namespace in namespaces
            if await access.allows(caller, Deed(want="get", namespace=namespace))
        ]
    )


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine that no name server has a say in."""


class Local:
    """Implements ``Access`` on loopback, where whoever can connect is let in as operator.

    The ``Host`` header must name loopback: a web page elsewhere whose name is made to resolve
    to 127.0.0.1 (DNS rebinding) sends its own.
    """

    takes_tokens = False
    is_ambient = False
    """Pages of other sites are known by their ``Origin``; a curl on the spot has none."""

    async def identify(self, knock: Knock) -> Caller | None:
        """Name the caller ``local``: there is nothing to tell people apart by."""
        host = knock.host
        name = host.rpartition("]")[0].lstrip("[") or host.partition(":")[0]
        return Caller(user="local", role=Role.OPERATOR) if name in LOOPBACK else None

    async def allows(self, caller: Caller, deed: Deed) -> bool:
        """Say what the role allows."""
        return by_role(caller, deed)
