"""TLS from files that are renewed while they serve."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from rolloutd.api.tls import GLANCE, ServingTls
from rolloutd.bootstrap.listening import reserve, serve, url_of
from rolloutd.errors import Refused
from rolloutd.settings import TlsFiles
from tests.fakes.clock import FakeClock

DATA = Path(__file__).parents[1] / "data" / "tls"


class Mounted:
    """A mounted Secret: two files, swapped together as the kubelet does it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version = 0
        self.files = TlsFiles(certificate=folder / "tls.crt", key=folder / "tls.key")
        self.holds("first")
        self.files.certificate.symlink_to(folder / "..data" / "tls.crt")
        self.files.key.symlink_to(folder / "..data" / "tls.key")

    def holds(self, certificate: str, key: str | None = None) -> None:
        """Swap the content."""
        self._version += 1
        version = self._folder / f"..{self._version}"
        version.mkdir()
        (version / "tls.crt").write_bytes((DATA / f"{certificate}.crt").read_bytes())
        (version / "tls.key").write_bytes((DATA / f"{key or certificate}.key").read_bytes())
        link = self._folder / "..tmp"
        link.symlink_to(version)
        link.replace(self._folder / "..data")

    def vanishes(self) -> None:
        """Take it away."""
        (self._folder / "..data").unlink()


@pytest.fixture
def mounted(tmp_path: Path) -> Mounted:
    return Mounted(tmp_path)


@asynccontextmanager
async def serving(tls: ServingTls) -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", answer)
    with reserve("127.0.0.1", 0) as held:
        async with serve(app, held, tls.context):
            yield url_of(held, tls=True)


def trusting(name: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=DATA / f"{name}.crt")


async def get(url: str, name: str) -> str:
    """Ask on a new connection, trusting one certificate alone."""
    return await knock(url, trusting(name))


async def knock(url: str, known_by: ssl.SSLContext | aiohttp.Fingerprint) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, ssl=known_by) as answer,
    ):
        return await answer.text()


async def test_a_renewed_certificate_serves_and_drops_nobody(mounted: Mounted) -> None:
    """Who is connected stays so; who comes later sees the new one."""
    clock = FakeClock(jumps=False)
    tls = ServingTls(mounted.files, clock)
    before = tls.fingerprint
    async with (
        serving(tls) as url,
        aiohttp.ClientSession() as connected,
        asyncio.TaskGroup() as group,
    ):
        following, first = group.create_task(tls.follow()), trusting("first")
        async with connected.get(url, ssl=first) as answer:
            await answer.read()
        mounted.holds("second")
        await clock.advance(GLANCE)

        assert await get(url, "second") == "here"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await get(url, "first")
        async with connected.get(url, ssl=first) as answer:
            assert await answer.text() == "here"
        following.cancel()

    assert tls.fingerprint.fingerprint != before.fingerprint


@pytest.mark.parametrize("change", ["mismatch", "gone"])
async def test_files_that_do_not_fit_leave_the_old_certificate_serving(
    mounted: Mounted, change: str
) -> None:
    """Half a renewal, or a volume that is away: no outage of ours."""
    tls = ServingTls(mounted.files, FakeClock(jumps=False))
    before = tls.fingerprint
    async with serving(tls) as url:
        if change == "mismatch":
            mounted.holds("second", key="first")
        else:
            mounted.vanishes()
        with capture_logs() as logs:
            tls.refresh()
            tls.refresh()

        assert await get(url, "first") == "here"
    assert [entry["event"] for entry in logs] == ["certificate_refused"]
    assert tls.fingerprint is before


async def test_a_replica_is_known_by_its_fingerprint(mounted: Mounted) -> None:
    """Whatever name or address it is asked by, and whoever signed it."""
    tls = ServingTls(mounted.files, FakeClock(jumps=False))
    async with serving(tls) as url:
        known = await knock(url, tls.fingerprint)
        mounted.holds("second")
        tls.refresh()
        other = ServingTls(
            TlsFiles(certificate=DATA / "first.crt", key=DATA / "first.key"),
            FakeClock(jumps=False),
        )
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await knock(url, other.fingerprint)

    assert known == "here"


@pytest.mark.parametrize("certificate", ["nothing.crt", "first.key"])
def test_files_that_can_not_be_used_are_refused_at_the_start(certificate: str) -> None:
    """Rather than serving in the clear, or nobody."""
    files = TlsFiles(certificate=DATA / certificate, key=DATA / "first.key")

    with pytest.raises(Refused, match="can't be used"):
        ServingTls(files, FakeClock(jumps=False))
