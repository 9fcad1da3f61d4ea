"""What a Deployment wants: its ReplicaSets and pods, written down."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import orjson

from rolloutd.adapters.kubernetes.fields import dig, items, section, text, whole
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.store import stamp

HASH_LABEL = "pod-template-hash"


def template_hash(deployment: Json) -> str:
    """Return what tells the ReplicaSets of a Deployment apart."""
    template = section(deployment, "spec", "template")
    canonical = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:10]


def replica_set(deployment: Json) -> Json:
    """Return the ReplicaSet of a Deployment's present template."""
    digest = template_hash(deployment)
    template = section(deployment, "spec", "template")
    labels = {**section(template, "metadata", "labels"), HASH_LABEL: digest}
    metadata = {**section(template, "metadata"), "labels": labels}
    selector = section(deployment, "spec", "selector")
    chosen = {**section(selector, "matchLabels"), HASH_LABEL: digest}
    return {
        "metadata": {
            "name": f"{text(deployment, 'metadata', 'name')}-{digest}",
            "labels": labels,
            "ownerReferences": [_owned_by(deployment)],
        },
        "spec": {
            "replicas": replicas(deployment),
            "selector": {**selector, "matchLabels": chosen},
            "template": {**template, "metadata": metadata},
        },
    }


def pod(owner: Json) -> Json:
    """Return a new pod of a ReplicaSet, still without a name and without a status."""
    template = section(owner, "spec", "template")
    metadata = {
        **section(template, "metadata"),
        "generateName": f"{text(owner, 'metadata', 'name')}-",
        "ownerReferences": [_owned_by(owner)],
    }
    return {"metadata": metadata, "spec": section(template, "spec")}


def running(started: Json, since: datetime, address: str) -> Json:
    """Return a pod's status once it serves."""
    at = stamp(since)
    containers = [
        {
            "name": text(container, "name"),
            "image": text(container, "image"),
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": at}},
        }
        for container in items(started, "spec", "containers")
    ]
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": at}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    return {
        "phase": "Running",
        "conditions": conditions,
        "hostIP": address,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": at,
        "containerStatuses": containers,
    }


def deployment_status(
    deployment: Json, updated: Sequence[Json], total: int, since: datetime
) -> Json:
    """Return how far a Deployment has come.

    Args:
        deployment: For its desired number and the conditions so far.
        updated: Pods of the present template.
        total: Pods of all templates.
        since: When a condition that changes now has changed.
    """
    wanted, ready = replicas(deployment), sum(map(is_ready, updated))
    is_complete = len(updated) == total == ready == wanted
    progress = "NewReplicaSetAvailable" if is_complete else "ReplicaSetUpdated"
    enough = "MinimumReplicasAvailable" if ready >= wanted else "MinimumReplicasUnavailable"
    conditions = [
        _condition(deployment, "Available", enough, since, holds=ready >= wanted),
        _condition(deployment, "Progressing", progress, since, holds=True),
    ]
    counts = {
        "replicas": total,
        "updatedReplicas": len(updated),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(0, wanted - ready),
    }
    return {
        "observedGeneration": dig(deployment, "metadata", "generation"),
        **{name: count for name, count in counts.items() if count},
        "conditions": conditions,
    }


def replica_set_status(owner: Json, pods: Sequence[Json]) -> Json:
    """Return how many pods a ReplicaSet has."""
    ready = sum(map(is_ready, pods))
    return {
        "observedGeneration": dig(owner, "metadata", "generation"),
        "replicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
    }


def replicas(workload: Json) -> int:
    """Return the desired number of pods."""
    return whole(workload, "spec", "replicas") or 0


def is_ready(started: Json) -> bool:
    """Say whether a pod serves."""
    return any(
        (text(condition, "type"), text(condition, "status")) == ("Ready", "True")
        for condition in items(started, "status", "conditions")
    )


def _condition(
    deployment: Json, kind: str, reason: str, since: datetime, *, holds: bool
) -> Json:
    """Return a condition; its time changes with its status alone."""
    status, at = str(holds), stamp(since)
    for held in items(deployment, "status", "conditions"):
        if (text(held, "type"), text(held, "status")) == (kind, status):
            at = text(held, "lastTransitionTime") or at
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": at}


def _owned_by(owner: Json) -> Json:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": dig(owner, "metadata", "name"),
        "uid": dig(owner, "metadata", "uid"),
        "controller": True,
        "blockOwnerDeletion": True,
    }
