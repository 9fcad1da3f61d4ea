"""What people apply: valid, confined, and in step with the program that it starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import kubernetes_validate  # type: ignore[import-untyped] # its schemas are what we want
import pytest
import yaml

import rolloutd
from rolloutd.adapters.kubernetes.fields import dig, items, section, text
from rolloutd.api.control.routes import VERBS
from rolloutd.cli import desk
from rolloutd.cli.run import run
from rolloutd.core.shards import shards
from rolloutd.ports import Json
from tests.deploy.manifests import (
    DEPLOY,
    OVERLAYS,
    ROOT,
    arguments,
    composed,
    container,
    of_kind,
    only,
    rendered,
    rules,
    run_option,
    template,
    words,
)

pytestmark = pytest.mark.real

CUSTOM = {"ServiceMonitor", "PrometheusRule"}
"""Kinds that Kubernetes itself has no schema of."""

SIDECAR = 15090
"""Where Istio's sidecars and gateways have their statistics."""

COMPONENTS = sorted(each.name for each in (DEPLOY / "components").iterdir())

EVERYTHING = ("slack", "kubernetes-auth", "cluster-plans", "audit-volume")
"""Components that no overlay has by itself."""


@pytest.fixture(scope="session")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[Json]]:
    """Render overlays, as they are and with components: once, for each takes a second."""
    everything, plans = tmp_path_factory.mktemp("all"), tmp_path_factory.mktemp("plans")
    return {
        **{name: rendered(DEPLOY / "overlays" / name) for name in OVERLAYS},
        "with everything": composed(everything, "cluster", *EVERYTHING),
        "namespaced with plans": composed(plans, "namespaced", "namespaced-plans"),
    }


@pytest.fixture(params=[*OVERLAYS, "with everything", "namespaced with plans"])
def objects(
    request: pytest.FixtureRequest, manifests: Mapping[str, Sequence[Json]]
) -> Sequence[Json]:
    """Return what one of them holds."""
    return manifests[request.param]


def test_every_object_fits_the_schema_of_kubernetes(objects: Sequence[Json]) -> None:
    """A misspelt field is silently dropped by older kubectl, and with it what it asked for."""
    for each in objects:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, "1.37", strict=True)

    assert {str(each["kind"]) for each in objects} >= {"Deployment", "NetworkPolicy"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_can_be_put_over_the_bare_daemon(
    component: str, tmp_path: Path
) -> None:
    """Who writes an overlay of their own chooses among them, and no test knows all choices."""
    chosen = dict.fromkeys(("monitoring", component))
    objects = composed(tmp_path, "../base", *chosen, runbook="https://wiki.example/rolloutd")
    for each in objects:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, "1.37", strict=True)

    assert len(of_kind(objects, "Deployment")) == 1


def test_pods_are_restricted(objects: Sequence[Json]) -> None:
    """The namespace enforces Pod Security "restricted": others would not be admitted."""
    pod = section(template(objects), "spec")
    ours, theirs = (
        section(container(objects), "securityContext"),
        section(pod, "securityContext"),
    )

    assert theirs["runAsNonRoot"] is True
    assert theirs["runAsUser"] == 65532
    assert theirs["seccompProfile"] == {"type": "RuntimeDefault"}
    assert ours["allowPrivilegeEscalation"] is False
    assert ours["capabilities"] == {"drop": ["ALL"]}
    assert ours["readOnlyRootFilesystem"] is True
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
    assert "privileged" not in ours
    assert all("hostPort" not in section(port) for port in items(container(objects), "ports"))


def test_pods_ask_for_room_and_are_held_to_their_memory(objects: Sequence[Json]) -> None:
    """SECURITY.md counts on the limit; without requests, pods are the first to be evicted."""
    resources = section(container(objects), "resources")
    told = (ROOT / "SECURITY.md").read_text()

    assert set(section(resources, "requests")) == {"cpu", "memory"}
    # None for the CPU: a leader that is throttled loses its lease.
    assert section(resources, "limits") == {"memory": "1Gi"}
    assert "exceed the deployment's limit of 1 GiB" in told


def test_volumes_are_of_the_kinds_that_restricted_allows(objects: Sequence[Json]) -> None:
    """A hostPath would be a door into the node."""
    volumes = items(template(objects), "spec", "volumes")
    kinds = {key for volume in volumes for key in section(volume)} - {"name"}

    assert kinds <= {
        "configMap",
        "secret",
        "emptyDir",
        "projected",
        "persistentVolumeClaim",
    }


