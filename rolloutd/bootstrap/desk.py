"""The operator's desk: who may use the control API, and for what."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import assert_never

from rolloutd.adapters.kubernetes.reviews import KubernetesReviews
from rolloutd.api.control.access import LOOPBACK, Access, Local
from rolloutd.api.control.door import Doorkeeper
from rolloutd.api.control.limits import FAILED_LOGINS, ORDERS, Limit
from rolloutd.api.control.proxy import Network, ProxyAccess, Trust
from rolloutd.api.control.reviewed import ReviewedAccess
from rolloutd.api.control.tokens import TokenFile
from rolloutd.errors import Refused
from rolloutd.ports import Clock, KubeApi
from rolloutd.settings import (
    ApiSettings,
    KubernetesLogin,
    NoLogin,
    ProxyLogin,
    TokenLogin,
)


def keeper_of(settings: ApiSettings, api: KubeApi, clock: Clock) -> Doorkeeper:
    """Return who keeps the door.

    Args:
        settings: How callers prove who they are.
        api: For asking Kubernetes about them.
        clock: For what is remembered a while.

    Raises:
        Refused: No login is asked of anybody on an address that others can reach; or the
            tokens or the proxy's addresses can't be read.
    """
    failures = Limit(FAILED_LOGINS, clock)
    return Doorkeeper(
        access=_access(settings, api, clock, failures),
        failures=failures,
        haste=Limit(ORDERS, clock),
    )


def _access(settings: ApiSettings, api: KubeApi, clock: Clock, failures: Limit) -> Access:
    match settings.login:
        case NoLogin() if settings.host not in LOOPBACK:
            raise Refused(
                f"--api-host {settings.host}: whoever can connect could move traffic; choose "
                "a login (--api-auth token, kubernetes or proxy), or listen on 127.0.0.1"
            )
        case NoLogin():
            return Local()
        case TokenLogin(file=file):
            return TokenFile(file)
        case KubernetesLogin(audience=audience):
            return ReviewedAccess(KubernetesReviews(api, audience), clock, failures)
        case ProxyLogin() as login:
            return ProxyAccess(_trust(login))
        case never:
            assert_never(never)


def _trust(login: ProxyLogin) -> Trust:
    return Trust(
        peers=_networks(login.peers),
        user_header=login.user_header,
        groups_header=login.groups_header,
        operators=frozenset(login.operators),
        viewers=frozenset(login.viewers),
    )


def _networks(peers: Sequence[str]) -> Sequence[Network]:
    if not peers:
        raise Refused("--api-proxy-peer: say from where the proxy connects")
    try:
        return [ipaddress.ip_network(peer) for peer in peers]
    except ValueError as error:
        raise Refused(f"--api-proxy-peer: {error}") from None
