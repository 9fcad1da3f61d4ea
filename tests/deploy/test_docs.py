"""The commands of docs/deploy.md do what they say; snippets of docs/gitops.md are YAML."""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
from inspect import signature
from pathlib import Path

import pytest
import yaml

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.envoy import fetch
from rolloutd.adapters.envoy.protobuf import ProtobufReader
from rolloutd.adapters.envoy.text import TextReader
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.adapters.plans.yaml_source import DEEPEST, LARGEST, MOST_NODES
from rolloutd.adapters.prometheus import client
from rolloutd.api.control.limits import FAILED_LOGINS, ORDERS
from rolloutd.api.control.tokens import read_tokens
from rolloutd.cli.run import run
from rolloutd.sandbox.cluster import cluster
from tests.deploy.manifests import ROOT
from tests.sandbox.kubernetes.kubectl import Kubectl, binary


def blocks(name: str, language: str) -> list[str]:
    """Return the blocks of a language in a document."""
    text = (ROOT / "docs" / name).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


async def ran(script: str, home: Path) -> str:
    """Run a script in the repository as a person would; it succeeds."""
    programs = Path(sys.executable).parent
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=home / "repository",
        env={
            "HOME": str(home),
            "KUBECONFIG": str(home / "kubeconfig"),
            "PATH": f"{programs}:{os.environ['PATH']}",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(100):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@pytest.mark.real
async def test_the_guide_leads_from_nothing_to_a_daemon_and_back(tmp_path: Path) -> None:
    """Whoever follows it for the first time has nobody to ask."""
    kubectl = binary()
    (tmp_path / "repository").mkdir()
    for name in ("deploy", "config", "grafana"):
        (tmp_path / "repository" / name).symlink_to(ROOT / name)
    *steps, uninstall = blocks("deploy.md", "sh")
    chance = random.Random(5)  # noqa: S311 - uids only
    async with cluster(SystemClock(), chance, tmp_path) as here:
        said = "".join([await ran(step, tmp_path) for step in steps])
        terminal = Kubectl(kubectl, tmp_path, here.store)
        held = await terminal("get", "secrets,configmaps", "-A", "-o", "name")
        await ran(uninstall, tmp_path)
        left = await terminal(
            "get", "secrets,configmaps,deploy,rp", "-n", "rolloutd", "-o", "name"
        )

    assert said.count('deployment "rolloutd" successfully rolled out') == 2
    assert {
        "secret/rolloutd-tokens",
        "secret/rolloutd-slack",
        "configmap/rolloutd-plans",
    } <= set(held.split())
    assert left.strip() == ""


def test_the_token_file_of_the_guide_is_one(tmp_path: Path) -> None:
    """A file that the daemon can't read keeps everybody out, and the pods from starting."""
    line = f"sha256:{'ab' * 32}: {{user: ana, role: operator}}\n"
    (tmp_path / "tokens.yaml").write_text(line)
    (caller,) = read_tokens(tmp_path / "tokens.yaml").values()

    assert line.partition(":")[2].partition(":")[2].strip() in blocks("deploy.md", "sh")[0]
    assert caller.user == "ana"


@pytest.mark.parametrize(
    "block",
    [each for name in ("gitops.md", "deploy.md") for each in blocks(name, "yaml")],
    ids=lambda block: block[:30],
)
def test_snippets_are_yaml(block: str) -> None:
    """They are copied as they stand."""
    assert all(isinstance(each, dict) for each in yaml.safe_load_all(block))


def test_the_limits_that_security_cites_are_those_of_the_code() -> None:
    """A bound that was raised and not told is a promise broken."""
    text = (ROOT / "SECURITY.md").read_text()
    envoy, prometheus = fetch.Limits(), client.Limits()
    spellings = signature(TextReader).parameters["most_spellings"].default
    series = signature(ProtobufReader).parameters["most_series"].default

    for cited in (
        f"{envoy.deadline:g} s for an answer, connecting included",
        f"{envoy.body >> 20} MiB for one answer, unpacked; {envoy.memory >> 20} MiB for all",
        f"{spellings:,} spellings are remembered (text), {series:,} (protobuf)",
        f"{prometheus.body >> 20} MiB and {prometheus.deadline:g} s for an answer, six",
        f"The API server: {ClientSettings().body_limit >> 20} MiB",
        f"{LARGEST >> 20} MiB a file, {MOST_NODES:,} values, {DEEPEST} levels",
        f"after {FAILED_LOGINS.burst} failures of an address",
        f"limited to {ORDERS.burst} at once and one a second",
    ):
        assert cited in text, cited
    assert prometheus.at_once == 6


def test_what_security_and_the_guides_link_to_is_there() -> None:
    """A threat model that points at nothing proves nothing."""
    for name in ("SECURITY.md", "docs/deploy.md", "docs/gitops.md"):
        text = (ROOT / name).read_text()
        links = re.findall(r"\]\(([^)#]+)\)", text)

        assert all((ROOT / name).parent.joinpath(link).exists() for link in links), name


def test_the_example_settings_are_understood(tmp_path: Path) -> None:
    """They are the first file that people copy."""
    example = ROOT / "config" / "settings" / "rolloutd.yaml"
    context = run.make_context("run", ["--config", str(example), "--plans", str(tmp_path)])

    assert context.params["namespaces"] == ("default",)
    assert context.params["plans_from_cluster"] is False
    assert context.params["lease"] == "rolloutd/rolloutd"
