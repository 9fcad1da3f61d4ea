"""Callers whom Kubernetes knows, held to what its RBAC allows them."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Protocol

import orjson

from rolloutd.api.control.access import LONGEST_TOKEN, Caller, Deed, Knock
from rolloutd.api.control.limits import Limit
from rolloutd.api.control.recent import Recent
from rolloutd.core.units import Seconds
from rolloutd.ports import Clock, Json

TRUSTED = Seconds(10.0)
"""How long a review holds. So long, at most, a token that was revoked is still obeyed."""

KEPT = 1024
"""Reviews of a kind that are kept."""

AT_ONCE = 8
"""Reviews under way: a flood of callers must not become one of the API server."""


class Reviewer(Protocol):
    """Asks Kubernetes."""

    async def who(self, token: str) -> Json | None:
        """Return the ``UserInfo`` of a token's owner; ``None`` when it is nobody's.

        Raises:
            Unavailable: No answer.
            Refused: We may not ask.
        """
        ...

    async def may(self, user: Json, deed: Json) -> bool:
        """Say whether a ``UserInfo`` is allowed some ``ResourceAttributes``.

        Raises:
            Unavailable: No answer.
            Refused: We may not ask.
        """
        ...


class ReviewedAccess:
    """Implements ``Access`` by TokenReview and SubjectAccessReview.

    An order is an ``update`` of the subresource ``rolloutplans/<verb>`` of ``rolloutd.io``, a
    look a ``get`` of ``rolloutplans``: nothing need exist under these names, so that ordinary
    Roles can grant them.

    Args:
        failures: Failed logins by address: a token never seen is not asked about for an
            address that has used them up.
    """

    takes_tokens = True
    is_ambient = False

    def __init__(self, reviewer: Reviewer, clock: Clock, failures: Limit) -> None:
        self._reviewer = reviewer
        self._failures = failures
        self._callers: Recent[bytes, Caller] = Recent(clock, TRUSTED, KEPT)
        self._answers: Recent[tuple[bytes, Deed], bool] = Recent(clock, TRUSTED, KEPT)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def identify(self, knock: Knock) -> Caller | None:
        """Name the owner of a token, as Kubernetes does."""
        token = knock.token
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        digest = hashlib.sha256(token.encode()).digest()
        known = self._callers.get(digest)
        if known is not None:
            return known
        # Who was known a while ago is asked about again, whatever others at that address do.
        if not self._callers.has_had(digest) and self._failures.wait(knock.peer):
            return None
        async with self._slots:
            info = await self._reviewer.who(token)
        user = None if info is None else info.get("username")
        if info is None or not isinstance(user, str) or not user:
            self._callers.drop(digest)
            return None
        caller = Caller(user=user, role=None, info=info)
        self._callers.put(digest, caller)
        return caller

    async def allows(self, caller: Caller, deed: Deed) -> bool:
        """Say what RBAC allows."""
        key = (_digest(caller.info), deed)
        known = self._answers.get(key)
        if known is None:
            async with self._slots:
                known = await self._reviewer.may(caller.info, _attributes(deed))
            self._answers.put(key, known)
        return known


def _digest(info: Json) -> bytes:
    return hashlib.sha256(orjson.dumps(info, option=orjson.OPT_SORT_KEYS)).digest()


def _attributes(deed: Deed) -> Json:
    attributes: Json = {
        "group": "rolloutd.io",
        "resource": "rolloutplans",
        "verb": "get" if deed.want == "get" else "update",
        "namespace": deed.namespace,
        "name": deed.name,
    }
    return attributes if deed.want == "get" else attributes | {"subresource": deed.want}
