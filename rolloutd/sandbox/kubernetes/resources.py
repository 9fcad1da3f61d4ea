"""Which kinds of objects there are, and under which groups and versions they are served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ISTIO = "networking.istio.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A group and version under which a resource is served.

    Attributes:
        group: Empty for the core group.
        renames: Top-level fields that are called otherwise here, by their stored name.
    """

    group: str
    version: str
    renames: Mapping[str, str] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """What objects carry as ``apiVersion``."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resource:
    """A kind of object.

    Attributes:
        plural: Its name in paths.
        served: The first is how it is stored, and what clients prefer.
        categories: Group names such as ``all`` that kubectl expands.
        subresources: ``status`` is written through its own path alone, where it is listed.
        is_custom: Defined by a CRD: all lists are atomic and strategic merge is unknown.
        has_generation: Counts changes of the spec.
        needs_version: A PUT must say which version it replaces.
    """

    kind: str
    plural: str
    served: tuple[Served, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    is_namespaced: bool = True
    subresources: tuple[str, ...] = ()
    is_custom: bool = False
    has_generation: bool = False
    needs_version: bool = False

    @property
    def group(self) -> str:
        """The group of the stored version."""
        return self.served[0].group

    @property
    def api_version(self) -> str:
        """The stored ``apiVersion``."""
        return self.served[0].api_version

    @property
    def full_name(self) -> str:
        """How errors name it: ``virtualservices.networking.istio.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A resource under one of its groups and versions."""

    resource: Resource
    served: Served


_CORE = (Served(group="", version="v1"),)
_APPS = (Served(group="apps", version="v1"),)
_RBAC = (Served(group="rbac.authorization.k8s.io", version="v1"),)
_MONITORING = (Served(group="monitoring.coreos.com", version="v1"),)
_ISTIO = tuple(Served(group=ISTIO, version=each) for each in ("v1", "v1beta1", "v1alpha3"))
_EVENTS = Served(
    group="events.k8s.io",
    version="v1",
    renames=MappingProxyType(
        {
            "involvedObject": "regarding",
            "message": "note",
            "reportingComponent": "reportingController",
            "source": "deprecatedSource",
            "firstTimestamp": "deprecatedFirstTimestamp",
            "lastTimestamp": "deprecatedLastTimestamp",
            "count": "deprecatedCount",
        }
    ),
)

NAMESPACE = Resource(
    kind="Namespace",
    plural="namespaces",
    served=_CORE,
    short_names=("ns",),
    is_namespaced=False,
    subresources=("status",),
)
POD = Resource(
    kind="Pod",
    plural="pods",
    served=_CORE,
    short_names=("po",),
    categories=("all",),
    subresources=("status",),
)
SERVICE = Resource(
    kind="Service",
    plural="services",
    served=_CORE,
    short_names=("svc",),
    categories=("all",),
    subresources=("status",),
)
CONFIG_MAP = Resource(kind="ConfigMap", plural="configmaps", served=_CORE, short_names=("cm",))
SECRET = Resource(kind="Secret", plural="secrets", served=_CORE)
EVENT = Resource(kind="Event", plural="events", served=(*_CORE, _EVENTS), short_names=("ev",))
DEPLOYMENT = Resource(
    kind="Deployment",
    plural="deployments",
    served=_APPS,
    short_names=("deploy",),
    categories=("all",),
    subresources=("status", "scale"),
    has_generation=True,
)
REPLICA_SET = Resource(
    kind="ReplicaSet",
    plural="replicasets",
    served=_APPS,
    short_names=("rs",),
    categories=("all",),
    subresources=("status", "scale"),
    has_generation=True,
)
LEASE = Resource(
    kind="Lease",
    plural="leases",
    served=(Served(group="coordination.k8s.io", version="v1"),),
    needs_version=True,
)
VIRTUAL_SERVICE = Resource(
    kind="VirtualService",
    plural="virtualservices",
    served=_ISTIO,
    short_names=("vs",),
    categories=("istio-io", "networking-istio-io"),
    subresources=("status",),
    is_custom=True,
    has_generation=True,
    needs_version=True,
)
DESTINATION_RULE = Resource(
    kind="DestinationRule",
    plural="destinationrules",
    served=_ISTIO,
    short_names=("dr",),
    categories=("istio-io", "networking-istio-io"),
    subresources=("status",),
    is_custom=True,
    has_generation=True,
    needs_version=True,
)

SERVICE_ACCOUNT = Resource(
    kind="ServiceAccount", plural="serviceaccounts", served=_CORE, short_names=("sa",)
)
PERSISTENT_VOLUME_CLAIM = Resource(
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    served=_CORE,
    short_names=("pvc",),
    subresources=("status",),
)
ROLE = Resource(kind="Role", plural="roles", served=_RBAC)
ROLE_BINDING = Resource(kind="RoleBinding", plural="rolebindings", served=_RBAC)
CLUSTER_ROLE = Resource(
    kind="ClusterRole", plural="clusterroles", served=_RBAC, is_namespaced=False
)
CLUSTER_ROLE_BINDING = Resource(
    kind="ClusterRoleBinding", plural="clusterrolebindings", served=_RBAC, is_namespaced=False
)
NETWORK_POLICY = Resource(
    kind="NetworkPolicy",
    plural="networkpolicies",
    served=(Served(group="networking.k8s.io", version="v1"),),
    short_names=("netpol",),
)
POD_DISRUPTION_BUDGET = Resource(
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    served=(Served(group="policy", version="v1"),),
    short_names=("pdb",),
    subresources=("status",),
)
CUSTOM_RESOURCE_DEFINITION = Resource(
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    served=(Served(group="apiextensions.k8s.io", version="v1"),),
    short_names=("crd", "crds"),
    is_namespaced=False,
    subresources=("status",),
)
SERVICE_MONITOR = Resource(
    kind="ServiceMonitor",
    plural="servicemonitors",
    served=_MONITORING,
    short_names=("smon",),
    is_custom=True,
)
PROMETHEUS_RULE = Resource(
    kind="PrometheusRule",
    plural="prometheusrules",
    served=_MONITORING,
    short_names=("promrule",),
    is_custom=True,
)
ROLLOUT_PLAN = Resource(
    kind="RolloutPlan",
    plural="rolloutplans",
    served=(Served(group="rolloutd.io", version="v1alpha1"),),
    short_names=("rp",),
    subresources=("status",),
    is_custom=True,
    has_generation=True,
    needs_version=True,
)
"""Ours; served whether its CustomResourceDefinition is there or not."""

RESOURCES = (
    NAMESPACE,
    POD,
    SERVICE,
    CONFIG_MAP,
    SECRET,
    EVENT,
    DEPLOYMENT,
    REPLICA_SET,
    LEASE,
    VIRTUAL_SERVICE,
    DESTINATION_RULE,
    SERVICE_ACCOUNT,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
    PERSISTENT_VOLUME_CLAIM,
    CUSTOM_RESOURCE_DEFINITION,
    SERVICE_MONITOR,
    PROMETHEUS_RULE,
    ROLLOUT_PLAN,
)


def endpoints() -> Iterator[Endpoint]:
    """Yield every resource under each of its groups and versions."""
    for resource in RESOURCES:
        for served in resource.served:
            yield Endpoint(resource=resource, served=served)


ENDPOINTS: Mapping[tuple[str, str, str], Endpoint] = MappingProxyType(
    {
        (each.served.group, each.served.version, each.resource.plural): each
        for each in endpoints()
    }
)
"""By group, version and plural."""
