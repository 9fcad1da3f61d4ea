"""Which login keeps the door."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutd.api.control.access import Access, Knock, Local
from rolloutd.api.control.models import Role
from rolloutd.api.control.proxy import ProxyAccess
from rolloutd.api.control.reviewed import ReviewedAccess
from rolloutd.api.control.tokens import TokenFile
from rolloutd.bootstrap.desk import keeper_of
from rolloutd.errors import Refused
from rolloutd.settings import ApiSettings, KubernetesLogin, Login, ProxyLogin, TokenLogin
from tests.api.control.test_tokens import MINE, owned
from tests.fakes.clock import FakeClock
from tests.fakes.kube import FakeKube

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what most of these tests are about


def access(login: Login, host: str = EVERYWHERE) -> Access:
    settings = ApiSettings(host=host, login=login)
    return keeper_of(settings, FakeKube(), FakeClock()).access


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_nobody_need_log_in(host: str) -> None:
    """A first try, and ``kubectl port-forward``."""
    settings = ApiSettings(host=host)

    assert isinstance(keeper_of(settings, FakeKube(), FakeClock()).access, Local)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "10.0.0.7", "rolloutd.shop.svc"])
def test_anywhere_else_a_login_has_to_be_chosen(host: str) -> None:
    """The daemon does not start before: whoever can connect could move traffic."""
    with pytest.raises(Refused, match="--api-auth token, kubernetes or proxy"):
        keeper_of(ApiSettings(host=host), FakeKube(), FakeClock())


def test_tokens_come_from_their_file(tmp_path: Path) -> None:
    """And are read at the start, where a broken file can still be refused."""
    file = tmp_path / "tokens.yaml"
    file.write_text(owned(MINE))

    assert isinstance(access(TokenLogin(file=file)), TokenFile)
    with pytest.raises(Refused):
        access(TokenLogin(file=tmp_path / "nothing"))


def test_kubernetes_is_asked_by_reviews() -> None:
    """On whatever address: it knows its people."""
    assert isinstance(access(KubernetesLogin(audience="rolloutd")), ReviewedAccess)


async def test_a_proxy_is_believed_from_its_address_alone() -> None:
    """As the settings say: peers, headers and groups."""
    login = ProxyLogin(
        peers=("10.0.0.0/24", "fd00::7"), user_header="X-User", operators=("sre",)
    )
    proxy = access(login)
    headers = {"x-user": ("ana",), "x-forwarded-groups": ("sre",)}

    known = await proxy.identify(Knock(peer="10.0.0.9", headers=headers))
    unknown = await proxy.identify(Knock(peer="10.0.1.9", headers=headers))

    assert isinstance(proxy, ProxyAccess)
    assert known is not None
    assert (known.user, known.role) == ("ana", Role.OPERATOR)
    assert unknown is None


@pytest.mark.parametrize("peers", [(), ("10.0.0.7/24",), ("the-proxy",)])
def test_a_proxy_without_an_address_is_refused(peers: tuple[str, ...]) -> None:
    """Everybody's headers would be believed, or nobody's."""
    with pytest.raises(Refused, match="--api-proxy-peer"):
        access(ProxyLogin(peers=peers, operators=("sre",)))
