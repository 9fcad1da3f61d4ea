"""``rolloutd gitops``: what keeps Git from fighting with us over the weights."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import yaml

from rolloutd.adapters.istio.annotations import EPOCH, MANAGED_BY, keys
from rolloutd.adapters.kubernetes.fields import items, section, text
from rolloutd.adapters.kubernetes.paths import ISTIO_NETWORKING
from rolloutd.adapters.plans.directory import scan
from rolloutd.cli.lint import FINDINGS
from rolloutd.core.plan import Plan, Routes
from rolloutd.ports import Json

_KIND = "VirtualService"
_PLAN = click.Path(exists=True, path_type=Path)

_ARGOCD = """\
# Into the Argo CD Application that deploys the VirtualServices below. Without
# RespectIgnoreDifferences a sync still writes the weights that are in Git.
"""
_FLUX = """\
# Into the Flux Kustomization that deploys the VirtualServices below (Flux 2.9 or newer).
# The numbers are places in spec.http as the manifest has it now: renew this when routes
# are added, taken out or moved.
"""
_FLUX_WHOLE = """\
# Into the Flux Kustomization that deploys the VirtualServices below (Flux 2.9 or newer).
# Flux then applies no change of spec.http at all. To ignore the weights alone, name the
# manifest: rolloutd gitops flux PLAN --manifest VIRTUALSERVICE.yaml
"""
_FLUX_OLD = """\
# Into the manifests in Git, for a Flux older than 2.9: Flux creates the VirtualService where
# there is none, and leaves it alone afterwards, other changes in Git included.
"""


@click.group()
def gitops() -> None:
    """Print what keeps Argo CD or Flux from undoing a rollout's weights."""


@gitops.command()
@click.argument("plan", type=_PLAN)
def argocd(plan: Path) -> None:
    """Print the part of an Argo CD Application that a PLAN needs: a file or a directory."""
    ignored = [each for found in _plans(plan) for each in _argocd(found)]
    options = ["RespectIgnoreDifferences=true", "ApplyOutOfSyncOnly=true"]
    _show(
        _ARGOCD,
        {"spec": {"ignoreDifferences": ignored, "syncPolicy": {"syncOptions": options}}},
    )


@gitops.command()
@click.argument("plan", type=_PLAN)
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with VirtualServices as they are in Git, repeatable: ignores weights alone.",
)
@click.option("--before-2.9", "is_old", is_flag=True, help="For a Flux that can't ignore.")
def flux(plan: Path, *, manifests: tuple[Path, ...], is_old: bool) -> None:
    """Print the part of a Flux Kustomization that a PLAN needs: a file or a directory."""
    plans = _plans(plan)
    if is_old:
        _show(_FLUX_OLD, *(_create_only(found, each) for found, each in _moved(plans)))
        return
    known = {_name(each): each for file in manifests for each in _objects(file)}
    rules = [_flux(found, each, known) for found, each in _moved(plans)]
    _show(_FLUX if manifests else _FLUX_WHOLE, {"spec": {"ignore": rules}})


def _plans(path: Path) -> Sequence[Plan]:
    catalogue = scan([path])
    if catalogue.complaints or not catalogue.plans:
        click.echo("\n".join(catalogue.complaints) or f"{path}: no plans", err=True)
        sys.exit(FINDINGS)
    return [catalogue.plans[key] for key in sorted(catalogue.plans)]


def _moved(plans: Iterable[Plan]) -> Iterator[tuple[Plan, Routes]]:
    for plan in plans:
        for routes in plan.virtual_services:
            yield plan, routes


def _argocd(plan: Plan) -> Iterator[Json]:
    own = keys(plan.key.name)
    for index, routes in enumerate(plan.virtual_services):
        # The record is on the first alone.
        record = (own.record, own.desired_weight, own.last_transition) if index == 0 else ()
        yield {
            "group": ISTIO_NETWORKING,
            "kind": _KIND,
            "name": routes.virtual_service,
            "namespace": plan.key.namespace,
            "jqPathExpressions": [
                *_weights(routes),
                *(f'.metadata.annotations["{key}"]' for key in (MANAGED_BY, EPOCH, *record)),
            ],
        }
    if plan.scale_down_after is not None:
        yield {
            "group": "apps",
            "kind": "Deployment",
            "name": plan.stable.deployment,
            "namespace": plan.key.namespace,
            "jqPathExpressions": [".spec.replicas"],
        }


def _weights(routes: Routes) -> Iterator[str]:
    """Yield jq paths of the weights that a plan moves."""
    if not routes.routes:
        yield ".spec.http[].route[].weight"
    for name in routes.routes:
        yield f".spec.http[] | select(.name == {_quoted(name)}) | .route[].weight"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _flux(plan: Plan, routes: Routes, manifests: dict[tuple[str, str], Json]) -> Json:
    paths = ["/spec/http"]
    if manifests:
        name = plan.key.namespace, routes.virtual_service
        manifest = manifests.get(name) or manifests.get(("", routes.virtual_service))
        if manifest is None:
            where = "/".join(name)
            raise click.UsageError(f"no --manifest has the VirtualService {where}")
        paths = list(_pointers(manifest, routes))
    target = {
        "group": ISTIO_NETWORKING,
        "kind": _KIND,
        "name": routes.virtual_service,
        "namespace": plan.key.namespace,
    }
    return {"paths": paths, "target": target}


def _pointers(manifest: Json, routes: Routes) -> Iterator[str]:
    """Yield JSON pointers of the weights that a plan moves."""
    for index, route in enumerate(items(manifest, "spec", "http")):
        if routes.routes and text(route, "name") not in routes.routes:
            continue
        for place, _ in enumerate(items(route, "route")):
            yield f"/spec/http/{index}/route/{place}/weight"


def _create_only(plan: Plan, routes: Routes) -> Json:
    return {
        "apiVersion": f"{ISTIO_NETWORKING}/v1",
        "kind": _KIND,
        "metadata": {
            "name": routes.virtual_service,
            "namespace": plan.key.namespace,
            "annotations": {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"},
        },
    }


def _objects(file: Path) -> Iterator[Json]:
    try:
        documents = [*yaml.safe_load_all(file.read_text())]
    except yaml.YAMLError as error:
        raise click.UsageError(f"{file}: {error}") from error
    yield from (each for each in map(section, documents) if each.get("kind") == _KIND)


def _name(manifest: Json) -> tuple[str, str]:
    """Return (namespace, name); the namespace is empty where kustomize adds it."""
    metadata = section(manifest, "metadata")
    return text(metadata, "namespace") or "", text(metadata, "name") or ""


def _show(heading: str, *documents: Json) -> None:
    body = yaml.safe_dump_all(documents, sort_keys=False, width=120)
    click.echo(heading + body, nl=False)
