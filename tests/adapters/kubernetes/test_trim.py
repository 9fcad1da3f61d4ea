"""What is kept is small and enough."""

from __future__ import annotations

from rolloutd.adapters.kubernetes.readiness import seen
from rolloutd.adapters.kubernetes.trim import STATS_PORT, trimmed_deployment, trimmed_pod
from rolloutd.adapters.kubernetes.workloads import running
from tests.adapters.kubernetes.objects import deployment, pod


def test_a_trimmed_pod_says_the_same_about_where_it_runs() -> None:
    """Trimming must not change an answer."""
    whole = pod("a", metadata={"annotations": {STATS_PORT: "9901", "noise": "x"}})

    trimmed = trimmed_pod(whole)

    assert running(trimmed) == running(whole) is not None
    assert "spec" not in trimmed
    assert "noise" not in str(trimmed)


def test_a_trimmed_deployment_says_the_same_about_readiness() -> None:
    """Trimming must not change an answer."""
    whole = deployment()
    whole["metadata"] = {"generation": 3, "name": "a", "managedFields": ["much"]}

    trimmed = trimmed_deployment(whole)

    assert seen(trimmed) == seen(whole)
    assert "managedFields" not in str(trimmed)
    assert "managedFields" in str(whole)
