"""The real kubectl applies what we ship to the sandbox's API server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deploy.manifests import DEPLOY, OVERLAYS, composed
from tests.sandbox.kubernetes.kubectl import Kubectl, terminal

pytestmark = pytest.mark.real


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """Start a terminal and an empty cluster."""
    async with terminal(tmp_path) as ready:
        yield ready


def place(overlay: str) -> str:
    """Return where an overlay is."""
    return str(DEPLOY / "overlays" / overlay)


@pytest.mark.parametrize("overlay", OVERLAYS)
async def test_an_overlay_is_applied_and_applied_again(overlay: str, kubectl: Kubectl) -> None:
    """The second time is an upgrade that changes nothing: no pod restarts."""
    first = (await kubectl("apply", "-k", place(overlay))).splitlines()
    version = kubectl.store.version
    await kubectl("apply", "-k", place(overlay))

    assert {line.rpartition(" ")[2] for line in first} == {"created"}
    assert kubectl.store.version == version
    assert "deployment.apps/rolloutd created" in first


async def test_a_volume_for_the_audit_trail_is_applied(
    kubectl: Kubectl, tmp_path: Path
) -> None:
    """The claim is the one object that no overlay has by itself."""
    own = tmp_path / "own"
    own.mkdir()
    composed(own, "namespaced", "audit-volume")
    said = await kubectl("apply", "-k", str(own))

    assert "persistentvolumeclaim/rolloutd-audit created" in said
    assert "deployment.apps/rolloutd created" in said


async def test_server_side_apply_takes_it_too(kubectl: Kubectl) -> None:
    """As Flux does."""
    said = await kubectl("apply", "--server-side", "-k", place("cluster"))

    assert "deployment.apps/rolloutd serverside-applied" in said


async def test_plans_outlive_an_upgrade_and_go_with_the_namespace(kubectl: Kubectl) -> None:
    """Plans are their owners': applying the daemon again must not take them away."""
    await kubectl("apply", "-k", place("cluster"))
    plan = DEPLOY.parent / "config" / "data-product.yaml"
    words = ("-n", "rolloutd", "create", "configmap", "rolloutd-plans", f"--from-file={plan}")
    manifest = await kubectl(*words, "--dry-run=client", "-o", "json")
    kubectl.write_text("plans.json", manifest)
    await kubectl("apply", "-f", "plans.json")
    await kubectl("apply", "-k", place("cluster"))
    kept = await kubectl("-n", "rolloutd", "get", "configmap", "rolloutd-plans", "-o", "name")
    await kubectl("delete", "--ignore-not-found", "-k", place("cluster"))
    left = await kubectl("get", "configmaps,deployments,clusterroles", "-A", "-o", "name")

    assert kept.strip() == "configmap/rolloutd-plans"
    assert left.strip() == ""
