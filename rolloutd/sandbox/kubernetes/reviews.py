"""Answers who may do what: everybody everything, unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rolloutd.adapters.kubernetes.fields import section
from rolloutd.ports import Json

ReviewStatus: TypeAlias = Callable[[str, Json], Json]
"""Judges a review: its kind and its spec in, its status out."""

_AUTHORIZATION = "/apis/authorization.k8s.io/v1"
_KINDS = {
    "/apis/authentication.k8s.io/v1/tokenreviews": "TokenReview",
    f"{_AUTHORIZATION}/selfsubjectaccessreviews": "SelfSubjectAccessReview",
    f"{_AUTHORIZATION}/subjectaccessreviews": "SubjectAccessReview",
}


def everybody(kind: str, spec: Json) -> Json:
    """Know every token as the same user, and allow everything."""
    del spec
    if kind == "TokenReview":
        user = {"username": "sandbox", "groups": ["system:authenticated"]}
        return {"authenticated": True, "user": user}
    return {"allowed": True}


def review_kind(path: str) -> str | None:
    """Return which review is posted to a path; ``None`` where it is no such path."""
    return _KINDS.get(path)


def reviewed(kind: str, review: Json, judge: ReviewStatus) -> Json:
    """Return a review with its answer."""
    return {**review, "kind": kind, "status": judge(kind, section(review, "spec"))}
