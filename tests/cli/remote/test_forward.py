"""Finding the daemon in a cluster, with the real kubectl and its real port forwarding."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp import web

from rolloutd.cli.remote.forward import Cluster, Forward
from rolloutd.cli.remote.options import rest
from rolloutd.errors import Unavailable
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.kubeconfig import kubeconfig
from rolloutd.sandbox.kubernetes.server import serve
from rolloutd.sandbox.kubernetes.store import Store
from tests.api.control.office import Office, checkout
from tests.cli.remote.spdy import Tunnel
from tests.sandbox.kubernetes.examples import dice
from tests.sandbox.kubernetes.kubectl import binary

pytestmark = pytest.mark.real

POD = "rolloutd-7d9f-x2x4k"
PODS = "/api/v1/namespaces/rolloutd/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/rolloutd/leases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A cluster in which a daemon runs."""

    tunnel: Tunnel
    kubeconfig: Path
    paths: list[str]

    def forward(self) -> Forward:
        """Return a way to its daemon."""
        kubectl = [str(binary()), f"--kubeconfig={self.kubeconfig}"]
        return Forward(Cluster(kubectl=kubectl, namespace="rolloutd", service="rolloutd"), rest)


def pod(name: str) -> Json:
    """Return a pod of the daemon, as manifests make it."""
    port: Json = {"name": "api", "containerPort": 8080}
    container: Json = {"name": "rolloutd", "image": "rolloutd", "ports": [port]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "rolloutd"}},
        "spec": {"containers": [container]},
        "status": {"phase": "Running"},
    }


NAMESPACES = "/api/v1/namespaces"
NAMESPACE: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rolloutd"}}
LEASE: Json = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "rolloutd"},
    "spec": {"holderIdentity": f"{POD}_0123abcd"},
}


@asynccontextmanager
async def town(folder: Path, target: str, *objects: tuple[str, Json]) -> AsyncIterator[Town]:
    """Serve a cluster that forwards ports to ``target``."""
    store = Store(lambda: datetime.now(UTC), dice())  # noqa: TID251 - kubectl's ages are real
    tunnel = Tunnel(target)
    paths: list[str] = []

    async def forward(request: web.Request) -> web.StreamResponse | None:
        paths.append(request.path)
        return await tunnel.serve(request) if request.path.endswith("/portforward") else None

    async with serve(store) as served, aiohttp.ClientSession() as session:
        for path, body in ((NAMESPACES, NAMESPACE), *objects):
            async with session.post(served.url + path, json=body) as answer:
                assert answer.status == 201, await answer.text()
            if "status" in body:
                place = f"{served.url}{path}/{POD}/status"
                merge = {"Content-Type": "application/merge-patch+json"}
                async with session.patch(
                    place, data=orjson.dumps({"status": body["status"]}), headers=merge
                ) as answer:
                    assert answer.status == 200, await answer.text()
        served.server.hook = forward
        file = folder / "kubeconfig"
        file.write_text(kubeconfig(served.url).replace("namespace: default", "namespace: shop"))
        yield Town(tunnel=tunnel, kubeconfig=file, paths=paths)


async def started(here: Town, *arguments: str) -> asyncio.subprocess.Process:
    """Start a command that has to find its daemon."""
    kept = {name: value for name, value in os.environ.items() if "ROLLOUTD" not in name}
    path = f"{Path(binary()).parent}:{kept['PATH']}"
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rolloutd", *arguments),
        f"--kubeconfig={here.kubeconfig}",
        env={**kept, "PATH": path},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(here: Town, *arguments: str) -> tuple[int, str, str]:
    """Run such a command; return code, output and errors."""
    process = await started(here, *arguments)
    told, errors = await process.communicate()
    return process.returncode or 0, told.decode(), errors.decode()


async def test_the_leading_replica_is_reached(tmp_path: Path) -> None:
    """By the Lease's word, through the port called api, in the context's namespace."""
    async with (
        Office().open(checkout()) as office,
        town(tmp_path, office.url, (PODS, pod(POD)), (LEASES, LEASE)) as here,
    ):
        code, told, errors = await run(here, "pause", "checkout", "--reason", "by kubectl")
        record = office.record()

    assert (code, errors) == (0, "")
    assert told.startswith("shop/checkout is paused")
    assert record.reason == "Paused by local: by kubectl."
    assert f"{PODS}/{POD}/portforward" in here.paths
    assert here.tunnel.opened == 1


async def test_a_way_that_broke_is_opened_anew(tmp_path: Path) -> None:
    """A pipeline outlives the pod that it began with."""
    async with (
        Office().open(checkout()) as office,
        town(tmp_path, office.url, (PODS, pod(POD)), (LEASES, LEASE)) as here,
    ):
        way = here.forward()
        first = await asyncio.to_thread(way.url)
        again = await asyncio.to_thread(way.url)
        way.renew()
        other = await asyncio.to_thread(way.url)
        way.close()

    assert first == again
    assert other.startswith("http://127.0.0.1:")
    assert here.paths.count(f"{PODS}/{POD}/portforward") == 2


async def test_who_is_stopped_leaves_no_kubectl_behind(tmp_path: Path) -> None:
    """A pipeline that is cancelled gets SIGTERM."""
    async with (
        Office().open(checkout()) as office,
        town(tmp_path, office.url, (PODS, pod(POD)), (LEASES, LEASE)) as here,
    ):
        waiting = await started(here, "status", "checkout", "--wait")
        assert waiting.stdout is not None
        await waiting.stdout.readline()
        waiting.terminate()
        code = await waiting.wait()
        # The tunnel's end is seen when kubectl is gone.
        await here.tunnel.closed.wait()

    assert code == 128 + signal.SIGTERM


async def test_a_cluster_without_the_daemon_is_told_in_a_sentence(tmp_path: Path) -> None:
    """With kubectl's own reason, and what to give instead."""
    async with town(tmp_path, "http://127.0.0.1:1") as here:
        code, told, errors = await run(here, "get")

    assert (code, told) == (1, "")
    assert errors.count("\n") == 1
    assert errors.startswith("Error: kubectl finds no way to the Service rolloutd/rolloutd:")
    assert "not found" in errors
    assert "--service NAMESPACE/NAME" in errors


async def test_a_context_without_a_namespace_means_default(tmp_path: Path) -> None:
    """As it does for kubectl."""
    async with town(tmp_path, "http://127.0.0.1:1") as here:
        at_first = await asyncio.to_thread(here.forward().namespace)
        text = here.kubeconfig.read_text()
        here.kubeconfig.write_text(text.replace("    namespace: shop\n", ""))
        then = await asyncio.to_thread(here.forward().namespace)

    assert (at_first, then) == ("shop", "default")


def test_without_kubectl_the_address_has_to_be_given(tmp_path: Path) -> None:
    """Or the program, named by what it is missing."""
    missing = str(tmp_path / "kubectl")
    way = Forward(Cluster(kubectl=[missing], namespace="a", service="b"), rest)

    with pytest.raises(Unavailable, match="--server or ROLLOUTD_SERVER"):
        way.url()
