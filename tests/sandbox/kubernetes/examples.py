"""A cluster and objects that tests of the embedded API share."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.store import Store

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
SERVICES = "/apis/networking.istio.io/v1/namespaces/default/virtualservices"
REVIEWS = f"{SERVICES}/reviews"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
WEB = f"{DEPLOYMENTS}/web"
PODS = "/api/v1/namespaces/default/pods"


def dice(seed: int = 7) -> random.Random:
    """Make dice that fall the same way every time."""
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


def cluster() -> Store:
    """Make an empty cluster in which it is always noon."""
    return Store(lambda: NOON, dice())


def reviews(stable: int = 90, canary: int = 10, **metadata: object) -> Json:
    """Make a VirtualService with one route and two destinations."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": "default", **metadata},
        "spec": {
            "hosts": ["reviews"],
            "http": [
                {
                    "name": "primary",
                    "route": [
                        {"destination": {"host": "reviews", "subset": "v1"}, "weight": stable},
                        {"destination": {"host": "reviews", "subset": "v2"}, "weight": canary},
                    ],
                }
            ],
        },
    }


def web(replicas: int = 2, image: str = "web:v1") -> Json:
    """Make a Deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "app", "image": image}]},
            },
        },
    }


def named(name: str, **metadata: object) -> Json:
    """Make an object of no matter which simple kind."""
    return {"metadata": {"name": name, **metadata}}
