"""What is printed for Argo CD and Flux keeps Git away from what a rollout writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from rolloutd.adapters.kubernetes.fields import items, section
from rolloutd.cli.gitops import gitops
from rolloutd.ports import Json
from tests.adapters.plans.forms import PLAN, changed, with_spec

SERVICE = """\
kind: VirtualService
metadata: {name: shop}
spec:
  http:
    - name: grpc
      route: [{destination: {host: a}, weight: 100}, {destination: {host: b}, weight: 0}]
    - name: "web \\"new\\""
      route: [{destination: {host: a}}]
"""


def ran(tmp_path: Path, *words: str, plan: str = PLAN) -> Result:
    file = tmp_path / "plan.yaml"
    file.write_text(plan)
    return CliRunner().invoke(gitops, [words[0], str(file), *words[1:]])


def printed(tmp_path: Path, *words: str, plan: str = PLAN) -> list[Json]:
    result = ran(tmp_path, *words, plan=plan)
    assert result.exit_code == 0, result.output
    return [section(each) for each in yaml.safe_load_all(result.stdout)]


def paths(rule: object, name: str) -> list[str]:
    return [str(each) for each in items(rule, name)]


def named(plan: str, *routes: str) -> str:
    listed = json.dumps(list(routes))
    return plan.replace(
        "virtualService: {name: shop}", f"virtualService: {{name: shop, routes: {listed}}}"
    )


def test_argocd_leaves_weights_and_our_annotations_alone(tmp_path: Path) -> None:
    """Otherwise self-heal takes the traffic back in the middle of a rollout."""
    (found,) = printed(tmp_path, "argocd")
    (rule,) = items(found, "spec", "ignoreDifferences")

    assert section(rule) | {"jqPathExpressions": None} == {
        "group": "networking.istio.io",
        "kind": "VirtualService",
        "name": "shop",
        "namespace": "default",
        "jqPathExpressions": None,
    }
    assert paths(rule, "jqPathExpressions") == [
        ".spec.http[].route[].weight",
        '.metadata.annotations["rolloutd.io/managed-by"]',
        '.metadata.annotations["rolloutd.io/epoch"]',
        '.metadata.annotations["rolloutd.io/record.shop"]',
        '.metadata.annotations["rolloutd.io/desired-weight.shop"]',
        '.metadata.annotations["rolloutd.io/last-transition.shop"]',
    ]


def test_argocd_is_told_to_heed_it_when_it_syncs(tmp_path: Path) -> None:
    """Ignored differences are only hidden, and still overwritten, without this option."""
    (found,) = printed(tmp_path, "argocd")

    assert "RespectIgnoreDifferences=true" in items(found, "spec", "syncPolicy", "syncOptions")


def test_argocd_ignores_named_routes_alone(tmp_path: Path) -> None:
    """The weights of other routes are Git's."""
    (found,) = printed(tmp_path, "argocd", plan=named(PLAN, "grpc", 'web "new"'))
    (rule,) = items(found, "spec", "ignoreDifferences")

    assert paths(rule, "jqPathExpressions")[:2] == [
        '.spec.http[] | select(.name == "grpc") | .route[].weight',
        '.spec.http[] | select(.name == "web \\"new\\"") | .route[].weight',
    ]


def test_argocd_leaves_the_replicas_of_a_retired_stable_alone(tmp_path: Path) -> None:
    """Git would start its pods again."""
    plan = with_spec("onPromoted: {scaleDownStable: {after: 30m}}")
    (found,) = printed(tmp_path, "argocd", plan=plan)
    last = items(found, "spec", "ignoreDifferences")[-1]

    assert (section(last)["kind"], section(last)["name"]) == ("Deployment", "shop-v1")
    assert paths(last, "jqPathExpressions") == [".spec.replicas"]


def test_only_the_first_of_several_virtual_services_has_the_record(tmp_path: Path) -> None:
    """As the daemon writes it."""
    plan = changed(
        ("virtualService: {name: shop}", "virtualService: [{name: shop}, {name: b}]")
    )
    (found,) = printed(tmp_path, "argocd", plan=plan)
    first, second = items(found, "spec", "ignoreDifferences")

    assert any("record" in each for each in paths(first, "jqPathExpressions"))
    assert not any("record" in each for each in paths(second, "jqPathExpressions"))


def test_flux_ignores_every_weight_of_the_manifest(tmp_path: Path) -> None:
    """JSON pointers know no wildcards: the manifest says how many there are."""
    (tmp_path / "vs.yaml").write_text(SERVICE)
    (found,) = printed(tmp_path, "flux", "--manifest", str(tmp_path / "vs.yaml"))
    (rule,) = items(found, "spec", "ignore")

    assert paths(rule, "paths") == [
        "/spec/http/0/route/0/weight",
        "/spec/http/0/route/1/weight",
        "/spec/http/1/route/0/weight",
    ]
    assert section(rule, "target")["name"] == "shop"


def test_flux_ignores_named_routes_alone(tmp_path: Path) -> None:
    """By their places, which is all that Flux understands."""
    (tmp_path / "vs.yaml").write_text(SERVICE)
    words = ("flux", "--manifest", str(tmp_path / "vs.yaml"))
    (found,) = printed(tmp_path, *words, plan=named(PLAN, 'web "new"'))
    (rule,) = items(found, "spec", "ignore")

    assert paths(rule, "paths") == ["/spec/http/1/route/0/weight"]


def test_flux_without_a_manifest_ignores_all_routes_and_says_so(tmp_path: Path) -> None:
    """Safe for the traffic, at a price that must be known."""
    result = ran(tmp_path, "flux")
    (rule,) = items(yaml.safe_load(result.stdout), "spec", "ignore")

    assert paths(rule, "paths") == ["/spec/http"]
    assert "no change of spec.http at all" in result.stdout


def test_an_older_flux_creates_and_then_leaves_alone(tmp_path: Path) -> None:
    """It can't ignore fields."""
    (found,) = printed(tmp_path, "flux", "--before-2.9")

    assert section(found, "metadata")["annotations"] == {
        "kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"
    }


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        (
            SERVICE.replace("name: shop", "name: other"),
            "no --manifest has the VirtualService default/shop",
        ),
        ("kind: [", "vs.yaml"),
    ],
)
def test_a_manifest_without_the_virtual_service_is_refused(
    tmp_path: Path, manifest: str, complaint: str
) -> None:
    """A rule without paths would ignore nothing, in silence."""
    (tmp_path / "vs.yaml").write_text(manifest)
    result = ran(tmp_path, "flux", "--manifest", str(tmp_path / "vs.yaml"))

    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_broken_plan_is_complained_of(tmp_path: Path) -> None:
    """As `rolloutd lint` does, with its exit code."""
    result = ran(tmp_path, "argocd", plan=changed(("hold: 5m", "hodl: 5m")))

    assert result.exit_code == 5
    assert "did you mean 'hold'?" in result.stderr


def test_a_directory_without_plans_is_no_success(tmp_path: Path) -> None:
    """A misspelt path must not print an empty rule."""
    result = CliRunner().invoke(gitops, ["argocd", str(tmp_path)])

    assert result.exit_code == 5
    assert "no plans" in result.stderr


def test_every_snippet_begins_with_where_it_belongs(tmp_path: Path) -> None:
    """YAML without a place is a riddle."""
    (tmp_path / "vs.yaml").write_text(SERVICE)
    manifest = ("--manifest", str(tmp_path / "vs.yaml"))
    for words in (("argocd",), ("flux",), ("flux", *manifest), ("flux", "--before-2.9")):
        assert re.match(r"# Into the ", ran(tmp_path, *words).stdout)
