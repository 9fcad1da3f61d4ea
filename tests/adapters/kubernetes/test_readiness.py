"""Readiness is what ``kubectl rollout status`` calls it."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.readiness import revision, seen
from rolloutd.ports import Json
from tests.adapters.kubernetes.objects import deployment


def test_a_deployment_with_all_replicas_available_is_ready() -> None:
    """Traffic may go to it."""
    found = seen(deployment())

    assert (found.ready, found.why, found.replicas) == (True, "", 2)


@pytest.mark.parametrize(
    ("spec", "status", "why"),
    [
        pytest.param({}, {"observedGeneration": 2}, "not been observed", id="unobserved"),
        pytest.param({"replicas": 0}, {}, "scaled to 0", id="scaled to zero"),
        pytest.param({}, {"updatedReplicas": 1}, "1 of 2 replicas are updated", id="updating"),
        pytest.param({}, {"replicas": 3}, "1 old replicas", id="old ones left"),
        pytest.param(
            {}, {"availableReplicas": 1}, "1 of 2 replicas are available", id="starting"
        ),
        pytest.param({}, {"unavailableReplicas": 1}, "are available", id="one unavailable"),
        pytest.param(
            {"paused": True}, {"updatedReplicas": 0}, "its rollout is paused", id="paused"
        ),
        pytest.param(
            {},
            {
                "updatedReplicas": 1,
                "conditions": [
                    {"type": "Available", "status": "True"},
                    {"reason": "ProgressDeadlineExceeded", "message": "image pull failed"},
                ],
            },
            "exceeded its progress deadline: image pull failed",
            id="deadline exceeded",
        ),
        pytest.param({}, {"conditions": "?", "updatedReplicas": None}, "0 of 2", id="nonsense"),
    ],
)
def test_what_is_missing_is_said_in_words(spec: Json, status: Json, why: str) -> None:
    """A rollout that waits must say for what."""
    found = seen(deployment(spec=spec, status=status))

    assert not found.ready
    assert why in found.why


def test_replicas_default_to_one() -> None:
    """The field may be left out."""
    bare = deployment(spec={"replicas": None}, status={"updatedReplicas": 1, "replicas": 1})

    assert (seen(bare).replicas, seen(bare).ready) == (1, True)


def test_a_new_image_is_another_revision() -> None:
    """Another revision is another canary: evidence about the old one is void."""
    old: Json = {"spec": {"containers": [{"image": "checkout:4"}]}}
    new: Json = {"spec": {"containers": [{"image": "checkout:5"}]}}

    assert revision(old) != revision(new)


def test_a_restart_is_the_same_revision() -> None:
    """``kubectl rollout restart`` must not begin the rollout again."""
    bare: Json = {"metadata": {"labels": {"app": "a"}}, "spec": {}}
    stamp = {"kubectl.kubernetes.io/restartedAt": "2024-01-01T00:00:00Z"}
    restarted: Json = {"metadata": {"annotations": stamp, "labels": {"app": "a"}}, "spec": {}}

    assert revision(bare) == revision(restarted)


def test_the_order_of_fields_does_not_matter() -> None:
    """JSON objects have none."""
    assert revision({"a": 1, "b": 2}) == revision({"b": 2, "a": 1})
