"""The CustomResourceDefinition of plans, made from their models."""

from __future__ import annotations

from typing import Final

from rolloutd.adapters.plans.crd.structural import Structural
from rolloutd.adapters.plans.models import API_VERSION, KIND
from rolloutd.adapters.plans.schema import schema
from rolloutd.engine.conditions import TYPES
from rolloutd.ports import Json

GROUP, _, VERSION = API_VERSION.partition("/")
PLURAL: Final = "rolloutplans"

_COLUMNS: Final = (
    ("Phase", "string", ".status.phase", "Where the rollout stands."),
    ("Weight", "integer", ".status.weight", "The canary's share that is ordered, in percent."),
    ("Step", "string", ".status.step", "Which step of how many."),
    ("Gates", "string", ".status.gates", "How many gates are fine, of how many."),
    ("Age", "date", ".metadata.creationTimestamp", "Since when there is the plan."),
)


def definition() -> Json:
    """Return the CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{PLURAL}.{GROUP}",
            "labels": {"app.kubernetes.io/name": "rolloutd"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["rp"],
            },
            "versions": [_version()],
        },
    }


def _version() -> Json:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path, "description": said}
            for name, kind, path, said in _COLUMNS
        ],
        "schema": {"openAPIV3Schema": _document()},
    }


def _document() -> Json:
    document = schema()
    definitions = document["$defs"]
    assert isinstance(definitions, dict)  # noqa: S101 - pydantic writes it so
    structural = Structural(definitions)
    name = definitions["Metadata"]["properties"]["name"]
    return {
        "type": "object",
        "description": str(document["description"]),
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            # All that may be said of metadata here is how its name looks.
            "metadata": {"type": "object", "properties": {"name": structural.translate(name)}},
            "spec": structural.translate({"$ref": "#/$defs/Spec"}),
            "status": _status(),
        },
    }


def _status() -> Json:
    return {
        "type": "object",
        "description": "How the rollout stands; written by the daemon alone.",
        "properties": {
            "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "description": "Which edit of the plan this status is about.",
            },
            "phase": {"type": "string", "description": "A summary for people."},
            "weight": {"type": "integer", "description": "In percent; absent before a run."},
            "step": {"type": "string"},
            "gates": {"type": "string"},
            "run": {"type": "integer", "description": "Number of this attempt."},
            "message": {"type": "string", "description": "Why it stands there."},
            "conditions": _conditions(),
        },
    }


def _conditions() -> Json:
    return {
        "type": "array",
        "description": f"One of each: {', '.join(TYPES)}.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {"type": "string", "maxLength": 316},
                "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
                "reason": {"type": "string", "minLength": 1, "maxLength": 1024},
                "message": {"type": "string", "maxLength": 32768},
                "lastTransitionTime": {"type": "string", "format": "date-time"},
            },
        },
    }
