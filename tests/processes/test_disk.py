"""What is to be kept can't be, and traffic moves all the same."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from rolloutd.core.units import Percent
from rolloutd.sandbox.script import FAULTS
from tests.processes.world import a_world

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

NOWHERE = "/dev/full"
"""A place that keeps nothing; ``tests/adapters/audit`` fills a disk in the midst of a write."""


async def test_an_audit_file_that_can_not_be_written_delays_no_rollback() -> None:
    """The audit trail is for tomorrow, the rollback for now; an alert tells of the gap."""
    async with a_world() as world, aiohttp.ClientSession() as session:
        daemon = await world.replica("--audit-file", NOWHERE, lease=None)
        await world.reach(Percent(10))
        await world.here.traffic.break_canary(FAULTS["grpc"])
        await world.reach(Percent(0))
        async with asyncio.timeout(30):
            while not any(daemon.said("audit_failed")):
                await world.nap()
        async with session.get(f"{await daemon.url('ops')}/metrics") as answer:
            metrics = await answer.text()

        failures = next(
            line
            for line in metrics.splitlines()
            if line.startswith("rolloutd_audit_failures_total ")
        )
        assert float(failures.split()[-1]) > 0
