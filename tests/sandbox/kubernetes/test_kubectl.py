"""The real kubectl takes the embedded API for a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.fields import dig
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import EVENT, VIRTUAL_SERVICE
from rolloutd.sandbox.kubernetes.workloads import Workloads
from tests.sandbox.kubernetes.examples import named, reviews, web
from tests.sandbox.kubernetes.kubectl import Kubectl, terminal

pytestmark = pytest.mark.real

VS = ("vs", "reviews")
WEIGHT = "/spec/http/0/route/0/weight"
FIRST_WEIGHT = "jsonpath={.spec.http[0].route[0].weight}"


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """Start a terminal and a cluster with a VirtualService and a Deployment."""
    async with terminal(tmp_path) as ready:
        ready.write("vs.json", reviews(labels={"app": "reviews"}))
        ready.write("web.json", web())
        await ready("create", "-f", "vs.json", "-f", "web.json")
        yield ready


def json_patch(*operations: Json) -> tuple[str, ...]:
    """Return the words of a JSON patch."""
    return ("--type=json", "-p", orjson.dumps(operations).decode())


def ignore(_namespace: str, _deployment: str, _pods: tuple[str, ...]) -> None:
    """Play no pods."""


async def test_it_knows_the_server_and_its_resources(kubectl: Kubectl) -> None:
    """Without discovery no other command finds its path."""
    version = await kubectl("version")
    resources = await kubectl("api-resources", "--no-headers", "-o", "name")

    assert "Server Version: v1.37" in version
    assert "virtualservices.networking.istio.io" in resources.split()
    assert "leases.coordination.k8s.io" in resources.split()


async def test_get_prints_columns_of_the_server(kubectl: Kubectl) -> None:
    """People read the state of a rollout from these lines."""
    lines = (await kubectl("get", "vs,deploy", "-A")).splitlines()

    assert lines[0].split() == ["NAMESPACE", "NAME", "GATEWAYS", "HOSTS", "AGE"]
    assert '["reviews"]' in lines[1]
    assert "0/2" in lines[4]


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("get", *VS, "-o", FIRST_WEIGHT), "90"),
        (("get", "vs", "-o", "custom-columns=G:.metadata.generation"), "G\n1"),
        (("get", "vs", "-l", "app in (reviews)", "-o", "name"), "reviews"),
        (("get", "vs", "-l", "app!=reviews", "-o", "name"), ""),
        (("get", "vs", "--field-selector", "metadata.name=zzz", "-o", "name"), ""),
        (("get", *VS, "-o", "yaml"), "subset: v2"),
        (("get", "ns", "-o", "name"), "namespace/default"),
        (("describe", *VS), "Subset:  v2"),
        (("explain", "vs"), "VirtualService"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
async def test_reading_in_many_ways(
    kubectl: Kubectl, words: tuple[str, ...], printed: str
) -> None:
    """Scripts read with selectors and paths; an answer of another form breaks them."""
    text = await kubectl(*words)

    assert printed in text
    assert printed or not text.strip()


async def test_a_name_that_is_not_there_is_not_found(kubectl: Kubectl) -> None:
    """Scripts go by this word."""
    assert "(NotFound)" in await kubectl.refused("get", "vs", "nobody")


async def test_get_follows_changes(kubectl: Kubectl) -> None:
    """``get -w`` is how people look on while weights move."""
    async with asyncio.timeout(30), kubectl.running("get", *VS, "-w") as printed:
        await printed.readline()
        await printed.readline()
        await kubectl("label", *VS, "team=x")
        line = await printed.readline()

    assert line.startswith(b"reviews")


async def test_applying_again_changes_nothing(kubectl: Kubectl) -> None:
    """GitOps applies every few minutes; each must not be a change."""
    await kubectl("apply", "-f", "web.json")

    assert "unchanged" in await kubectl("apply", "-f", "web.json")


async def test_patches_of_all_kinds(kubectl: Kubectl) -> None:
    """The three have different rules for lists, and custom resources know but two."""
    await kubectl("patch", *VS, "--type=merge", "-p", '{"metadata":{"labels":{"x":"1"}}}')
    test = {"op": "test", "path": WEIGHT, "value": 90}
    replace = {"op": "replace", "path": WEIGHT, "value": 80}
    await kubectl("patch", *VS, *json_patch(test, replace))
    await kubectl("set", "image", "deploy/web", "app=web:v2")

    assert await kubectl("get", *VS, "-o", FIRST_WEIGHT) == "80"
    assert "web:v2" in await kubectl("get", "deploy", "web", "-o", "yaml")


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        (json_patch({"op": "test", "path": WEIGHT, "value": 5}), "is invalid"),
        (json_patch({"op": "replace", "path": WEIGHT, "value": -5}), "validation.istio.io"),
        (("--type=merge", "-p", '{"metadata":{"resourceVersion":"3"}}'), "(Conflict)"),
    ],
    ids=["failed test", "bad weight", "stale version"],
)
async def test_bad_patches_are_refused(
    kubectl: Kubectl, patch: tuple[str, ...], reason: str
) -> None:
    """These three refusals are what fences the daemon."""
    assert reason in await kubectl.refused("patch", *VS, *patch)


async def test_the_status_has_a_path_of_its_own(kubectl: Kubectl) -> None:
    """Istio reports there, and a patch of the spec must not reach it."""
    status = '{"status":{"observedGeneration":5}}'
    await kubectl("patch", *VS, "--type=merge", "-p", status)
    before = await kubectl("get", *VS, "-o", "jsonpath={.status}")
    await kubectl("patch", *VS, "--subresource=status", "--type=merge", "-p", status)

    assert not before
    assert "5" in await kubectl("get", *VS, "-o", "jsonpath={.status}")


async def test_applying_on_the_server_guards_what_others_own(kubectl: Kubectl) -> None:
    """Argo CD and Flux find out here that the weights are ours for the time."""
    await kubectl("patch", *VS, *json_patch({"op": "replace", "path": WEIGHT, "value": 80}))
    apply = ("apply", "--server-side", "--field-manager=argocd", "-f", "vs.json")
    conflict = await kubectl.refused(*apply)
    await kubectl(*apply, "--force-conflicts")

    assert 'conflict with "kubectl-patch" using networking.istio.io/v1: .spec.http' in conflict
    assert await kubectl("get", *VS, "-o", FIRST_WEIGHT) == "90"


async def test_containers_are_applied_one_by_one(kubectl: Kubectl) -> None:
    """A sidecar that another manager added must survive."""
    sidecar: Json = {"name": "proxy", "image": "proxy:v1"}
    patch = {"spec": {"template": {"spec": {"containers": [sidecar]}}}}
    await kubectl("patch", "deploy", "web", "-p", orjson.dumps(patch).decode())
    await kubectl("apply", "--server-side", "--force-conflicts", "-f", "web.json")
    path = "jsonpath={.spec.template.spec.containers[*].name}"

    assert set((await kubectl("get", "deploy", "web", "-o", path)).split()) == {"app", "proxy"}


async def test_an_editor_saves(kubectl: Kubectl) -> None:
    """In an incident, people edit."""
    await kubectl("edit", *VS, EDITOR=r"sed -i s/weight:\ 90/weight:\ 60/")

    assert await kubectl("get", *VS, "-o", FIRST_WEIGHT) == "60"


async def test_diff_shows_what_apply_would_do(kubectl: Kubectl) -> None:
    """It writes with dry run: the cluster must stay as it is."""
    kubectl.write("vs.json", reviews(70, 30))
    outcome = await kubectl.outcome("diff", "-f", "vs.json")

    assert (outcome.code, "+      weight: 30" in outcome.text) == (1, True), outcome.text
    assert await kubectl("get", *VS, "-o", FIRST_WEIGHT) == "90"


async def test_replacing_labelling_and_annotating(kubectl: Kubectl) -> None:
    """The daemon's own commands to people are annotations."""
    await kubectl("replace", "-f", "vs.json")
    await kubectl("label", *VS, "team=x")
    await kubectl("annotate", *VS, "rolloutd.io/command=pause")
    obj = kubectl.store.get(Ref(VIRTUAL_SERVICE, "default", "reviews"))

    assert dig(obj, "metadata", "labels", "team") == "x"
    assert dig(obj, "metadata", "annotations", "rolloutd.io/command") == "pause"


