"""As much OpenAPI as makes kubectl leave validation to the server."""

from __future__ import annotations

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import not_served
from rolloutd.sandbox.kubernetes.resources import Endpoint, Served, endpoints

_ROOT = "/openapi/v3"
_QUERY = ("dryRun", "fieldManager", "fieldValidation", "force")
"""kubectl looks for ``fieldValidation`` among the parameters of ``patch``: where it is, the
server is trusted to judge fields."""


def openapi(path: str) -> Json | None:
    """Return the index, or the document of a group and version; ``None`` for other paths.

    Raises:
        ApiFailure: 404: a group or version that is not served.
    """
    if path.rstrip("/") == _ROOT:
        versions = dict.fromkeys(_root(each.served) for each in endpoints())
        return {
            "paths": {
                root: {"serverRelativeURL": f"{_ROOT}/{root}?hash=sandbox"} for root in versions
            }
        }
    if not path.startswith(f"{_ROOT}/"):
        return None
    root = path.removeprefix(f"{_ROOT}/")
    here = [each for each in endpoints() if _root(each.served) == root]
    if not here:
        raise not_served()
    return {
        "openapi": "3.0.0",
        "info": {"title": "rolloutd sandbox", "version": "v1.37.0"},
        "paths": {_item_path(each): {"patch": _patch_operation(each)} for each in here},
        "components": {"schemas": {_schema_name(each): _schema(each) for each in here}},
    }


def _root(served: Served) -> str:
    return f"apis/{served.api_version}" if served.group else f"api/{served.version}"


def _item_path(endpoint: Endpoint) -> str:
    within = "/namespaces/{namespace}" if endpoint.resource.is_namespaced else ""
    return f"/{_root(endpoint.served)}{within}/{endpoint.resource.plural}/{{name}}"


def _patch_operation(endpoint: Endpoint) -> Json:
    return {
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in _QUERY
        ],
        "responses": {},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": _identity(endpoint),
    }


def _schema_name(endpoint: Endpoint) -> str:
    served = endpoint.served
    return f"{served.group or 'core'}.{served.version}.{endpoint.resource.kind}"


def _schema(endpoint: Endpoint) -> Json:
    kind = endpoint.resource.kind
    return {
        "type": "object",
        "description": f"{kind}, whose fields the sandbox does not describe.",
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-group-version-kind": [_identity(endpoint)],
    }


def _identity(endpoint: Endpoint) -> Json:
    served = endpoint.served
    return {"group": served.group, "version": served.version, "kind": endpoint.resource.kind}
