"""Deployments that are as a test says."""

from __future__ import annotations

from rolloutd.core.observation import WorkloadSeen
from rolloutd.core.target import Pod
from tests.builders import a_workload


class FakeWorkloads:
    """Implements ``ports.Workloads``; every Deployment is ready unless told otherwise."""

    def __init__(self) -> None:
        self.seen: dict[str, WorkloadSeen | None] = {}
        self.scaled: list[str] = []

    def deployment(self, namespace: str, name: str) -> WorkloadSeen | None:
        """Say how it is."""
        del namespace
        return self.seen.get(name, a_workload())

    def pods(self, namespace: str, deployment: str) -> tuple[Pod, ...]:
        """There are none."""
        del namespace, deployment
        return ()

    async def scale_to_zero(self, namespace: str, deployment: str, version: int) -> None:
        """Remember it."""
        del namespace, version
        self.scaled.append(deployment)
