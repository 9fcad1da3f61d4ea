"""Credentials come from where kubectl takes them, and come anew when they are rejected."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from rolloutd.adapters.kubernetes.api import connect
from rolloutd.adapters.kubernetes.credentials import Access, ClusterCredentials
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.errors import Refused
from rolloutd.ports import Json
from tests.adapters.kubernetes.objects import SHOP, service
from tests.adapters.kubernetes.paces import fake_pace
from tests.fakes.clock import FakeClock
from tests.integration.kubernetes.http_kube import HttpKube, status
from tests.integration.kubernetes.loop_clock import LoopClock

CA = """-----BEGIN CERTIFICATE-----
MIIBizCCATGgAwIBAgIUefe4QjExnD75OIwpU4SmQWc8aLswCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHdGVzdC1jYTAgFw0yNjExMjIyMTIyMjFaGA8yMTI2MTAyOTIx
MjIyMVowEjEQMA4GA1UEAwwHdGVzdC1jYTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABG5W+zu2cS5BXqBcnPWrCfqqhEhtwUJhzZ+WYsbY/1H4XAJvT3NpYxGtX3s9
L9jPNNmPoQHwSdOUF86twqeo19KjYzBhMB0GA1UdDgQWBBT4aM1lOL4QhezPqGt3
xVOW5FIv7zAfBgNVHSMEGDAWgBT4aM1lOL4QhezPqGt3xVOW5FIv7zAPBgNVHRMB
Af8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNIADBFAiBdeKIH
fzTq316Jidux6o4cerEhQRehNPDY+2RHXwMMEQIhALxSR7c6EGt2YCvQMrg0DDtw
+KK3lKhUjfvauQjc1jDP
-----END CERTIFICATE-----
"""


def written(folder: Path, server: str, user: Json, **cluster: object) -> Path:
    """Write a kubeconfig with one context, ``shop``."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "shop",
        "contexts": [{"name": "shop", "context": {"cluster": "here", "user": "us"}}],
        "clusters": [{"name": "here", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "us", "user": user}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


async def test_a_kubeconfig_leads_to_its_cluster(tmp_path: Path) -> None:
    """The same file that kubectl reads, the same cluster, the same user."""
    server = HttpKube()
    server.kube.put(f"{SHOP}/a", service("a"))
    async with server.serving():
        config = written(tmp_path, server.url, {"token": "secret"})

        async with connect(config, "shop", ClientSettings(), fake_pace(LoopClock())) as api:
            found = await api.get(f"{SHOP}/a")

    assert found is not None
    assert server.seen[0].headers["Authorization"] == "Bearer secret"


async def test_an_exec_plugin_is_asked_again_after_a_rejection(tmp_path: Path) -> None:
    """Cloud clusters hand out tokens for an hour; a daemon lives for months."""
    counter = tmp_path / "runs"
    script = (
        "import json, pathlib, sys; p = pathlib.Path(sys.argv[1]);"
        "n = int(p.read_text()) + 1 if p.exists() else 1; p.write_text(str(n));"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',"
        " 'kind': 'ExecCredential', 'status': {'token': f'token-{n}'}}))"
    )
    user: Json = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-c", script, str(counter)],
        }
    }
    server = HttpKube()

    async def hook(request: web.Request) -> web.StreamResponse | None:
        is_old = request.headers["Authorization"] == "Bearer token-1"
        return status(401, "Unauthorized") if is_old else None

    server.hook = hook
    async with server.serving():
        config = written(tmp_path, server.url, user)
        async with connect(config, None, ClientSettings(), fake_pace(LoopClock())) as api:
            await api.get(f"{SHOP}/a")
            await api.get(f"{SHOP}/a")

    tokens = [request.headers["Authorization"] for request in server.seen]
    assert tokens == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


async def test_a_plugin_is_not_asked_at_every_rejection(tmp_path: Path) -> None:
    """A user without rights would make it a hot loop of subprocesses."""
    config = written(tmp_path, "http://127.0.0.1:1", {"token": "one"})
    credentials = ClusterCredentials(config, None, fake_pace(FakeClock(jumps=False)))
    first = await credentials.access()
    await credentials.renew(first)
    written(tmp_path, "http://127.0.0.1:1", {"token": "two"})

    again = await credentials.renew(first)

    assert again == first


async def read(kubeconfig: Path) -> Access:
    """Return the access that a kubeconfig gives."""
    pace = fake_pace(FakeClock(jumps=False))
    return await ClusterCredentials(kubeconfig, None, pace).access()


async def test_certificates_are_verified_unless_the_kubeconfig_says_otherwise(
    tmp_path: Path,
) -> None:
    """Our token goes to whoever answers; only an explicit word may relax that."""
    strict = (await read(written(tmp_path, "https://here:6443", {}))).tls
    lax = (
        await read(
            written(tmp_path, "https://here:6443", {}, **{"insecure-skip-tls-verify": True})
        )
    ).tls

    assert strict is not None
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert lax is not None
    assert (lax.verify_mode, lax.check_hostname) == (ssl.CERT_NONE, False)


async def test_a_bastions_name_and_proxy_are_taken_over(tmp_path: Path) -> None:
    """Clusters behind a tunnel are reached under another name."""
    config = written(
        tmp_path,
        "https://here:6443/",
        {"username": "us", "password": "pw"},
        **{"tls-server-name": "kubernetes", "proxy-url": "http://proxy:3128"},
    )

    access = await read(config)

    assert (access.host, access.server_name) == ("https://here:6443", "kubernetes")
    assert access.proxy == "http://proxy:3128"
    assert access.authorization == "Basic dXM6cHc="


@pytest.mark.parametrize(
    ("content", "context"),
    [
        pytest.param(None, None, id="no such file"),
        pytest.param("{", None, id="no YAML"),
        pytest.param("[]", None, id="no config"),
        pytest.param("", None, id="empty"),
        pytest.param("contexts: []\ncurrent-context: x", "y", id="no such context"),
    ],
)
async def test_an_unusable_kubeconfig_is_refused_with_its_name(
    tmp_path: Path, content: str | None, context: str | None
) -> None:
    """Retrying helps nobody; the file has to be mended, so it is named."""
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)

    with pytest.raises(Refused, match="kubeconfig"):
        await ClusterCredentials(path, context, fake_pace(FakeClock(jumps=False))).access()


async def test_in_a_cluster_the_service_account_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kubelet mounts it: a CA, and a token that it replaces now and then."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (tmp_path / "ca.crt").write_text(CA)
    (tmp_path / "token").write_text("first")
    pace = fake_pace(FakeClock(jumps=False))
    credentials = ClusterCredentials(None, None, pace, service_account=tmp_path)
    before = await credentials.access()
    (tmp_path / "token").write_text("second")

    after = await credentials.renew(before)

    assert (before.host, before.authorization) == ("https://[fd00::1]:443", "Bearer first")
    assert before.tls is not None
    assert [ca["subject"] for ca in before.tls.get_ca_certs()] == [
        ((("commonName", "test-ca"),),)
    ]
    assert after.authorization == "Bearer second"


async def test_outside_a_cluster_the_service_account_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message must say what was tried, or nobody thinks of --kubeconfig."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(Refused, match="service account"):
        await ClusterCredentials(None, None, fake_pace(FakeClock(jumps=False))).access()
