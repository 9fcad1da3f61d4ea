"""Bodies that never come, or never end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from tests.api.control.office import SHOP, Office, checkout
from tests.api.control.test_relay import NOBODY, Address, Haste, standing_by

HEAD = (
    f"POST {SHOP}/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
).encode()


async def talk(office: Office, *parts: bytes) -> tuple[int, dict[str, object]]:
    """Send these parts and no more; return status and form of the answer."""
    host, port = office.url.removeprefix("http://").split(":")
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(host, int(port))
        with contextlib.closing(writer):
            for part in parts:
                writer.write(part)
                await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
    return int(head.split()[1]), json.loads(body)


def leading(deadline: Seconds) -> AbstractAsyncContextManager[Office]:
    return Office(body_deadline=deadline).open(checkout())


def standing(deadline: Seconds) -> AbstractAsyncContextManager[Office]:
    return standing_by(Address(NOBODY), haste=Haste(body_deadline=deadline))


@pytest.mark.parametrize("replica", [leading, standing])
async def test_a_body_that_trickles_in_is_not_waited_for(
    replica: Callable[[Seconds], AbstractAsyncContextManager[Office]],
) -> None:
    """Slowloris with a body; by whichever replica, and its sender is told."""
    async with replica(Seconds(0.3)) as office:
        status, told = await talk(office, HEAD, b'Content-Length: 20\r\n\r\n{"reason')

    assert (status, told["type"]) == (408, "urn:rolloutd:problem:too-slow")


@pytest.mark.parametrize("replica", [leading, standing])
async def test_a_body_without_an_end_is_cut_at_its_limit(
    replica: Callable[[Seconds], AbstractAsyncContextManager[Office]],
) -> None:
    """Chunks upon chunks: their number is nowhere said beforehand."""
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    async with replica(Seconds(30.0)) as office:
        status, told = await talk(
            office, HEAD, b"Transfer-Encoding: chunked\r\n\r\n", chunk * 20
        )

    assert (status, told["type"]) == (413, "urn:rolloutd:problem:too-large")


async def test_orders_of_others_go_through_meanwhile() -> None:
    """Two dozen that trickle, and one that is meant."""
    office = Office(body_deadline=Seconds(60.0))
    async with office.open(checkout()), asyncio.TaskGroup() as group:
        slow = [
            group.create_task(talk(office, HEAD, b"Content-Length: 20\r\n\r\n{"))
            for _ in range(24)
        ]
        answer = await office.order("rollback")
        waiting = [task for task in slow if not task.done()]
        for task in slow:
            task.cancel()

    assert answer.status == 200
    assert office.record().phase is Phase.ABORTED
    assert waiting == slow
