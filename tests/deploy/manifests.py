"""Renders what people apply, and finds things in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import yaml

from rolloutd.adapters.kubernetes.fields import dig, items, section, text
from rolloutd.cli.run import run
from rolloutd.ports import Json
from tests.sandbox.kubernetes.kubectl import binary

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
OVERLAYS = ("namespaced", "cluster")


def rendered(folder: Path) -> tuple[Json, ...]:
    """Return the objects of a kustomization, as kubectl renders them."""
    done = subprocess.run(
        [binary(), "kustomize", folder], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def composed(
    folder: Path, overlay: str, *components: str, runbook: str | None = None
) -> tuple[Json, ...]:
    """Return an overlay with further components, as a user's own kustomization has it.

    Args:
        folder: For that kustomization.
        runbook: Address to set, as docs/deploy.md has it.
    """
    # Kustomize takes relative paths alone.
    up = "/".join([".."] * (len(folder.resolve().parts) - 1))
    form: Json = {
        "resources": [f"{up}{DEPLOY}/overlays/{overlay}"],
        "components": [f"{up}{DEPLOY}/components/{name}" for name in components],
    }
    if runbook is not None:
        literals = [f"runbook={runbook}"]
        links = {"name": "rolloutd-links", "namespace": "rolloutd", "literals": literals}
        form["configMapGenerator"] = [links]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(form))
    return rendered(folder)


def of_kind(objects: Sequence[Json], *kinds: str) -> list[Json]:
    """Return the objects of some kinds."""
    return [each for each in objects if each.get("kind") in kinds]


def only(objects: Sequence[Json], kind: str) -> Json:
    """Return the one object of a kind."""
    (found,) = of_kind(objects, kind)
    return found


def template(objects: Sequence[Json]) -> Json:
    """Return the pod template of the daemon."""
    return section(only(objects, "Deployment"), "spec", "template")


def container(objects: Sequence[Json]) -> Json:
    """Return the daemon's container."""
    (found,) = items(template(objects), "spec", "containers")
    assert isinstance(found, dict)
    return found


def arguments(objects: Sequence[Json]) -> list[str]:
    """Return what the daemon is started with."""
    return [str(each) for each in items(container(objects), "args")]


def rules(objects: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """Yield (namespace, rule) of every role; the namespace is empty for the whole cluster."""
    for role in of_kind(objects, "Role", "ClusterRole"):
        for rule in items(role, "rules"):
            assert isinstance(rule, dict)
            yield text(role, "metadata", "namespace") or "", rule


def run_option(name: str) -> click.Parameter:
    """Return an option of ``rolloutd run``."""
    return next(each for each in run.params if each.name == name)


def words(value: object, *path: str) -> list[str]:
    """Return an array of strings inside."""
    found = dig(value, *path)
    return [str(each) for each in found] if isinstance(found, list) else []
