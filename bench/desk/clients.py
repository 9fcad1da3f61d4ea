"""Those who use the desk, each group in a process of its own.

What they measure must be the daemon's time and not their own: whoever asks does nothing else
and says how late it was itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import aiohttp

ASKING = 0.1
"""Seconds between two requests that look."""

ORDERING = 5.0
"""Seconds between two orders."""

SCRAPING = 15.0
"""Seconds between two scrapes of the metrics, as Prometheus does usually."""


@dataclass(frozen=True)
class Task:
    """What to do.

    Attributes:
        api: Where operators ask.
        ops: Where monitoring asks.
        rollouts: How many there are: ``data-product``, ``service-1``, ``service-2``...
        verbs: Orders that one of them is given in turn.
    """

    api: str
    ops: str
    rollouts: int
    seconds: float
    listeners: int
    verbs: tuple[str, ...]


@dataclass
class Notes:
    """What was seen.

    Attributes:
        took: Seconds from a request to the end of its answer, by what was asked for.
        late: Seconds that the client's own timers were late.
        refused: Answers that were not 200.
    """

    took: dict[str, list[float]] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    refused: int = 0
    events: int = 0


_User: TypeAlias = Callable[[aiohttp.ClientSession, Task, Notes], Awaitable[None]]


def ask(task: Task) -> Notes:
    """Look and order for a time."""
    return asyncio.run(_for_a_time(task, _look, _order))


def listen(task: Task) -> Notes:
    """Listen for a time, and scrape: a large answer, whose reader would be late elsewhere."""
    return asyncio.run(_for_a_time(task, *[_listen] * task.listeners, _scrape))


async def _for_a_time(task: Task, *users: _User) -> Notes:
    notes = Notes()
    whole = aiohttp.ClientTimeout(total=None)
    connections = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connections, timeout=whole) as session,
        asyncio.TaskGroup() as group,
    ):
        using = [group.create_task(user(session, task, notes)) for user in users]
        await asyncio.sleep(task.seconds)
        for each in using:
            each.cancel()
    return notes


async def _listen(session: aiohttp.ClientSession, task: Task, notes: Notes) -> None:
    async with session.get(f"{task.api}/api/v1/events") as stream:
        async for chunk in stream.content.iter_any():
            notes.events += chunk.count(b"\nevent:")


async def _scrape(session: aiohttp.ClientSession, task: Task, notes: Notes) -> None:
    while True:
        await _rest(SCRAPING, notes)
        with _timed(notes, "metrics"):
            async with session.get(f"{task.ops}/metrics") as answer:
                await answer.read()


async def _look(session: aiohttp.ClientSession, task: Task, notes: Notes) -> None:
    for kind, path in _paths(task.rollouts):
        await _rest(ASKING, notes)
        with _timed(notes, kind):
            async with session.get(task.api + path) as answer:
                await answer.read()
        notes.refused += answer.status != 200


async def _order(session: aiohttp.ClientSession, task: Task, notes: Notes) -> None:
    one = f"{task.api}/api/v1/rollouts/default/service-{task.rollouts - 1}"
    while True:
        for verb in task.verbs:
            await _rest(ORDERING, notes)
            with _timed(notes, "order"):
                async with session.post(f"{one}/{verb}") as answer:
                    await answer.read()
            notes.refused += answer.status != 200


def _paths(rollouts: int) -> Iterator[tuple[str, str]]:
    """Say what to look at, for ever: of ten requests seven for one rollout."""
    api, number = "/api/v1", 0
    while True:
        yield "list", f"{api}/rollouts"
        yield "session", f"{api}/session"
        for place in range(8):
            number = number % (rollouts - 1) + 1
            one = f"{api}/rollouts/default/service-{number}"
            yield ("series", f"{one}/series") if place == 0 else ("one", one)


async def _rest(seconds: float, notes: Notes) -> None:
    due = time.perf_counter() + seconds
    await asyncio.sleep(seconds)
    notes.late.append(time.perf_counter() - due)


@contextmanager
def _timed(notes: Notes, kind: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    notes.took.setdefault(kind, []).append(time.perf_counter() - began)
