"""Deployments and pods, read from the cache."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rolloutd.adapters.kubernetes.fields import section, text
from rolloutd.adapters.kubernetes.paths import DEPLOYMENT, POD
from rolloutd.adapters.kubernetes.pods import PodIndex
from rolloutd.adapters.kubernetes.readiness import counted, desired, seen
from rolloutd.adapters.kubernetes.selector import matches
from rolloutd.adapters.kubernetes.trim import STATS_PORT
from rolloutd.core.observation import WorkloadSeen
from rolloutd.core.target import Pod
from rolloutd.core.units import Instant
from rolloutd.errors import Conflict, Refused, Unavailable
from rolloutd.ports import Json, KubeApi, KubeCache, OnChange


class TellingCache(KubeCache, Protocol):
    """A cache that also tells of changes."""

    def subscribe(self, kind: str, listener: OnChange) -> None:
        """Tell of all objects held, as ``ADDED``, and then of every change."""
        ...


class CachedWorkloads:
    """Implements ``ports.Workloads``; only scaling asks the API server."""

    def __init__(self, cache: TellingCache, api: KubeApi) -> None:
        self._cache = cache
        self._api = api
        self._pods = PodIndex()
        cache.subscribe(POD.kind, self._pods.note)

    def deployment(self, namespace: str, name: str) -> WorkloadSeen | None:
        """Say how a Deployment is; ``None`` when it is not there."""
        found = self._cache.get(DEPLOYMENT.kind, namespace, name)
        return None if found is None else seen(found)

    def pods(self, namespace: str, deployment: str) -> tuple[Pod, ...]:
        """List its running pods that have an address, by name."""
        found = self._cache.get(DEPLOYMENT.kind, namespace, deployment)
        if found is None:
            return ()
        selector = section(found, "spec", "selector")
        pods = [
            pod
            for candidate in self._pods.candidates(namespace, deployment)
            if matches(selector, section(candidate, "metadata", "labels"))
            and (pod := running(candidate)) is not None
        ]
        return tuple(sorted(pods, key=lambda pod: pod.name))

    async def scale_to_zero(self, namespace: str, deployment: str, version: int) -> None:
        """Take a Deployment's replicas to 0; no request where the cache shows 0 already.

        The request names the version that it is for, and the server carries it out on no
        other: however late it arrives, it undoes nothing that was done to the Deployment since.

        Raises:
            Unavailable: No answer, it may or may not have happened; or it has changed since.
            Refused: The change was rejected, or there is no such Deployment.
        """
        found = self._cache.get(DEPLOYMENT.kind, namespace, deployment)
        if found is None:
            raise Refused(f"Deployment {namespace}/{deployment} is not there.")
        if desired(found) == 0:
            return
        if counted(found) != version:
            raise Unavailable(f"Deployment {namespace}/{deployment} has changed meanwhile.")
        path = f"{DEPLOYMENT.item(namespace, deployment)}/scale"
        lock = {"resourceVersion": str(version)}
        try:
            await self._api.merge(path, {"metadata": lock, "spec": {"replicas": 0}})
        except Conflict as exc:
            # It has changed: the next turn looks at what it is by then.
            raise Unavailable(str(exc)) from exc


def running(pod: Json) -> Pod | None:
    """Return a pod that serves: running, not terminating, with an address; or ``None``."""
    name, ip = text(pod, "metadata", "name"), text(pod, "status", "podIP")
    is_going = text(pod, "metadata", "deletionTimestamp") is not None
    if name is None or ip is None or is_going or text(pod, "status", "phase") != "Running":
        return None
    return Pod(name=name, address=_address(pod, ip), started=_started(pod))


def _address(pod: Json, ip: str) -> str:
    host = f"[{ip}]" if ":" in ip else ip
    port = text(pod, "metadata", "annotations", STATS_PORT) or ""
    is_port = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    return f"{host}:{port}" if is_port else host


def _started(pod: Json) -> Instant:
    """Return when the kubelet took the pod; the epoch, "long ago", when it does not say."""
    for stamp in (text(pod, "status", "startTime"), text(pod, "metadata", "creationTimestamp")):
        if stamp is not None:
            try:
                return Instant(datetime.fromisoformat(stamp).timestamp())
            except ValueError:
                continue
    return Instant(0.0)
