"""Runs Deployments, as the controllers and the kubelet of a cluster do together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from rolloutd.adapters.kubernetes.fields import dig, text
from rolloutd.core.units import Instant, Seconds, after
from rolloutd.ports import Clock, Json
from rolloutd.sandbox.kubernetes import replicas
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import DEPLOYMENT, POD, REPLICA_SET, Resource
from rolloutd.sandbox.kubernetes.store import Store, Write

OnPods: TypeAlias = Callable[[str, str, tuple[str, ...]], None]
"""Told of a Deployment's ready pods whenever they change: namespace, Deployment, names of pods.
For a Deployment that is gone there are none."""

_WRITE = Write(manager="deployment-controller")
_STATUS = Write(manager="deployment-controller", subresource="status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How fast the cluster works.

    Attributes:
        turn: Time between two looks.
        startup: From a pod's creation until it is ready.
    """

    turn: Seconds = Seconds(0.1)
    startup: Seconds = Seconds(0.5)


class Workloads:
    """Makes pods for Deployments and reports how they are.

    Pods run nothing: whoever plays their part listens to ``on_pods``.

    Args:
        store: Deployments come from it, pods go into it.
        clock: Waits, and says when pods are ready.
        on_pods: Told of every change; it must not raise.
        tempo: How fast.
    """

    def __init__(
        self, store: Store, clock: Clock, on_pods: OnPods, tempo: Tempo = Tempo()
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_pods = on_pods
        self._tempo = tempo
        self._starting: dict[Ref, Instant] = {}
        self._told: dict[tuple[str, str], tuple[str, ...]] = {}

    async def run(self) -> None:
        """Keep at it until cancelled."""
        while True:
            self.turn()
            await self._clock.sleep(self._tempo.turn)

    def turn(self) -> None:
        """Bring all Deployments a bit nearer to what they want."""
        self._start_pods()
        deployments = [
            each
            for each in self._store.list(DEPLOYMENT)
            if dig(each, "metadata", "deletionTimestamp") is None
        ]
        for deployment in deployments:
            self._reconcile(deployment)
        self._forget({_name(each) for each in deployments})

    def _reconcile(self, deployment: Json) -> None:
        wanted = self._present_set(deployment)
        current = self._store.get(wanted)
        ready = [pod for pod in self._owned(POD, current) if replicas.is_ready(pod)]
        # Old pods go once the new ones serve, so that no call finds nobody.
        if len(ready) >= replicas.replicas(deployment):
            for owned in self._owned(REPLICA_SET, deployment):
                if text(owned, "metadata", "name") != wanted.name:
                    self._resize(owned, 0)
                    self._fill(owned, 0)
        self._fill(current, replicas.replicas(deployment))
        self._report(deployment, current)

    def _present_set(self, deployment: Json) -> Ref:
        """Return the ReplicaSet of the present template, of the present size."""
        body = replicas.replica_set(deployment)
        namespace = text(deployment, "metadata", "namespace") or ""
        ref = Ref(REPLICA_SET, namespace, text(body, "metadata", "name") or "")
        if self._store.find(ref) is None:
            self._store.create(REPLICA_SET, namespace, body, _WRITE)
        else:
            self._resize(self._store.get(ref), replicas.replicas(deployment))
        return ref

    def _resize(self, owner: Json, size: int) -> None:
        spec = owner["spec"]
        if isinstance(spec, dict) and spec.get("replicas") != size:
            resized = {**owner, "spec": {**spec, "replicas": size}}
            self._store.commit(_ref(REPLICA_SET, owner), resized, _WRITE)

    def _fill(self, owner: Json, size: int) -> None:
        """Create or delete pods of a ReplicaSet; the youngest go first."""
        pods = self._owned(POD, owner)
        for surplus in sorted(pods, key=_seniority)[size:]:
            self._store.delete(_ref(POD, surplus))
        namespace = text(owner, "metadata", "namespace") or ""
        for _ in range(size - len(pods)):
            born = self._store.create(POD, namespace, replicas.pod(owner), _WRITE)
            due = after(self._clock.now(), self._tempo.startup)
            self._starting[_ref(POD, born)] = due
        status = replicas.replica_set_status(owner, self._owned(POD, owner))
        self._write_status(REPLICA_SET, owner, status)

    def _start_pods(self) -> None:
        now = self._clock.now()
        due = [ref for ref, at in self._starting.items() if at <= now]
        for ref in due:
            del self._starting[ref]
            born = self._store.find(ref)
            if born is not None:
                status = replicas.running(born, self._since(), "127.0.0.1")
                self._write_status(POD, born, status)

    def _report(self, deployment: Json, current: Json) -> None:
        updated = self._owned(POD, current)
        pods = [
            pod
            for owner in self._owned(REPLICA_SET, deployment)
            for pod in self._owned(POD, owner)
        ]
        status = replicas.deployment_status(deployment, updated, len(pods), self._since())
        self._write_status(DEPLOYMENT, deployment, status)
        ready = sorted(
            text(pod, "metadata", "name") or "" for pod in pods if replicas.is_ready(pod)
        )
        self._tell(_name(deployment), tuple(ready))

    def _tell(self, deployment: tuple[str, str], pods: tuple[str, ...]) -> None:
        if self._told.get(deployment, ()) != pods:
            self._told[deployment] = pods
            self._on_pods(*deployment, pods)

    def _forget(self, living: set[tuple[str, str]]) -> None:
        for gone in sorted(self._told.keys() - living):
            self._tell(gone, ())
            del self._told[gone]

    def _write_status(self, resource: Resource, obj: Json, status: Json) -> None:
        ref = _ref(resource, obj)
        present = self._store.find(ref)
        if present is not None:
            self._store.commit(ref, {**present, "status": status}, _STATUS)

    def _owned(self, resource: Resource, owner: Json) -> Sequence[Json]:
        return self._store.owned(resource, text(owner, "metadata", "uid") or "")

    def _since(self) -> datetime:
        return self._store.now()


def _name(obj: Json) -> tuple[str, str]:
    return text(obj, "metadata", "namespace") or "", text(obj, "metadata", "name") or ""


def _ref(resource: Resource, obj: Json) -> Ref:
    return Ref(resource, *_name(obj))


def _seniority(pod: Json) -> tuple[bool, str]:
    """Order the ready before those that are not, then the old before the young."""
    return not replicas.is_ready(pod), text(pod, "metadata", "creationTimestamp") or ""
