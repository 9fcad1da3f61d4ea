"""Plan objects as an API server sends them, and a cache that tells of them."""

from __future__ import annotations

import copy

import yaml

from rolloutd.ports import Json, OnChange
from tests.adapters.plans.forms import PLAN


def plan_object(
    text: str = PLAN, *, name: str = "shop", generation: int = 1, status: Json | None = None
) -> Json:
    """Return an object with what the server adds."""
    obj: Json = yaml.safe_load(text)
    return {
        **obj,
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": "9f0c",
            "resourceVersion": "77",
            "generation": generation,
            "creationTimestamp": "2026-05-01T12:00:00Z",
            "managedFields": [{"manager": "kubectl"}],
        },
        **({} if status is None else {"status": status}),
    }


class Teller:
    """Tells of objects as a watched cache does."""

    def __init__(self, *objects: Json) -> None:
        self._objects = list(objects)
        self._listeners: list[OnChange] = []

    def subscribe(self, kind: str, listener: OnChange) -> None:
        """Tell of what there is, then of every change."""
        assert kind == "RolloutPlan"
        for each in self._objects:
            listener("ADDED", each)
        self._listeners.append(listener)

    def tell(self, change: str, obj: Json) -> None:
        """Tell of a change."""
        for listener in self._listeners:
            listener(change, copy.deepcopy(obj))
