"""One ``rolloutd run`` as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rolloutd.adapters.clock import SystemClock
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.kubeconfig import kubeconfig
from tests.processes.link import Link

LEASE = "default/rolloutd"

START = Seconds(60.0)
"""Longest wait for a replica to run; it takes a second where nothing else does."""


class Replica:
    """A replica that can be ended in every way.

    Attributes:
        link: Its way to the API server.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path, link: Link) -> None:
        self._process = process
        self._log = log
        self.link = link

    def said(self, event: str) -> Iterator[Json]:
        """Return its log lines of one event, in order; the last one may still be written."""
        for line in self._log.read_text().splitlines(keepends=True):
            if f'"{event}"' in line and line.endswith("\n"):
                entry: Json = json.loads(line)
                if entry["event"] == event:
                    yield entry

    def tail(self) -> str:
        """Return the end of its log."""
        return self._log.read_text()[-3000:]

    def led(self) -> bool:
        """Say whether it ever took the lead."""
        return any(self.said("leading"))

    async def is_up(self) -> None:
        """Wait until it runs."""
        clock = SystemClock()
        deadline = clock.now() + START
        while not any(self.said("started")):
            if self._process.returncode is not None or clock.now() > deadline:
                pytest.fail(f"the replica did not start:\n{self.tail()}")
            await clock.sleep(Seconds(0.05))

    async def url(self, which: str) -> str:
        """Wait until it runs; return the base URL of ``api`` or ``ops``."""
        await self.is_up()
        return str(next(self.said("started"))[which])

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does, without its knowing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if no time had passed."""
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it without a word."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            return await self._process.wait()


async def replica(
    folder: Path, plans: Path, link: Link, *options: str, lease: str | None = LEASE
) -> Replica:
    """Start a replica; it is not awaited.

    Args:
        folder: Of its own, for its log and its kubeconfig.
        plans: The directory of plans.
        link: Its way to the API server.
        options: Further ones.
        lease: Which lease it competes for; ``None`` for a lone daemon.
    """
    credentials, log = _prepared(folder, link)
    leadership = () if lease is None else ("--lease", lease)
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rolloutd", "run", "--log-format", "json"),
            *("--ops-port", "0", "--api-port", "0"),
            *("--plans", str(plans), "--kubeconfig", str(credentials)),
            *leadership,
            *options,
            stdout=sink,
            stderr=sink,
            env=dict(os.environ),
        )
    return Replica(process, log, link)


def _prepared(folder: Path, link: Link) -> tuple[Path, Path]:
    """Make a replica's folder; return its kubeconfig and its log."""
    folder.mkdir()
    credentials = folder / "kubeconfig"
    credentials.write_text(kubeconfig(link.url))
    return credentials, folder / "log"
