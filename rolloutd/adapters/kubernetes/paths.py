"""Where resources live under an API server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rolloutd.adapters.kubernetes.fields import items, text
from rolloutd.errors import Refused
from rolloutd.ports import KubeApi

ISTIO_NETWORKING = "networking.istio.io"

ISTIO_VERSIONS = ("v1", "v1beta1", "v1alpha3")
"""Best first. The three hold the same fields; Istio before 1.22 serves no ``v1``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of namespaced object.

    Attributes:
        group: API group; empty for the core group.
        plural: Its name in paths.
    """

    kind: str
    group: str
    version: str
    plural: str

    def collection(self, namespace: str | None = None) -> str:
        """Return the path of all objects, in one namespace or in the cluster."""
        root = f"/apis/{self.group}" if self.group else "/api"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}/{self.version}{within}/{self.plural}"

    def item(self, namespace: str, name: str) -> str:
        """Return the path of one object."""
        return f"{self.collection(namespace)}/{name}"


DEPLOYMENT = Resource(kind="Deployment", group="apps", version="v1", plural="deployments")
POD = Resource(kind="Pod", group="", version="v1", plural="pods")
CONFIG_MAP = Resource(kind="ConfigMap", group="", version="v1", plural="configmaps")
EVENT = Resource(kind="Event", group="", version="v1", plural="events")
LEASE = Resource(kind="Lease", group="coordination.k8s.io", version="v1", plural="leases")


def virtual_service(version: str) -> Resource:
    """Return the VirtualService of a served version."""
    return Resource(
        kind="VirtualService",
        group=ISTIO_NETWORKING,
        version=version,
        plural="virtualservices",
    )


def destination_rule(version: str) -> Resource:
    """Return the DestinationRule of a served version."""
    return Resource(
        kind="DestinationRule",
        group=ISTIO_NETWORKING,
        version=version,
        plural="destinationrules",
    )


async def served_version(
    api: KubeApi, group: str = ISTIO_NETWORKING, wanted: Sequence[str] = ISTIO_VERSIONS
) -> str:
    """Return the first of ``wanted`` that the server serves.

    Raises:
        Refused: It serves none of them: the custom resources are not installed.
        Unavailable: No usable answer.
    """
    found = await api.get(f"/apis/{group}")
    served = {text(entry, "version") for entry in items(found, "versions")}
    for version in wanted:
        if version in served:
            return version
    raise Refused(f"The API server serves no {group} version of {', '.join(wanted)}.")
