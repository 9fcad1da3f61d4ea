"""Asks Envoy about itself, over the socket of its admin interface."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from rolloutd.errors import Unavailable
from rolloutd.sandbox.envoy.reading import items, section, text, whole

_TIMEOUT = aiohttp.ClientTimeout(total=5.0)


class Admin:
    """Envoy's admin interface.

    Args:
        session: Whatever host it asks for, Envoy answers.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def is_ready(self) -> bool:
        """Say whether Envoy takes calls; ``False`` also when nobody answers."""
        try:
            await self._get("/ready", {})
        except Unavailable:
            return False
        return True

    async def ports(self) -> Mapping[str, int]:
        """Return the port of every listener by its name.

        Raises:
            Unavailable: No answer.
        """
        answer = section(json.loads(await self._get("/listeners", {"format": "json"})))
        return {
            text(listener.get("name")): whole(address.get("port_value")) or 0
            for listener in map(section, items(answer.get("listener_statuses")))
            for address in [section(section(listener, "local_address"), "socket_address")]
        }

    async def stats(self, pattern: str) -> Mapping[str, str]:
        """Return stats by name.

        Args:
            pattern: Regular expression (RE2) found somewhere in the names.

        Raises:
            Unavailable: No answer.
        """
        lines = (await self._get("/stats", {"filter": pattern})).splitlines()
        pairs = (line.rsplit(": ", 1) for line in lines)
        return {name: value.strip('"') for name, value in pairs}

    async def _get(self, path: str, query: Mapping[str, str]) -> str:
        try:
            async with self._session.get(path, params=query) as response:
                answer = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"Envoy's admin interface did not answer {path}.") from error
        if response.status != 200:
            raise Unavailable(f"Envoy's admin interface answered {path} with {answer!r}.")
        return answer


@asynccontextmanager
async def admin(socket: Path) -> AsyncIterator[Admin]:
    """Speak with the Envoy that listens, or will listen, on this socket."""
    connector = aiohttp.UnixConnector(str(socket))
    async with aiohttp.ClientSession(
        "http://envoy", connector=connector, timeout=_TIMEOUT
    ) as session:
        yield Admin(session)
