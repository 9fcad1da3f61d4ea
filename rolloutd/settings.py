"""Daemon settings: frozen, defaulted, each with its meaning, unit and reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsSettings:
    """The listener for probes and metrics."""

    host: str = "127.0.0.1"
    """Address to bind. Loopback unless told otherwise: metrics name services."""

    port: int = 9090
    """TCP port; 0 takes a free one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLogin:
    """Whoever can connect is an operator; on loopback only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogin:
    """Bearer tokens, each with a user and a role."""

    file: Path
    """YAML mapping of tokens, or of their digests, to ``{user, role}``; followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesLogin:
    """Tokens of the cluster, held to its RBAC."""

    audience: str | None = None
    """Whom a token must be meant for; ``None`` for the API server itself. A token made for
    us alone is worth nothing elsewhere, should we leak it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyLogin:
    """Headers of an authenticating proxy in front of us."""

    peers: tuple[str, ...]
    """Addresses or networks (CIDR) that the proxy connects from; from elsewhere the headers
    mean nothing."""

    user_header: str = "X-Forwarded-User"
    groups_header: str = "X-Forwarded-Groups"

    operators: tuple[str, ...] = ()
    """Groups that may order; ``*`` for everybody."""

    viewers: tuple[str, ...] = ()
    """Groups that may look; ``*`` for everybody."""


Login: TypeAlias = NoLogin | TokenLogin | KubernetesLogin | ProxyLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """A certificate with its chain, and its key; both PEM, both followed."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The listener for operators: orders, state, events."""

    host: str = "127.0.0.1"
    """Address to bind. Loopback unless told otherwise: an order moves traffic."""

    port: int = 8080
    """TCP port; 0 takes a free one."""

    login: Login = NoLogin()
    """How callers prove who they are."""

    tls: TlsFiles | None = None
    """``None`` serves plain HTTP."""

    advertised: str | None = None
    """Base URL at which other replicas find this one; ``None`` for the address it is bound
    to, or this host's where that is a wildcard."""

    cluster: str = ""
    """What people call the cluster: an order meant for another one is a mistake that a page
    without a name invites. Empty says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings:
    """How counts are asked for."""

    prometheus: str | None = None
    """Base URL, ``http://prometheus.monitoring:9090``; needed by plans that use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackBotSettings:
    """A Slack app's bot user: keeps one message a run up to date."""

    token_file: Path
    """File with its token (``xoxb-...``), read anew for every message."""

    channel: str
    """Where it writes: id or name."""

    api: str = "https://slack.com/api"
    """Base URL of Slack's Web API; GovSlack has another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Where messages link to; what is ``None`` is left out."""

    page: str | None = None
    """Base URL of the daemon's own pages, as people reach it."""

    grafana: str | None = None
    """Base URL of the Grafana that has the dashboard of ``grafana/``."""

    runbook: str | None = None
    """URL of ``docs/runbook.md`` as people read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Where people are told. Plans name a channel under ``notify``: ``slack``, ``webhook``."""

    slack_url_file: Path | None = None
    """File with the URL of a Slack incoming webhook. A file, because the URL is a secret and
    a command line is not."""

    slack_bot: SlackBotSettings | None = None
    """Takes the webhook's place where it is given."""

    slack_mention: str = ""
    """Id of the Slack user group to call when traffic was taken back; empty calls nobody."""

    webhook_url: str | None = None
    """Receiver of CloudEvents."""

    webhook_secret_file: Path | None = None
    """File with the secret that signs those; without it they are not signed."""

    links: LinkSettings = LinkSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the daemon is told besides its plans."""

    plans: Path | None = None
    """Directory of plan files; a mounted ConfigMap is one."""

    plans_from_cluster: bool = False
    """Whether RolloutPlan objects are plans, too; needs their CustomResourceDefinition."""

    kubeconfig: Path | None = None
    """Credentials; ``None`` uses the service account of the pod we run in."""

    context: str | None = None
    """Context within the kubeconfig; ``None`` takes its current one."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to watch; empty watches all, which needs cluster-wide rights."""

    lease: str | None = None
    """``NAMESPACE/NAME`` of the Lease that replicas compete for; ``None`` for a lone daemon."""

    shards: int = 1
    """Into how many parts the namespaces are shared out, each with a Lease and a leader of its
    own; for fleets that one process can't carry. The same for all replicas."""

    log_format: str = "auto"
    """``json``, ``console``, or ``auto``: console on a terminal, JSON elsewhere."""

    log_level: str = "info"
    """Lowest level that is written."""

    audit_file: Path | None = None
    """Where every order and every transition is written down; ``None`` for nowhere. One
    replica a file: where several share a volume, each needs a name of its own."""

    ops: OpsSettings = field(default_factory=OpsSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    meter: MeterSettings = field(default_factory=MeterSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
