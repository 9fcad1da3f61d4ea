"""Goes through the past with Prometheus, by the very meter that counts the present."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import aiohttp

from rolloutd.adapters.prometheus.client import Limits, PrometheusClient
from rolloutd.adapters.prometheus.meter import PrometheusMeter
from rolloutd.core.evidence import Evidence, learn
from rolloutd.core.gate.jury import Jury
from rolloutd.core.observation import Counts, Sample
from rolloutd.core.target import Target
from rolloutd.core.units import Instant, Percent, Seconds, after
from rolloutd.ports import Clock

NOBODY = Jury(history=None, last=None, jurors=())
"""Samples are wanted here, not verdicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time.

    Attributes:
        interval: Between two looks.
    """

    begin: Instant
    end: Instant
    interval: Seconds


@dataclass(slots=True)
class Past:
    """Implements ``ports.Clock``: a clock that goes where it is put."""

    at: Instant
    present: Clock = field(repr=False)

    def now(self) -> Instant:
        """Return where it stands."""
        return self.at

    def wall(self) -> Instant:
        """Return where it stands."""
        return self.at

    async def sleep(self, duration: Seconds) -> None:
        """Let others have their turn: in the past nothing is waited for."""
        del duration
        await self.present.sleep(Seconds(0.0))


async def samples(
    session: aiohttp.ClientSession, url: str, target: Target, span: Span, clock: Clock
) -> AsyncIterator[Sample]:
    """Yield what the daemon would have counted, interval by interval, oldest first.

    An interval of which Prometheus knows nothing is a sample without arms. A sample's weight
    is the canary's share of the counted requests: what was ordered then is not recorded.

    Raises:
        Unavailable: Prometheus does not answer at all.
    """
    past = Past(at=span.begin, present=clock)
    meter = PrometheusMeter(session, url, past, Limits(), replays=True)
    evidence = Evidence(jury=NOBODY)
    await PrometheusClient(session, url, Limits()).query("1")  # gaps are not its absence
    while past.at <= span.end:
        reading = (await meter.read([target]))[target.key]
        evidence, sample = learn(evidence, reading, Percent(0), past.at)
        if sample is not None:
            yield replace(sample, weight=_share(sample.stable, sample.canary))
        past.at = after(past.at, span.interval)


def _share(stable: Counts | None, canary: Counts | None) -> Percent:
    if stable is None or canary is None:
        return Percent(0)
    total = stable.requests + canary.requests
    return Percent(round(100 * canary.requests / total) if total else 0)
