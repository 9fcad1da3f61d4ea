"""Paths are those of the Kubernetes API."""

from __future__ import annotations

import pytest

from rolloutd.adapters.kubernetes.paths import (
    DEPLOYMENT,
    LEASE,
    POD,
    destination_rule,
    served_version,
    virtual_service,
)
from rolloutd.errors import Refused
from rolloutd.ports import Json
from tests.fakes.kube import FakeKube

GROUP = "/apis/networking.istio.io"


def serving(*versions: str) -> FakeKube:
    """Return an API server with these versions of Istio's resources."""
    kube = FakeKube()
    entries: list[Json] = [{"version": version} for version in versions]
    kube.objects[GROUP] = {"kind": "APIGroup", "versions": entries}
    return kube


def test_collections_and_items_have_the_apis_paths() -> None:
    """The core group alone lives under /api."""
    assert POD.collection() == "/api/v1/pods"
    assert POD.collection("shop") == "/api/v1/namespaces/shop/pods"
    assert DEPLOYMENT.collection() == "/apis/apps/v1/deployments"
    assert LEASE.item("ops", "l") == "/apis/coordination.k8s.io/v1/namespaces/ops/leases/l"
    assert virtual_service("v1").collection() == f"{GROUP}/v1/virtualservices"
    assert destination_rule("v1beta1").collection() == f"{GROUP}/v1beta1/destinationrules"


@pytest.mark.parametrize(
    ("served", "best"),
    [
        (("v1alpha3", "v1", "v1beta1"), "v1"),
        (("v1alpha3", "v1beta1"), "v1beta1"),
        (("v1alpha3",), "v1alpha3"),
    ],
)
async def test_the_best_served_version_is_used(served: tuple[str, ...], best: str) -> None:
    """Istio before 1.22 has no v1, and a future one may have nothing else."""
    assert await served_version(serving(*served)) == best


@pytest.mark.parametrize("kube", [serving("v2"), serving(), FakeKube()])
async def test_a_cluster_without_istio_is_refused(kube: FakeKube) -> None:
    """Waiting for it would look like a hang."""
    with pytest.raises(Refused, match=r"no networking\.istio\.io version of v1, v1beta1"):
        await served_version(kube)
