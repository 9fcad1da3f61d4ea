"""The daemon as ``rolloutd run`` runs it, with a stopwatch in its event loop.

``/metrics`` has the loop's delays in buckets; here they are told to a tenth of a millisecond.
SIGUSR1 begins the count anew. SIGTERM ends the daemon, and the counts go to standard output.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

from rolloutd.bootstrap import daemon
from rolloutd.bootstrap.settling import settle
from rolloutd.settings import ApiSettings, OpsSettings, Settings
from rolloutd.telemetry import logging

TICK = 0.02
"""Seconds between two timers: each is a question how late the loop is."""

FINEST = 1e-4
"""Seconds told apart."""

LONGEST = 20_000
"""Times that, two seconds; what is later counts as this. Its size is fixed, for memory is
measured, too."""


async def _stopwatch(counts: list[int]) -> None:
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late = max(0.0, time.perf_counter() - due)
        counts[min(int(late / FINEST), LONGEST)] += 1


def _clear(counts: list[int]) -> None:
    counts[:] = [0] * len(counts)


async def _serve(settings: Settings) -> list[int]:
    counts = [0] * (LONGEST + 1)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, _clear, counts)
    async with daemon(settings) as running, asyncio.TaskGroup() as group:
        watching = group.create_task(_stopwatch(counts))
        print(json.dumps({"api": running.api_url, "ops": running.ops_url}), flush=True)
        await settle(stop, running.clock)
        await stop.wait()
        watching.cancel()
    return counts


def main(kubeconfig: str, plans: str) -> None:
    """Serve plans until told to stop."""
    settings = Settings(
        plans=Path(plans),
        kubeconfig=Path(kubeconfig),
        ops=OpsSettings(port=0),
        api=ApiSettings(port=0),
    )
    logging.configure(form="json", level="info")
    print(json.dumps(asyncio.run(_serve(settings))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