async def test_a_deployment_is_scaled_restarted_and_waited_for(kubectl: Kubectl) -> None:
    """kubectl judges readiness by the same fields as the daemon."""
    workloads = Workloads(kubectl.store, SystemClock(), ignore)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(workloads.run(), name="workloads")
        await kubectl("scale", "deploy", "web", "--replicas=3")
        await kubectl("rollout", "restart", "deploy/web")
        status = await kubectl("rollout", "status", "deploy/web", "--timeout=20s")
        await kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=20s")
        pods = await kubectl("get", "pods", "--no-headers")
        running.cancel()

    assert "successfully rolled out" in status
    assert [line.split()[1:3] for line in pods.splitlines()] == [["1/1", "Running"]] * 3


async def test_finalizers_hold_a_deletion_back(kubectl: Kubectl) -> None:
    """Argo CD deletes this way."""
    finalizers = '{"metadata":{"finalizers":["example.com/clean"]}}'
    await kubectl("patch", *VS, "--type=merge", "-p", finalizers)
    await kubectl("delete", *VS, "--wait=false")
    marked = await kubectl("get", *VS, "-o", "jsonpath={.metadata.deletionTimestamp}")
    freed = '{"metadata":{"finalizers":null}}'
    await kubectl("patch", *VS, "--type=merge", "-p", freed)

    assert marked
    assert "(NotFound)" in await kubectl.refused("get", *VS)


async def test_deleting_waits_until_it_is_gone(kubectl: Kubectl) -> None:
    """kubectl watches for the end; a watch that never tells would hang every script."""
    await kubectl("delete", "-f", "vs.json", "-f", "web.json", "--timeout=20s")

    assert "(NotFound)" in await kubectl.refused("get", *VS)


async def test_events_are_listed(kubectl: Kubectl) -> None:
    """What the daemon did is told in events, written in their new form and read in the old."""
    told: Json = {"reason": "StepTaken", "message": "10 % to v2", "type": "Normal"}
    kubectl.store.create(EVENT, "default", named("e") | told)

    assert "StepTaken" in await kubectl("get", "events")


async def test_protobuf_is_refused_with_a_way_out(kubectl: Kubectl) -> None:
    """kubectl sends protobuf for kinds it knows, and does not fall back by itself."""
    assert "use `kubectl apply -f`" in await kubectl.refused("create", "namespace", "shop")
