"""Drops what nobody here reads, before it is kept: a cluster's pods would fill the memory.

A Pod as the API server sends it takes 5 to 20 KiB, most of it managedFields and the spec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from rolloutd.adapters.kubernetes.fields import section
from rolloutd.ports import Json

Trim: TypeAlias = Callable[[Json], Json]
"""Returns a smaller object; the given one is left alone."""

STATS_PORT = "rolloutd.io/stats-port"
"""Annotation on a pod: where its Envoy serves statistics, when not at the plan's port."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_POD_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "labels",
    "ownerReferences",
    "deletionTimestamp",
    "creationTimestamp",
)
_POD_STATUS = ("phase", "podIP", "startTime")


def whole_object(obj: Json) -> Json:
    """Keep everything: what the mesh adapter writes back must be judged as it is."""
    return obj


def trimmed_deployment(obj: Json) -> Json:
    """Keep all but bookkeeping that repeats the spec."""
    metadata = {k: v for k, v in section(obj, "metadata").items() if k != "managedFields"}
    annotations = section(metadata, "annotations")
    metadata["annotations"] = {k: v for k, v in annotations.items() if k != _LAST_APPLIED}
    return {**obj, "metadata": metadata}


def trimmed_pod(obj: Json) -> Json:
    """Keep identity, labels, owners, and whether and where it runs."""
    metadata = _chosen(section(obj, "metadata"), _POD_METADATA)
    metadata["annotations"] = _chosen(section(obj, "metadata", "annotations"), (STATS_PORT,))
    return {"metadata": metadata, "status": _chosen(section(obj, "status"), _POD_STATUS)}


TRIMS: Mapping[str, Trim] = MappingProxyType(
    {"Deployment": trimmed_deployment, "Pod": trimmed_pod}
)
"""By kind; others are kept whole."""


def _chosen(fields: Json, names: tuple[str, ...]) -> Json:
    return {name: fields[name] for name in names if name in fields}
