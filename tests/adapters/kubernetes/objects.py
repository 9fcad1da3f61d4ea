"""Small Kubernetes objects for tests."""

from __future__ import annotations

from rolloutd.ports import Json

SERVICES = "/apis/networking.istio.io/v1/virtualservices"
SHOP = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
PODS = "/api/v1/namespaces/shop/pods"


def service(name: str, *, weight: int = 0, version: str | None = None) -> Json:
    """Return a VirtualService in ``shop``."""
    metadata: Json = {"name": name, "namespace": "shop"}
    if version is not None:
        metadata["resourceVersion"] = version
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata,
        "spec": {"weight": weight},
    }


def weight(obj: Json | None) -> object:
    """Return what ``service`` was given."""
    assert obj is not None
    spec = obj["spec"]
    assert isinstance(spec, dict)
    return spec["weight"]


def deployment(
    name: str = "checkout", *, spec: Json | None = None, status: Json | None = None
) -> Json:
    """Return a Deployment in ``shop`` of two replicas, ready unless said otherwise."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "generation": 3},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "checkout:4"}]},
            },
        }
        | (spec or {}),
        "status": {
            "observedGeneration": 3,
            "replicas": 2,
            "updatedReplicas": 2,
            "availableReplicas": 2,
        }
        | (status or {}),
    }


def pod(name: str, *, metadata: Json | None = None, status: Json | None = None) -> Json:
    """Return a running pod of ``checkout`` in ``shop``."""
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": "checkout"}}
        | (metadata or {}),
        "spec": {"containers": [{"name": "main"}]},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.7",
            "startTime": "2024-01-01T00:00:00Z",
        }
        | (status or {}),
    }
