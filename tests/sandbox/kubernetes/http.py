"""Plain HTTP against the embedded API, for what the live client never asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.kubernetes.api import LiveApi, connect
from rolloutd.adapters.kubernetes.pace import Pace
from rolloutd.adapters.kubernetes.settings import ClientSettings
from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.kubeconfig import kubeconfig
from rolloutd.sandbox.kubernetes.server import Serving, serve
from rolloutd.sandbox.kubernetes.store import Store
from tests.sandbox.kubernetes.examples import dice


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    code: int
    body: Json


class Http:
    """Sends requests as anybody with curl might."""

    def __init__(self, session: aiohttp.ClientSession, serving: Serving, store: Store) -> None:
        self.serving = serving
        self.store = store
        self._session = session

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send JSON, unless the headers say otherwise."""
        said = {"Content-Type": "application/json"} | {
            key.replace("_", "-"): value for key, value in headers.items()
        }
        data = None if body is None else orjson.dumps(body)
        url = self.serving.url + path
        async with self._session.request(method, url, data=data, headers=said) as response:
            return Answer(response.status, orjson.loads(await response.read()))

    async def lines(self, path: str) -> list[Json]:
        """Read a watch to its end."""
        async with self._session.get(self.serving.url + path) as response:
            return [orjson.loads(line) async for line in response.content]


@asynccontextmanager
async def serving(store: Store) -> AsyncIterator[Http]:
    """Serve a cluster meanwhile."""
    async with serve(store) as served, aiohttp.ClientSession() as session:
        yield Http(session, served, store)


def pace() -> Pace:
    """Make a pace of real time: sockets do not wait for fakes."""
    return Pace(clock=SystemClock(), chance=dice())


@asynccontextmanager
async def live(http: Http, folder: Path) -> AsyncIterator[LiveApi]:
    """Connect the daemon's own client, through a kubeconfig in a folder."""
    path = folder / "kubeconfig"
    path.write_text(kubeconfig(http.serving.url))
    async with connect(path, None, ClientSettings(), pace()) as api:
        yield api
