"""Tells clients what the server serves."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.failures import not_served
from rolloutd.sandbox.kubernetes.resources import Endpoint, endpoints

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

VERSION: Json = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.0-rolloutd-sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
"""As new as the kubectl that it is tested with."""


def described(path: str) -> Json | None:
    """Return the document at a discovery path; ``None`` where the path is no such.

    Raises:
        ApiFailure: 404: a group or version that is not served.
    """
    match path.strip("/").split("/"):
        case ["version"]:
            return VERSION
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["api", version]:
            return _resources("", version)
        case ["apis", *rest]:
            return _below_apis(rest)
        case _:
            return None


def _below_apis(rest: list[str]) -> Json | None:
    match rest:
        case []:
            return _groups()
        case [group]:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}
        case [group, version]:
            return _resources(group, version)
        case _:
            return None


def _groups() -> Json:
    names = dict.fromkeys(each.served.group for each in endpoints() if each.served.group)
    groups = [_group(name) for name in names]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(name: str) -> Json:
    served = dict.fromkeys(
        each.served.version for each in endpoints() if each.served.group == name and name
    )
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in served]
    if not versions:
        raise not_served()
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resources(group: str, version: str) -> Json:
    here = [
        each
        for each in endpoints()
        if (each.served.group, each.served.version) == (group, version)
    ]
    if not here:
        raise not_served()
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": here[0].served.api_version,
        "resources": [entry for each in here for entry in _entries(each)],
    }


def _entries(endpoint: Endpoint) -> Iterator[Json]:
    resource = endpoint.resource
    common: Json = {
        "singularName": resource.kind.lower(),
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
    }
    yield {
        "name": resource.plural,
        **common,
        "verbs": list(_VERBS),
        "shortNames": list(resource.short_names),
        "categories": list(resource.categories),
    }
    for subresource in resource.subresources:
        scale: Json = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        yield {
            "name": f"{resource.plural}/{subresource}",
            **common,
            **(scale if subresource == "scale" else {}),
            "verbs": ["get", "patch", "update"],
        }
