"""Objects as rows of a table: the server decides what ``kubectl get`` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rolloutd.adapters.kubernetes.fields import dig, items, section, text
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.resources import (
    DEPLOYMENT,
    DESTINATION_RULE,
    EVENT,
    LEASE,
    NAMESPACE,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    ROLLOUT_PLAN,
    SECRET,
    SERVICE,
    VIRTUAL_SERVICE,
    Resource,
)

_UNKNOWN = "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """A column between name and age.

    Attributes:
        path: Where its value is, dotted.
        total: For ``1/3``: where the number is that the value is counted against.
    """

    name: str
    path: str
    total: str | None = None


_COLUMNS: Mapping[Resource, Sequence[Column]] = MappingProxyType(
    {
        NAMESPACE: (Column("Status", "status.phase"),),
        POD: (
            Column("Ready", "status.containerStatuses", "spec.containers"),
            Column("Status", "status.phase"),
            Column("IP", "status.podIP"),
        ),
        SERVICE: (Column("Type", "spec.type"), Column("Cluster-IP", "spec.clusterIP")),
        SECRET: (Column("Type", "type"),),
        EVENT: (
            Column("Type", "type"),
            Column("Reason", "reason"),
            Column("Object", "involvedObject.name"),
            Column("Message", "message"),
        ),
        DEPLOYMENT: (
            Column("Ready", "status.readyReplicas", "spec.replicas"),
            Column("Up-To-Date", "status.updatedReplicas"),
            Column("Available", "status.availableReplicas"),
        ),
        REPLICA_SET: (
            Column("Desired", "spec.replicas"),
            Column("Current", "status.replicas"),
            Column("Ready", "status.readyReplicas"),
        ),
        LEASE: (Column("Holder", "spec.holderIdentity"),),
        VIRTUAL_SERVICE: (Column("Gateways", "spec.gateways"), Column("Hosts", "spec.hosts")),
        DESTINATION_RULE: (Column("Host", "spec.host"),),
        POD_DISRUPTION_BUDGET: (Column("Min Available", "spec.minAvailable"),),
        ROLLOUT_PLAN: (
            Column("Phase", "status.phase"),
            Column("Weight", "status.weight"),
            Column("Step", "status.step"),
            Column("Gates", "status.gates"),
        ),
    }
)
_COUNTS = ("replicas", "Replicas")
"""Paths that end so hold numbers, which are left out where they are 0."""


def table(resource: Resource, objects: Sequence[Json], metadata: Json, now: datetime) -> Json:
    """Return stored objects as a Table (meta.k8s.io/v1).

    Args:
        resource: Decides the columns.
        objects: In the stored version.
        metadata: Of the list, or of the one object.
        now: For ages.
    """
    columns = _COLUMNS.get(resource, ())
    names = ("Name", *(column.name for column in columns), "Age")
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [_definition(name) for name in names],
        "rows": [_row(obj, columns, now) for obj in objects],
    }


def age(since: str, now: datetime) -> str:
    """Return how long ago a timestamp was, short: ``42s``, ``10m``, ``3h``, ``2d``."""
    try:
        passed = Seconds((now - datetime.fromisoformat(since)).total_seconds())
    except ValueError:
        return _UNKNOWN
    for unit, seconds, below in (("s", 1, 120), ("m", 60, 7200), ("h", 3600, 172800)):
        if passed < below:
            return f"{int(max(0.0, passed)) // seconds}{unit}"
    return f"{int(passed) // 86400}d"


def _definition(name: str) -> Json:
    form = "name" if name == "Name" else ""
    return {"name": name, "type": "string", "format": form, "description": "", "priority": 0}


def _row(obj: Json, columns: Sequence[Column], now: datetime) -> Json:
    created = text(obj, "metadata", "creationTimestamp") or ""
    cells = [dig(obj, "metadata", "name"), *(_cell(obj, each) for each in columns)]
    head = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {
        "cells": [*cells, age(created, now)],
        "object": {**head, "metadata": section(obj, "metadata")},
    }


def _cell(obj: Json, column: Column) -> str:
    if column.total is not None:
        return f"{_count(obj, column.path)}/{_count(obj, column.total)}"
    match dig(obj, *column.path.split(".")):
        case None:
            return "0" if column.path.endswith(_COUNTS) else ""
        case list() as entries:
            return "[" + ",".join(f'"{entry}"' for entry in entries) + "]"
        case value:
            return str(value)


def _count(obj: Json, dotted: str) -> int:
    """Return a number, or how many entries of a list are ready; 0 where there is nothing."""
    path = dotted.split(".")
    number = dig(obj, *path)
    if isinstance(number, int):
        return number
    return sum(section(entry).get("ready", True) is True for entry in items(obj, *path))