def test_no_role_has_wildcards_secrets_or_ways_to_more_rights(objects: Sequence[Json]) -> None:
    """Whoever takes the daemon over may move traffic, and must not get further."""
    for _, rule in rules(objects):
        assert "*" not in words(rule, "verbs") + words(rule, "resources")
        assert "*" not in words(rule, "apiGroups")
        assert not {"secrets", "pods/exec", "serviceaccounts/token"} & set(
            words(rule, "resources")
        )
        assert not {"escalate", "bind", "impersonate"} & set(words(rule, "verbs"))


def test_the_image_is_of_this_version(objects: Sequence[Json]) -> None:
    """Manifests of one version with the program of another is how upgrades go wrong."""
    image = container(objects)["image"]
    versions = {
        text(each, "metadata", "labels", "app.kubernetes.io/version")
        for each in of_kind(objects, "Deployment", "Service")
    }

    assert image == f"rolloutd:{rolloutd.__version__}"
    assert versions == {rolloutd.__version__}


def test_the_program_understands_its_arguments_and_settings(
    objects: Sequence[Json], tmp_path: Path
) -> None:
    """A flag that was renamed would show as a crash loop."""
    written = next(
        each
        for each in of_kind(objects, "ConfigMap")
        if "rolloutd.yaml" in section(each, "data")
    )
    settings = tmp_path / "rolloutd.yaml"
    settings.write_text(str(dig(written, "data", "rolloutd.yaml")))
    asked = [
        each.replace("/etc/rolloutd/settings/rolloutd.yaml", str(settings))
        for each in arguments(objects)
    ]
    context = run.make_context("run", [*asked[1:], "--plans", str(tmp_path)])

    assert asked[0] == "run"
    api = context.meta[desk.__name__]
    assert context.params["ops_host"] == api["api_host"] == "0.0.0.0"  # noqa: S104
    assert context.params["lease"] == "rolloutd/rolloutd"
    assert api["api_tokens"] is not None


def test_every_mounted_file_that_is_named_is_under_a_mount(objects: Sequence[Json]) -> None:
    """A path that no volume provides is found out by the first Slack message that is lost."""
    mounts = [
        str(text(each, "mountPath")) for each in items(container(objects), "volumeMounts")
    ]
    named = [part for each in arguments(objects) for part in each.split("=") if part[:1] == "/"]

    assert named
    assert all(any(name.startswith(f"{mount}/") for mount in mounts) for name in named)


