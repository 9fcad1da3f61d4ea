"""Reads a Deployment as ``kubectl rollout status`` does, and names its revision."""

from __future__ import annotations

import hashlib

import orjson

from rolloutd.adapters.kubernetes.fields import items, section, text, whole
from rolloutd.core.observation import WorkloadSeen
from rolloutd.ports import Json

_VOLATILE = frozenset({"kubectl.kubernetes.io/restartedAt"})
"""Annotations of a pod template that restart pods without making another version of them."""


def seen(deployment: Json) -> WorkloadSeen:
    """Say whether all replicas are updated and available, and what is missing otherwise."""
    why = _obstacle(deployment)
    return WorkloadSeen(
        ready=why is None,
        why=why or "",
        revision=revision(section(deployment, "spec", "template")),
        replicas=desired(deployment),
        version=counted(deployment),
    )


def desired(deployment: Json) -> int:
    """Return the desired number of replicas; 1 where it is left to the default."""
    replicas = whole(deployment, "spec", "replicas")
    return 1 if replicas is None else replicas


def counted(deployment: Json) -> int:
    """Return the resourceVersion as the number that it is in every server in use; 0 if not."""
    version = text(deployment, "metadata", "resourceVersion") or ""
    return int(version) if version.isascii() and version.isdigit() else 0


def revision(template: Json) -> str:
    """Return a short hash of a pod template: equal exactly where the pods would be."""
    metadata = section(template, "metadata")
    annotations = {
        name: value
        for name, value in section(metadata, "annotations").items()
        if name not in _VOLATILE
    }
    # Removing the only annotation must give the hash of a template that never had one.
    kept = {key: value for key, value in metadata.items() if key != "annotations"}
    if annotations:
        kept["annotations"] = annotations
    canonical = orjson.dumps({**template, "metadata": kept}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:10]


def _obstacle(deployment: Json) -> str | None:
    """Return the first thing that is missing, in kubectl's order, or ``None``."""
    generation = whole(deployment, "metadata", "generation") or 0
    if (whole(deployment, "status", "observedGeneration") or 0) < generation:
        return "The Deployment's latest spec has not been observed yet."
    if desired(deployment) == 0:
        return "The Deployment is scaled to 0 replicas."
    return _stalled(deployment) or _unfinished(deployment)


def _stalled(deployment: Json) -> str | None:
    for condition in items(deployment, "status", "conditions"):
        if text(condition, "reason") == "ProgressDeadlineExceeded":
            said = text(condition, "message") or "no message"
            return f"The Deployment exceeded its progress deadline: {said}"
    return None


def _unfinished(deployment: Json) -> str | None:
    status, wanted = section(deployment, "status"), desired(deployment)
    updated = whole(status, "updatedReplicas") or 0
    available = whole(status, "availableReplicas") or 0
    old = (whole(status, "replicas") or 0) - updated
    paused = " (its rollout is paused)" if section(deployment, "spec").get("paused") else ""
    if updated < wanted:
        return f"{updated} of {wanted} replicas are updated{paused}."
    if old > 0:
        return f"{old} old replicas are still terminating{paused}."
    if available < wanted or (whole(status, "unavailableReplicas") or 0) > 0:
        return f"{available} of {wanted} replicas are available{paused}."
    return None
