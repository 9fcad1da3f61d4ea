"""What Prometheus has kept of stable from before a run."""

from __future__ import annotations

import asyncio

import aiohttp
import structlog

from rolloutd.adapters.prometheus.replay import Span, samples
from rolloutd.core.observation import History
from rolloutd.core.past import BLOCK, SPAN, history
from rolloutd.core.target import Target
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock

log = structlog.get_logger()

DEADLINE = Seconds(10.0)
"""Longest wait for all of it. Who waits longer has learnt as much by looking."""


class PrometheusHindsight:
    """Implements ``ports.Hindsight`` for what Prometheus counts.

    Args:
        session: Not closed here; carries headers for authentication where those are needed.
        url: Prometheus' base URL.
        clock: For letting others have their turn.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, clock: Clock) -> None:
        self._session = session
        self._url = url
        self._clock = clock

    async def history(self, target: Target, before: Instant) -> History | None:
        """Sum up stable's last half hour; ``None`` where nothing is known, never raised."""
        span = Span(begin=Instant(before - SPAN), end=before, interval=BLOCK)
        looks = samples(self._session, self._url, target, span, self._clock)
        try:
            async with asyncio.timeout(DEADLINE):
                return history([sample async for sample in looks])
        except (TimeoutError, Unavailable) as error:
            why = str(error) or f"it took longer than {DEADLINE:g} s"
            log.warning("history_unavailable", rollout=str(target.key), reason=why)
            return None
