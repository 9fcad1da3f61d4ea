"""Where people and other replicas find the control API."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from aiohttp import web

from rolloutd.api.control.lead import Standby
from rolloutd.api.control.understudy import Understudy
from rolloutd.api.tls import ServingTls
from rolloutd.bootstrap.entrance import entrance, relays
from rolloutd.bootstrap.listening import reserve, serve, url_of
from rolloutd.settings import ApiSettings, TlsFiles
from tests.api.control.office import Office, checkout
from tests.fakes.clock import FakeClock

DATA = Path(__file__).parents[1] / "data" / "tls"
FIRST = TlsFiles(certificate=DATA / "first.crt", key=DATA / "first.key")
SECOND = TlsFiles(certificate=DATA / "second.crt", key=DATA / "second.key")


def test_an_address_of_its_own_is_told_as_it_is() -> None:
    """People and replicas go to the same place."""
    with entrance(ApiSettings(port=0), FakeClock()) as front:
        assert front.advertised == front.url
        assert front.url.startswith("http://127.0.0.1:")


def test_where_it_listens_everywhere_replicas_are_told_this_host() -> None:
    """0.0.0.0 is nowhere for them."""
    everywhere = ApiSettings(host="0.0.0.0", port=0)  # noqa: S104 - that is the point
    with entrance(everywhere, FakeClock()) as front:
        assert front.advertised is not None
        host, port = front.advertised.removeprefix("http://").split(":")

    assert not ipaddress.ip_address(host).is_unspecified
    assert front.url.endswith(f":{port}")


def test_what_is_given_is_told() -> None:
    """Behind a Service of one's own, say."""
    settings = ApiSettings(port=0, tls=FIRST, advertised="https://rolloutd-0:8080")
    with entrance(settings, FakeClock()) as front:
        assert front.advertised == "https://rolloutd-0:8080"
        assert front.url.startswith("https://127.0.0.1:")


@pytest.mark.parametrize(("files", "is_trusted"), [(FIRST, True), (SECOND, False)])
async def test_under_tls_a_leader_has_to_show_our_certificate(
    files: TlsFiles, *, is_trusted: bool
) -> None:
    """Whoever else answers at its address gets no token of anybody."""
    seen: list[str] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.json_response({"phase": "promoted"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", note)
    leader = ServingTls(FIRST, FakeClock())
    with reserve("127.0.0.1", 0) as held:
        async with (
            serve(app, held, leader.context),
            relays([lambda: url_of(held, tls=True)], ServingTls(files, FakeClock())) as asked,
        ):
            office = Office(is_leader=False)
            understudy = Understudy(office.meshes, office.clock)
            office.standby = Standby(understudy=understudy)
            (office.relay,) = asked
            async with office.open(checkout()):
                answer = await office.order("pause", Authorization="Bearer a-token")

    assert answer.status == (200 if is_trusted else 503)
    assert seen == (["Bearer a-token"] if is_trusted else [])
