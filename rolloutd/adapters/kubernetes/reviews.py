"""Asks the API server whose a token is, and what its owner may do."""

from __future__ import annotations

from rolloutd.adapters.kubernetes.fields import dig, items, section, text
from rolloutd.ports import Json, KubeApi

TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 - a path
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

_COPIED = ("uid", "groups", "extra")
"""What a UserInfo has besides ``username``, and a SubjectAccessReview wants, too."""


class KubernetesReviews:
    """Asks by TokenReview and SubjectAccessReview: ``system:auth-delegator`` allows both.

    Args:
        audience: Whom a token must be meant for; ``None`` for the API server itself.
    """

    def __init__(self, api: KubeApi, audience: str | None = None) -> None:
        self._api = api
        self._audience = audience

    async def who(self, token: str) -> Json | None:
        """Return the ``UserInfo`` of a token's owner; ``None`` when it is nobody's.

        Raises:
            Unavailable: No answer.
            Refused: We may not ask.
        """
        spec: Json = {"token": token}
        if self._audience is not None:
            spec["audiences"] = [self._audience]
        status = section(await self._ask(TOKEN_REVIEWS, "TokenReview", spec), "status")
        if status.get("authenticated") is not True:
            return None
        # An authenticator that knows no audiences ignores them, and says none.
        meant = self._audience is None or self._audience in items(status, "audiences")
        user = section(status, "user")
        return user if meant and text(user, "username") else None

    async def may(self, user: Json, deed: Json) -> bool:
        """Say whether a ``UserInfo`` is allowed some ``ResourceAttributes``.

        Raises:
            Unavailable: No answer.
            Refused: We may not ask.
        """
        spec: Json = {
            "user": user.get("username"),
            "resourceAttributes": deed,
            **{part: user[part] for part in _COPIED if user.get(part)},
        }
        review = await self._ask(ACCESS_REVIEWS, "SubjectAccessReview", spec)
        return dig(review, "status", "allowed") is True

    async def _ask(self, path: str, kind: str, spec: Json) -> Json:
        version = path.removeprefix("/apis/").rpartition("/")[0]
        review: Json = {"apiVersion": version, "kind": kind, "spec": spec}
        return await self._api.create(path, review)