def test_two_copies_keep_apart_and_one_always_stays(objects: Sequence[Json]) -> None:
    """A drained node or a rolling upgrade leaves somebody who can roll back."""
    deployment = only(objects, "Deployment")
    labels = section(template(objects), "metadata", "labels")
    term = section(
        items(
            template(objects),
            *("spec", "affinity", "podAntiAffinity"),
            "preferredDuringSchedulingIgnoredDuringExecution",
        )[0],
        "podAffinityTerm",
    )
    budget = section(only(objects, "PodDisruptionBudget"), "spec")

    assert dig(deployment, "spec", "replicas") == 2
    assert dig(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable") == 0
    assert budget["minAvailable"] == 1
    for selector in (
        section(budget, "selector", "matchLabels"),
        section(term, "labelSelector", "matchLabels"),
        section(deployment, "spec", "selector", "matchLabels"),
        section(only(objects, "Service"), "spec", "selector"),
        section(only(objects, "NetworkPolicy"), "spec", "podSelector", "matchLabels"),
    ):
        assert selector
        assert selector.items() <= labels.items()


def test_the_lease_is_the_one_that_the_role_names(objects: Sequence[Json]) -> None:
    """Otherwise no copy ever leads, and nothing moves."""
    written = next(
        each
        for each in of_kind(objects, "ConfigMap")
        if "rolloutd.yaml" in section(each, "data")
    )
    settings = section(yaml.safe_load(str(dig(written, "data", "rolloutd.yaml"))))
    named = {
        f"{namespace}/{name}"
        for namespace, rule in rules(objects)
        for name in words(rule, "resourceNames")
    }

    assert named == {settings["lease"]}


def test_sharding_has_a_right_to_each_of_its_leases(tmp_path: Path) -> None:
    """A shard whose lease nobody may write has no leader, and its rollouts stand still."""
    objects = composed(tmp_path, "cluster", "shards")
    context = run.make_context("run", [*arguments(objects)[3:], "--plans", str(tmp_path)])
    named = {
        name
        for namespace, rule in rules(objects)
        if namespace == "rolloutd"
        for name in words(rule, "resourceNames")
    }

    assert named == {"rolloutd", *(each.lease("rolloutd") for each in shards(4))}
    assert context.params["shards"] == 4
    assert dig(only(objects, "Deployment"), "spec", "replicas") == 3


def test_probes_and_prometheus_ask_the_port_of_the_listener(objects: Sequence[Json]) -> None:
    """Probes on a wrong port restart a healthy daemon for ever."""
    ports = {
        text(each, "name"): dig(each, "containerPort")
        for each in items(container(objects), "ports")
    }
    probes = [
        section(container(objects), f"{name}Probe", "httpGet")
        for name in ("startup", "liveness", "readiness")
    ]
    (endpoint,) = items(only(objects, "ServiceMonitor"), "spec", "endpoints")

    assert ports == {"api": 8080, "ops": 9090}
    assert [probe["port"] for probe in probes] == ["ops"] * 3
    assert [probe["path"] for probe in probes] == ["/livez", "/livez", "/readyz"]
    assert endpoint == {
        "port": "ops",
        "path": "/metrics",
        "interval": "15s",
        "honorLabels": True,
    }


def test_who_is_not_named_reaches_no_port(objects: Sequence[Json]) -> None:
    """The API moves traffic: it is open to namespaces with the label alone."""
    policy = section(only(objects, "NetworkPolicy"), "spec")
    peers = [
        dig(peer, selector, "matchLabels")
        for rule in items(policy, "ingress")
        for peer in items(rule, "from")
        for selector in section(peer)
    ]

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert all(
        items(rule, "from") and items(rule, "ports") for rule in items(policy, "ingress")
    )
    assert peers == [
        {"kubernetes.io/metadata.name": "monitoring"},
        {"rolloutd.io/operators": "true"},
        section(policy, "podSelector", "matchLabels"),
    ]


def test_whom_the_daemon_asks_it_may_reach_and_nobody_else(objects: Sequence[Json]) -> None:
    """One port too narrow shows as a gate that stays blind, or a standby that finds nobody."""
    written = next(
        each
        for each in of_kind(objects, "ConfigMap")
        if "rolloutd.yaml" in section(each, "data")
    )
    settings = section(yaml.safe_load(str(dig(written, "data", "rolloutd.yaml"))))
    prometheus = urlsplit(str(settings["prometheus"]))
    _, namespace = str(prometheus.hostname).split(".")
    policy = section(only(objects, "NetworkPolicy"), "spec")
    ourselves = str(dig(policy, "podSelector", "matchLabels", "app.kubernetes.io/name"))

    assert set(ways_out(policy)) == {
        (ourselves, "api"),  # the leader, whom a standby asks
        ("kube-system", 53),
        ("anywhere", 443),  # the API server, Slack
        ("anywhere", 6443),
        (namespace, prometheus.port),
        ("every namespace", SIDECAR),
    }


def ways_out(policy: Json) -> Iterator[tuple[str, object]]:
    """Yield whom a NetworkPolicy lets out to, and on which port."""
    for rule in items(policy, "egress"):
        peers = items(rule, "to")
        for port in items(rule, "ports"):
            yield from ((_whom(peer), dig(port, "port")) for peer in peers)
            if not peers:
                yield "anywhere", dig(port, "port")


def _whom(peer: object) -> str:
    (selector,) = section(peer).values()
    return str(next(iter(section(selector, "matchLabels").values()), "every namespace"))


def test_no_secret_is_part_of_what_is_applied(objects: Sequence[Json]) -> None:
    """Manifests live in Git."""
    assert of_kind(objects, "Secret") == []


def test_an_operator_may_give_every_order_and_nothing_else(tmp_path: Path) -> None:
    """An order that no role names is refused to everybody."""
    objects = composed(tmp_path, "cluster", "kubernetes-auth")
    operator = next(
        each
        for each in of_kind(objects, "ClusterRole")
        if text(each, "metadata", "name") == "rolloutd-operator"
    )
    updated = {
        resource
        for rule in items(operator, "rules")
        if words(rule, "verbs") == ["update"]
        for resource in words(rule, "resources")
    }

    assert updated == {f"rolloutplans/{verb}" for verb in VERBS}
    assert "--api-auth=kubernetes" in arguments(objects)


def test_alerts_and_dashboard_are_those_of_the_grafana_folder(objects: Sequence[Json]) -> None:
    """Copies that lag behind alert on metrics that are gone. `make manifests` renews them."""
    rule = only(objects, "PrometheusRule")
    board = next(
        each
        for each in of_kind(objects, "ConfigMap")
        if text(each, "metadata", "labels", "grafana_dashboard") == "1"
    )
    alerts = yaml.safe_load((ROOT / "grafana" / "alerts.yaml").read_text())

    assert rule["spec"] == alerts
    assert section(board, "data") == {
        "rolloutd.json": (ROOT / "grafana" / "dashboard.json").read_text()
    }


def test_each_copy_keeps_an_audit_file_of_its_own(tmp_path: Path) -> None:
    """One process writes a file: a second one on the same path would write nothing at all."""
    objects = composed(tmp_path, "namespaced", "audit-volume")
    claim = only(objects, "PersistentVolumeClaim")
    (volume,) = (
        each
        for each in items(template(objects), "spec", "volumes")
        if section(each, "persistentVolumeClaim")
    )
    variables = {text(each, "name"): section(each) for each in items(container(objects), "env")}

    assert "--audit-file=/var/lib/rolloutd/audit/$(POD_NAME).jsonl" in arguments(objects)
    assert text(variables["POD_NAME"], "valueFrom", "fieldRef", "fieldPath") == "metadata.name"
    assert text(variables["ROLLOUTD_API_URL"], "value") == "http://$(POD_IP):8080"
    assert text(volume, "persistentVolumeClaim", "claimName") == text(claim, "metadata", "name")
    assert words(claim, "spec", "accessModes") == ["ReadWriteMany"]


def test_a_component_keeps_the_variables_of_those_before_it(tmp_path: Path) -> None:
    """A variable that goes missing leaves a standby without a way to send orders on."""
    objects = composed(tmp_path, "namespaced", "audit-volume", "kubernetes-auth")
    named = [text(each, "name") for each in items(container(objects), "env")]

    assert sorted(filter(None, named)) == ["POD_IP", "POD_NAME", "ROLLOUTD_API_URL"]
    assert named.index("POD_IP") < named.index("ROLLOUTD_API_URL")


def test_a_slack_bot_gets_its_token_and_its_channel(tmp_path: Path) -> None:
    """A token without a channel is refused at the start: the pods would crash in a loop."""
    objects = composed(tmp_path, "namespaced", "slack-bot")
    (token,) = (each for each in arguments(objects) if "--slack-token-file=" in each)
    (mount,) = (
        each
        for each in items(container(objects), "volumeMounts")
        if text(each, "name") == "slack-bot"
    )
    (volume,) = (
        each
        for each in items(template(objects), "spec", "volumes")
        if text(each, "name") == "slack-bot"
    )
    variables = {text(each, "name"): section(each) for each in items(container(objects), "env")}
    channel = variables[str(run_option("slack_channel").envvar)]

    assert token == f"--slack-token-file={text(mount, 'mountPath')}/token"
    assert section(channel, "valueFrom", "secretKeyRef") == {
        "name": dig(volume, "secret", "secretName"),
        "key": "channel",
    }


def test_one_setting_says_where_the_runbook_is(tmp_path: Path) -> None:
    """At night the link in an alert has to lead somewhere, and to the section of that alert."""
    address = "https://wiki.example/rolloutd"
    objects = composed(tmp_path, "cluster", "runbook", runbook=address)
    rules_ = [
        section(rule)
        for group in items(only(objects, "PrometheusRule"), "spec", "groups")
        for rule in items(group, "rules")
    ]
    links = [text(rule, "annotations", "runbook_url") for rule in rules_]
    variables = {text(each, "name"): section(each) for each in items(container(objects), "env")}
    source = section(variables["ROLLOUTD_RUNBOOK_URL"], "valueFrom", "configMapKeyRef")
    (written,) = (
        each
        for each in of_kind(objects, "ConfigMap")
        if text(each, "metadata", "name") == source["name"]
    )

    assert links == [f"{address}#{str(text(rule, 'alert')).lower()}" for rule in rules_]
    assert dig(written, "data", str(source["key"])) == address
    assert run_option("runbook_url").envvar == "ROLLOUTD_RUNBOOK_URL"
