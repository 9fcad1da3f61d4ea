"""Requests that follow the weights, and a meter that counts them, or says something else."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rolloutd.core.increase import Ledger, advance
from rolloutd.core.observation import Histogram, Reading, Unread
from rolloutd.core.plan import Key
from rolloutd.core.scrape import Missed, Scrape, Series, Side
from rolloutd.core.target import Target
from rolloutd.core.units import Instant, Seconds
from tests.simulation.cluster import STABLE
from tests.simulation.timeline import T0, Timeline, VirtualClock
from tests.simulation.weather import METRICS_FAULTS, Fault, Weather

RATE = 200.0
"""Requests per second to the service."""

CALLERS = 2
"""Envoys that call it, each with half of the requests."""

USUAL_FAILURES = 0.0
"""Share of requests that fail in a version that is well: so that it is never to be blamed."""

EDGES = (100.0, 500.0, 1000.0)
"""Upper edges of the buckets of durations, in milliseconds; what is slow is in the last."""

OUTAGE = (2.0, 15.0)
"""How long the metrics stay away, in seconds."""


class Sign(enum.Enum):
    """By what it shows that a version is not well."""

    FAILURES = "failures"
    SLOWNESS = "slowness"
    QUERY = "query"
    """The user's own query says it, and no request shows it."""


@dataclass(slots=True)
class Served:
    """What one version has answered so far: well, and as it does that is not well."""

    passed: float = 0.0
    failed: float = 0.0


class Traffic:
    """Counts what each version has served, by the weights that were in force.

    Args:
        timeline: When.
        broken: Share of requests that fail, by version; others fail seldom.
        sign: What it shows as in place of failures.
    """

    def __init__(
        self, timeline: Timeline, broken: Mapping[str, float], sign: Sign = Sign.FAILURES
    ) -> None:
        self.sign = sign
        self._timeline = timeline
        self._broken = broken
        self._weights: Mapping[str, int] = {STABLE: 100}
        self._counted_until = 0.0
        self._served: dict[str, Served] = {}

    def follow(self, weights: Mapping[str, int]) -> None:
        """Send requests by these weights from now on."""
        self._count()
        self._weights = weights

    def served(self, version: str) -> Served:
        """Return what a version has answered until now."""
        self._count()
        return self._served.setdefault(version, Served())

    def ailing(self, version: str) -> float:
        """Return the share of a version's requests that do not go well."""
        return self._broken.get(version, USUAL_FAILURES)

    def _count(self) -> None:
        passed = self._timeline.now - self._counted_until
        self._counted_until = self._timeline.now
        total = sum(self._weights.values())
        if passed <= 0.0 or total <= 0:
            return
        for version, weight in self._weights.items():
            requests = RATE * passed * weight / total
            share = self.ailing(version)
            served = self._served.setdefault(version, Served())
            served.failed += requests * share
            served.passed += requests * (1.0 - share)


@dataclass(slots=True)
class _Restart:
    """A caller that was restarted: its counters began anew."""

    at: float = -1000.0
    bases: dict[str, Served] = field(default_factory=dict)


class SimulatedMeter:
    """Implements ``ports.Meter`` on simulated traffic, with the real handling of counters."""

    def __init__(self, traffic: Traffic, clock: VirtualClock, weather: Weather) -> None:
        self._traffic = traffic
        self._clock = clock
        self._weather = weather
        self._restarts = [_Restart() for _ in range(CALLERS)]
        self._ledgers: dict[Key, Ledger] = {}
        self._away_until = Instant(0.0)

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Read all targets, if nothing comes in between."""
        fault = self._weather.strikes(METRICS_FAULTS)
        if fault is not None:
            self._weather.count(fault)
        chance = self._weather.chance
        if fault is Fault.METRICS_DOWN:
            self._away_until = Instant(self._clock.now() + chance.uniform(*OUTAGE))
        if fault is Fault.METRICS_LATE:
            await self._clock.sleep(Seconds(chance.uniform(0.2, 1.9)))
        if self._clock.now() < self._away_until and not self._weather.is_calm:
            return {target.key: Unread(reason="connection refused") for target in targets}
        if fault is Fault.METRICS_RESET:
            self._restart(chance.randrange(CALLERS), targets)
        return {target.key: self._read(target, fault) for target in targets}

    def forget(self, keys: Collection[Key]) -> None:
        """Drop what is remembered of these targets."""
        for key in keys:
            self._ledgers.pop(key, None)

    def _read(self, target: Target, fault: Fault | None) -> Reading | Unread:
        look = {
            f"caller-{number}": self._scrape(target, restart, fault if number == 0 else None)
            for number, restart in enumerate(self._restarts)
        }
        now = self._clock.now()
        ledger = advance(self._ledgers.get(target.key, Ledger()), look, now)
        self._ledgers[target.key] = ledger
        stable, canary = ledger.counts(Side.STABLE), ledger.counts(Side.CANARY)
        if stable is None and canary is None:
            return Unread(reason="nobody answered")
        values = {query.name: self._answer(target, fault) for query in target.queries}
        return Reading(at=now, stable=stable, canary=canary, values=values)

    def _answer(self, target: Target, fault: Fault | None) -> tuple[float | None, float | None]:
        """Return what the user's own query says of (canary, stable)."""
        if fault in {Fault.METRICS_NAN, Fault.METRICS_PARTIAL}:
            return None, None
        is_told = self._traffic.sign is Sign.QUERY
        ailing = self._traffic.ailing(target.canary.subset or "") if is_told else 0.0
        return ailing, 0.0

    def _scrape(
        self, target: Target, restart: _Restart, fault: Fault | None
    ) -> Scrape | Missed:
        if fault is Fault.METRICS_PARTIAL:
            return Missed(sides=frozenset(Side), reason="caller-0 did not answer.")
        spoilt = math.nan if fault is Fault.METRICS_NAN else 0.0
        arms = {
            side: self._series(subset, restart, spoilt, with_durations=target.latency)
            for side, subset in (
                (Side.STABLE, target.stable.subset),
                (Side.CANARY, target.canary.subset),
            )
        }
        return Scrape(arms=arms, started=Instant(T0 + restart.at))

    def _series(
        self, version: str, restart: _Restart, spoilt: float, *, with_durations: bool
    ) -> Series:
        served, base = self._traffic.served(version), restart.bases.get(version, Served())
        passed = (served.passed - base.passed) / CALLERS
        failed = (served.failed - base.failed) / CALLERS
        if self._traffic.sign is Sign.FAILURES:
            return Series(passed={"200": passed + spoilt}, failed={"500": failed})
        fast, all_ = int(passed), int(passed + failed)
        if self._traffic.sign is not Sign.SLOWNESS:
            fast = all_
        took = Histogram(bounds=EDGES, counts=(fast, fast, all_, all_))
        return Series(
            passed={"200": passed + failed + spoilt},
            failed={"500": 0.0},
            latency={"200": took} if with_durations else {},
        )

    def _restart(self, number: int, targets: Sequence[Target]) -> None:
        """Let one caller's counters begin anew; what it counted since the last look is lost."""
        restart = self._restarts[number]
        restart.at = self._clock.now() - T0
        for target in targets:
            for subset in (target.stable.subset, target.canary.subset):
                served = self._traffic.served(subset)
                restart.bases[subset] = Served(served.passed, served.failed)
