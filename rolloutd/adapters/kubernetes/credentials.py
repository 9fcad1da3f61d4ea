"""Who we are to the API server, and where it is: kubeconfig or service account.

The only module that knows kubernetes-asyncio. Of that library we take what is tedious to get
right (kubeconfig merging, exec and OIDC plugins, service account tokens) and leave its client:
own requests on an own session cost a third of the time.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import aiohttp
import yaml

from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.slim import loaders
from rolloutd.core.units import Instant, Seconds, after
from rolloutd.errors import Refused, Unavailable

if TYPE_CHECKING:
    from kubernetes_asyncio.client import Configuration

    _Loaded: TypeAlias = tuple[Configuration, ssl.SSLContext | None]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_RENEWAL_GAP = Seconds(10.0)
"""Shortest time between two renewals: an exec plugin may open a browser or ask a cloud."""

_LOADING = Seconds(30.0)
"""Longest wait for an exec plugin or an identity provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to send one request.

    Attributes:
        host: Base URL without a trailing slash.
        tls: ``None`` for plain HTTP.
        server_name: Name to expect in the certificate, where it is not the host's.
        proxy: URL of an HTTP proxy.
        authorization: Value of the header of that name.
    """

    host: str
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: str | None = None
    authorization: str | None = None


class Credentials(Protocol):
    """Gives access, and new access when the old is no longer taken."""

    async def access(self) -> Access:
        """Return what to send with the next request."""
        ...

    async def renew(self, rejected: Access) -> Access:
        """Return access to use after a 401; equal to ``rejected`` when there is none better.

        Raises:
            Refused: The credentials cannot be read.
            Unavailable: A plugin or an identity provider did not answer.
        """
        ...


class ClusterCredentials:
    """Credentials read by kubernetes-asyncio.

    Args:
        kubeconfig: ``None`` for ``$KUBECONFIG`` or ``~/.kube/config`` when a context is named,
            and for the pod's service account otherwise.
        context: ``None`` for the kubeconfig's current context.
        pace: For deadlines.
        service_account: Where the kubelet mounts a pod's token and the cluster's CA.
    """

    def __init__(
        self,
        kubeconfig: Path | None,
        context: str | None,
        pace: Pace,
        service_account: Path = SERVICE_ACCOUNT,
    ) -> None:
        self._service_account = service_account
        self._kubeconfig = kubeconfig
        self._context = context
        self._pace = pace
        self._renewing = asyncio.Lock()
        self._renewable_at = Instant(0.0)
        self._loaded: _Loaded | None = None

    async def access(self) -> Access:
        """Return the present access; service account tokens are read anew every minute.

        Raises:
            Refused: The kubeconfig or the service account cannot be read.
        """
        if self._loaded is None:
            self._loaded = await self._load()
        configuration, tls = self._loaded
        authorization = (await configuration.auth_settings()).get("BearerToken", {})
        return Access(
            host=(configuration.host or "").rstrip("/"),
            tls=tls,
            server_name=configuration.tls_server_name or None,
            proxy=configuration.proxy or None,
            authorization=authorization.get("value"),
        )

    async def renew(self, rejected: Access) -> Access:
        """Read everything again: tokens, client certificates, the cluster's CA."""
        async with self._renewing:
            current = await self.access()
            now = self._pace.clock.now()
            if current != rejected or now < self._renewable_at:
                return current
            self._renewable_at = after(now, _RENEWAL_GAP)
            self._loaded = await self._load()
            return await self.access()

    async def _load(self) -> _Loaded:
        source = (
            f"Credentials from {self._kubeconfig or self._context or 'the service account'}"
        )
        return await self._pace.within(_LOADING, lambda: self._configured(source), source)

    async def _configured(self, source: str) -> _Loaded:
        loaded, config = loaders()
        configuration = loaded()
        with _translated(source, config.ConfigException):
            if self._kubeconfig is None and self._context is None:
                config.load_incluster_config(
                    configuration,
                    token_filename=str(self._service_account / "token"),
                    cert_filename=str(self._service_account / "ca.crt"),
                )
            else:
                path = None if self._kubeconfig is None else str(self._kubeconfig)
                await config.load_kube_config(path, self._context, configuration)
            return configuration, _tls(configuration)


@contextmanager
def _translated(source: str, config_error: type[Exception]) -> Iterator[None]:
    """Let no error of a kubeconfig's many sources past this line.

    A file of the wrong shape shows in that library as any of the built-in errors below.
    """
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as exc:
        raise Unavailable(f"{source} cannot be renewed: {exc}") from exc
    except (config_error, yaml.YAMLError, OSError, ValueError, LookupError, TypeError) as exc:
        raise Refused(f"{source} are not usable: {exc}") from exc


def _tls(configuration: Configuration) -> ssl.SSLContext | None:
    if not (configuration.host or "").startswith("https:"):
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # Python 3.13 turns on strict checks that the CAs of many clusters in use do not pass.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
