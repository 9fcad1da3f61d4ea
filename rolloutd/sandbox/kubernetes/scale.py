"""The ``/scale`` subresource: one form of "how many" for all kinds that have one."""

from __future__ import annotations

from rolloutd.adapters.kubernetes.fields import section, whole
from rolloutd.ports import Json

_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(workload: Json) -> Json:
    """Return a workload's Scale."""
    labels = section(workload, "spec", "selector", "matchLabels")
    metadata = section(workload, "metadata")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in _SHOWN if key in metadata},
        "spec": {"replicas": whole(workload, "spec", "replicas") or 0},
        "status": {
            "replicas": whole(workload, "status", "replicas") or 0,
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }


def scaled(workload: Json, scale: Json) -> Json:
    """Return a workload as a Scale wants it, under the Scale's lock if it names a version."""
    metadata = dict(section(workload, "metadata"))
    metadata["resourceVersion"] = section(scale, "metadata").get("resourceVersion")
    # Go leaves a zero out, so absence means zero.
    replicas = section(scale, "spec").get("replicas", 0)
    spec = {**section(workload, "spec"), "replicas": replicas}
    return {**workload, "metadata": metadata, "spec": spec}
