"""Callers whom a proxy vouches for."""

from __future__ import annotations

import ipaddress

import pytest

from rolloutd.api.control.access import Knock
from rolloutd.api.control.models import Role
from rolloutd.api.control.proxy import ProxyAccess, Trust
from rolloutd.core.state import Phase
from tests.api.control.office import SHOP, Office, checkout

HERE = ipaddress.ip_network("127.0.0.0/8")
PROXY = ipaddress.ip_network("10.0.0.7")
TRUST = Trust(peers=[PROXY], operators={"sre"}, viewers={"dev"})


async def role(
    user: tuple[str, ...] = ("ana",),
    groups: tuple[str, ...] = ("dev, sre",),
    peer: str = "10.0.0.7",
    trust: Trust = TRUST,
) -> Role | None:
    headers = {"x-forwarded-user": user, "x-forwarded-groups": groups}
    caller = await ProxyAccess(trust).identify(Knock(peer=peer, headers=headers))
    return None if caller is None else caller.role


async def test_groups_have_roles() -> None:
    """The stronger one counts; without any there is none."""
    assert await role() is Role.OPERATOR
    assert await role(groups=("dev",)) is Role.VIEWER
    assert await role(groups=("hr",)) is None
    assert await role(groups=()) is None


async def test_a_star_is_everybody_whom_the_proxy_lets_in() -> None:
    """For looking, say."""
    everybody = Trust(peers=[PROXY], viewers={"*"})

    assert await role(groups=(), trust=everybody) is Role.VIEWER


@pytest.mark.parametrize("peer", ["10.0.0.8", "", "not an address", "::1", "127.0.0.1"])
async def test_from_anywhere_else_the_headers_mean_nothing(peer: str) -> None:
    """Anybody can write them."""
    assert await role(peer=peer) is None


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.7", "10.0.0.7"])
async def test_a_socket_for_both_families_shows_the_same_peer(peer: str) -> None:
    """A listener on ``::`` sees IPv4 addresses in their mapped form."""
    assert await role(peer=peer) is Role.OPERATOR


async def test_a_link_local_peer_has_a_zone() -> None:
    """Which is no part of its address."""
    trust = Trust(peers=[ipaddress.ip_network("fe80::/64")], operators={"sre"})

    assert await role(peer="fe80::1%eth0", trust=trust) is Role.OPERATOR


@pytest.mark.parametrize("user", [(), ("",), ("ana", "bo"), ("a\nb",), ("x" * 257,)], ids=repr)
async def test_a_user_is_named_once_and_fits_a_line(user: tuple[str, ...]) -> None:
    """A second header is one that the proxy did not write over."""
    assert await role(user=user) is None


async def test_a_second_groups_header_gives_no_group() -> None:
    """One of the two is forged."""
    assert await role(groups=("dev", "sre")) is None


async def test_orders_through_a_proxy_need_the_header_of_our_page() -> None:
    """Its cookie goes with whatever a browser is made to send."""
    trust = Trust(peers=[HERE], operators={"sre"})
    office = Office(access=ProxyAccess(trust))
    headers = {"X-Forwarded-User": "ana", "X-Forwarded-Groups": "sre"}
    async with office.open(checkout()):
        forged = await office.ask("POST", f"{SHOP}/rollback", headers=headers)
        meant = await office.ask("POST", f"{SHOP}/pause", headers=headers | {"X-Rolloutd": "1"})
        unknown = await office.get(SHOP)

    assert (forged.status, forged.kind) == (403, "no-csrf-header")
    assert meant.status == 200
    assert office.record().phase is Phase.PAUSED
    assert office.record().transitions[-1].actor == "ana"
    assert unknown.status == 401
    assert "in no group" in str(unknown.json["detail"])
