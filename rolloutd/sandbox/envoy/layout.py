"""What the sandbox's Envoy fronts, and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One subset of a service: an Envoy cluster.

    Attributes:
        service: Short name.
        port: Service port.
        subset: Name in the DestinationRule; also the version label of its pods.
        workload: Deployment behind it.
    """

    service: str
    namespace: str
    port: int
    subset: str
    workload: str

    @property
    def host(self) -> str:
        """Full host name of the service."""
        return f"{self.service}.{self.namespace}.svc.cluster.local"

    @property
    def cluster(self) -> str:
        """The name that Istio gives the cluster.

        Spelled out here and not taken from the daemon's core: the sandbox is what the daemon
        is tried against, and a mistake that both share would go unseen.
        """
        return f"outbound|{self.port}|{self.subset}|{self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a pod listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Files of one Envoy, all in one directory that belongs to it alone."""

    directory: Path

    @property
    def bootstrap(self) -> Path:
        """What Envoy reads when it starts."""
        return self.directory / "envoy.json"

    @property
    def log(self) -> Path:
        """What Envoy says."""
        return self.directory / "envoy.log"

    @property
    def base_id(self) -> Path:
        """The number by which Envoy tells its shared memory from that of others."""
        return self.directory / "base-id"

    @property
    def admin(self) -> Path:
        """Socket of the admin interface.

        A socket in a private directory, because whoever reaches the interface may stop Envoy;
        and because its name is known before Envoy starts, which a free port's number is not.
        """
        return self.directory / "admin.sock"

    @property
    def routes(self) -> Path:
        """The route configuration (RDS)."""
        return self.directory / "routes.json"

    def endpoints(self, upstream: Upstream) -> Path:
        """Return the file with an upstream's endpoints (EDS)."""
        return self.directory / f"endpoints-{upstream.service}-{upstream.subset}.json"
