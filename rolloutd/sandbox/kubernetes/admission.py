"""What is filled in and what is refused before an object is stored."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType

from rolloutd.adapters.kubernetes.fields import dig, items, section, text
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import denied, invalid
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import (
    DEPLOYMENT,
    NAMESPACE,
    REPLICA_SET,
    SECRET,
    SERVICE,
    VIRTUAL_SERVICE,
    Resource,
)

_ISTIO_WEBHOOK = "validation.istio.io"

_SPECS: Mapping[Resource, Json] = MappingProxyType(
    {
        DEPLOYMENT: {"replicas": 1, "strategy": {"type": "RollingUpdate"}},
        REPLICA_SET: {"replicas": 1},
        SERVICE: {"type": "ClusterIP"},
    }
)


def completed(ref: Ref, obj: Json) -> Json:
    """Return an object with the defaults of its kind."""
    if ref.resource is NAMESPACE:
        return {**obj, "status": {"phase": "Active", **section(obj, "status")}}
    if ref.resource is SECRET:
        return _with_encoded_data(obj)
    defaults = _SPECS.get(ref.resource)
    return obj if defaults is None else {**obj, "spec": {**defaults, **section(obj, "spec")}}


def check(ref: Ref, obj: Json) -> None:
    """Refuse what a cluster would refuse.

    Raises:
        ApiFailure: 400 in the words of Istio's webhook, or 422 with the field.
    """
    if ref.resource is VIRTUAL_SERVICE:
        complaints = _complaints(obj)
        if complaints:
            raise denied(_ISTIO_WEBHOOK, f"configuration is invalid: {_listed(complaints)}")
    if ref.resource in {DEPLOYMENT, REPLICA_SET}:
        replicas = dig(obj, "spec", "replicas")
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            message = f"Invalid value: {replicas}: must be greater than or equal to 0"
            raise invalid(ref, "spec.replicas", message)


def _complaints(virtual_service: Json) -> list[str]:
    """Judge as Istio does: weights are not negative, and not all 0 among several.

    They need not sum to 100, for Envoy divides by whatever the sum is.
    """
    found: list[str] = []
    for route in items(virtual_service, "spec", "http"):
        found += _route_complaints(items(route, "route"))
    return found


def _listed(complaints: list[str]) -> str:
    """Return complaints in the layout of Go's multierror, as Istio sends them."""
    counted = "1 error" if len(complaints) == 1 else f"{len(complaints)} errors"
    return f"{counted} occurred:\n\t* " + "\n\t* ".join(complaints) + "\n\n"


def _route_complaints(destinations: list[object]) -> list[str]:
    found, total = [], 0
    for each in destinations:
        if not section(each, "destination"):
            found.append("destination is required")
        elif text(each, "destination", "host") is None:
            found.append("destination host is required")
        weight = section(each).get("weight", 0)
        if not isinstance(weight, int) or isinstance(weight, bool):
            found.append(f"weight {weight} is not an integer")
            continue
        if weight < 0:
            found.append(f"weight {weight} < 0")
        total += weight
    if len(destinations) > 1 and total == 0 and not found:
        found.append("total destination weight = 0")
    return found


def _with_encoded_data(secret: Json) -> Json:
    """Return a Secret whose plain ``stringData`` has become ``data``."""
    plain = section(secret, "stringData")
    encoded = {
        key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()
    }
    stored: Json = {key: value for key, value in secret.items() if key != "stringData"}
    data = {**section(secret, "data"), **encoded}
    return {"type": "Opaque", **stored, **({"data": data} if data else {})}
