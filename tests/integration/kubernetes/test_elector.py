"""The elector over sockets and in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rolloutd.adapters.kubernetes.api import LiveApi
from rolloutd.adapters.kubernetes.claim import Candidate
from rolloutd.adapters.kubernetes.elector import Elector
from rolloutd.adapters.kubernetes.settings import ClientSettings, LeaseSettings
from rolloutd.adapters.kubernetes.transport import Transport
from rolloutd.core.units import Seconds
from tests.adapters.kubernetes.paces import fake_pace
from tests.integration.kubernetes.http_kube import HttpKube
from tests.integration.kubernetes.loop_clock import LoopClock
from tests.integration.kubernetes.test_api import Tokens


@asynccontextmanager
async def elector(server: HttpKube, name: str) -> AsyncIterator[Elector]:
    """Return an elector with a connection of its own and client-go's times."""
    pace, settings = fake_pace(LoopClock()), ClientSettings()
    transport = Transport(Tokens(server.url), settings, pace.clock)
    candidate = Candidate(namespace="ops", name="rolloutd", identity=name)
    try:
        yield Elector(LiveApi(transport, settings, pace), candidate, pace, LeaseSettings())
    finally:
        await transport.close()


async def test_hand_over_takes_less_than_a_second() -> None:
    """With client-go's own polling it would take up to 2.4 s."""
    server, clock = HttpKube(), LoopClock()
    led, leading = list[tuple[str, float]](), asyncio.Event()

    async def lead(name: str) -> None:
        led.append((name, clock.now()))
        leading.set()
        await asyncio.get_running_loop().create_future()

    async with (
        server.serving(),
        elector(server, "a") as first,
        elector(server, "b") as second,
        asyncio.TaskGroup() as group,
    ):
        old = group.create_task(first.run(lambda _epoch: lead("a")), name="a")
        await leading.wait()
        new = group.create_task(second.run(lambda _epoch: lead("b")), name="b")
        await clock.sleep(Seconds(0.5))
        leading.clear()
        stopped = clock.now()
        old.cancel()
        await asyncio.wait_for(leading.wait(), timeout=5.0)
        new.cancel()

    assert [name for name, _ in led] == ["a", "b"]
    assert led[1][1] - stopped < 1.0
