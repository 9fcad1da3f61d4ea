"""Objects that tests of the sandbox share."""

from __future__ import annotations

import random

from rolloutd.ports import Json
from rolloutd.sandbox.envoy.layout import Upstream


def upstream(subset: str, *, service: str = "data-product", workload: str = "") -> Upstream:
    """Make a subset."""
    return Upstream(
        service=service,
        namespace="default",
        port=9090,
        subset=subset,
        workload=workload or f"{service}-{subset}",
    )


def destination(subset: str, weight: int | None = None, host: str = "data-product") -> Json:
    """Make one entry of a route."""
    written: Json = {"destination": {"host": host, "subset": subset}}
    return written if weight is None else written | {"weight": weight}


def virtual_service(*http: Json) -> Json:
    """Make a VirtualService with these HTTP routes."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "data-product", "namespace": "default"},
        "spec": {"hosts": ["data-product"], "http": list(http)},
    }


def split(stable: int, canary: int) -> Json:
    """Make a VirtualService with one route that divides calls between v3 and v4."""
    return virtual_service({"route": [destination("v3", stable), destination("v4", canary)]})


def chance() -> random.Random:
    """Make dice that fall the same way every time."""
    return random.Random(7)  # noqa: S311 - reproducible, not secret
