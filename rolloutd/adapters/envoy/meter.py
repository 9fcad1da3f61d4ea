"""Counts requests by reading Envoys directly: pods' sidecars, gateways, clients."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from rolloutd.adapters.envoy.endpoints import Endpoint, Need, asked_url, endpoints, needs
from rolloutd.adapters.envoy.fetch import Answer, Fetcher, Limits
from rolloutd.adapters.envoy.protobuf import ProtobufReader
from rolloutd.adapters.envoy.series import Basis, Exposition, Wanted
from rolloutd.adapters.envoy.text import TextReader
from rolloutd.core.increase import Ledger, advance, rebased
from rolloutd.core.observation import Reading, Unread
from rolloutd.core.plan import Key
from rolloutd.core.scrape import Missed, Scrape, Side
from rolloutd.core.target import ArmTarget, Target
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock

_INLINE = 64 << 10
"""Answers up to this many bytes are read on the event loop, in about a millisecond; handing
larger ones to a thread costs less than they would hold the loop up."""

_TARGETS_PER_TURN = 50
"""Targets counted before the loop gets its turn: some 100 microseconds each."""

_UNSETTLED = (Basis.CODES, Basis.CODES)

_REASONS = 3
"""Endpoints named in one explanation; a person reads the first, and the number of the rest."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A whole look at one endpoint."""

    exposition: Exposition
    at: Instant


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is kept of one target.

    Attributes:
        target: As last read: when its names change, or what fails, counts change their meaning.
        bases: How each endpoint counted at first, and how it counts now.
    """

    ledger: Ledger
    target: Target
    bases: Mapping[str, tuple[Basis, Basis]]


class EnvoyMeter:
    """Implements ``ports.Meter`` for ``SidecarMetrics`` and ``CallerMetrics``.

    Each endpoint is asked once per ``read``, for what all targets want of it. Custom queries
    are not for Envoy to answer: ``Reading.values`` is empty.

    Args:
        session: Not closed here. Its connector bounds how many endpoints are asked at once.
        clock: For ``Reading.at``.
        limits: What each endpoint may cost.
    """

    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, limits: Limits | None = None
    ) -> None:
        self._clock = clock
        self._fetcher = Fetcher(session, clock, limits or Limits())
        self._text = TextReader()
        self._protobuf = ProtobufReader()
        self._memory: dict[Key, _Memory] = {}

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Read all targets at once, one answer each; trouble is an ``Unread``, never raised."""
        began = self._clock.now()
        asked: list[tuple[Target, Sequence[Endpoint]]] = []
        for number, target in enumerate(targets, start=1):
            asked.append((target, endpoints(target)))
            if number % _TARGETS_PER_TURN == 0:
                await self._clock.sleep(Seconds(0.0))
        looks = await self._look(needs(asked, self._is_settled))
        answers: dict[Key, Reading | Unread] = {}
        for number, (target, its_endpoints) in enumerate(asked, start=1):
            seen = [(endpoint, looks[endpoint.url]) for endpoint in its_endpoints]
            answers[target.key] = self._count(target, seen, began)
            if number % _TARGETS_PER_TURN == 0:
                await self._clock.sleep(Seconds(0.0))
        return answers

    def forget(self, keys: Collection[Key]) -> None:
        """Drop what is remembered of these targets."""
        for key in keys:
            self._memory.pop(key, None)

    async def _look(self, wanted: Mapping[str, Need]) -> Mapping[str, _Read | str]:
        """Ask every endpoint at once; what comes is an exposition, or why there is none."""
        async with asyncio.TaskGroup() as group:
            tasks = {
                url: group.create_task(self._look_at(url, need), name=f"scrape {url}")
                for url, need in wanted.items()
            }
        return {url: task.result() for url, task in tasks.items()}

    async def _look_at(self, url: str, need: Need) -> _Read | str:
        try:
            answer = await self._fetcher.fetch(asked_url(url, need))
            try:
                exposition = await self._read(answer, need)
            finally:
                self._fetcher.release(answer)
        except Unavailable as exc:
            return f"{url} {exc}."
        return _Read(exposition, answer.at)

    async def _read(self, answer: Answer, need: Need) -> Exposition:
        if answer.size <= _INLINE:
            return self._parse(answer, need)
        return await asyncio.to_thread(self._parse, answer, need)

    def _parse(self, answer: Answer, need: Need) -> Exposition:
        reader = self._protobuf if answer.is_protobuf else self._text
        wanted = Wanted(latency=need.latency, clusters=need.clusters)
        return reader.read(b"".join(answer.chunks), wanted)

    def _is_settled(self, key: Key, url: str) -> bool:
        memory = self._memory.get(key)
        return memory is not None and memory.bases.get(url, _UNSETTLED)[1] is Basis.ISTIO

    def _count(
        self, target: Target, seen: Sequence[tuple[Endpoint, _Read | str]], began: Instant
    ) -> Reading | Unread:
        memory = self._remembered(target)
        bases: dict[str, tuple[Basis, Basis]] = {}
        look: dict[str, Scrape | Missed] = {}
        newest = began
        for endpoint, what in seen:
            url = endpoint.url
            if url in memory.bases:
                bases[url] = memory.bases[url]
            match what:
                case str(reason):
                    look[url] = Missed(sides=frozenset(endpoint.arms), reason=reason)
                case _Read(exposition=exposition, at=at):
                    newest = max(newest, at)
                    name = _source_name(endpoint, exposition, bases)
                    look[name] = _scrape(endpoint, exposition, target, bases)
        ledger = advance(memory.ledger, look, began)
        self._memory[target.key] = _Memory(ledger, target, bases)
        return _answer(ledger, target, newest)

    def _remembered(self, target: Target) -> _Memory:
        memory = self._memory.get(target.key)
        if memory is None:
            return _Memory(Ledger(), target, {})
        if _counts_alike(memory.target, target):
            return memory
        return _Memory(rebased(memory.ledger), target, {})


def _counts_alike(one: Target, other: Target) -> bool:
    """Say whether counts of the one can be carried on as counts of the other."""
    return (
        one.metrics == other.metrics
        and one.latency is other.latency
        and _names(one.stable) == _names(other.stable)
        and _names(one.canary) == _names(other.canary)
    )


def _names(arm: ArmTarget) -> tuple[str, str, str]:
    return arm.workload, arm.host, arm.subset


def _source_name(
    endpoint: Endpoint, exposition: Exposition, bases: dict[str, tuple[Basis, Basis]]
) -> str:
    """Name a source so that a change of basis makes it one never seen before.

    The same requests stand in the counters of both bases; carried over as one source, those of
    the new basis would all be taken for an increase. Notes the basis in ``bases``; a better one
    is never left again, because its series do not go away while the Envoy runs.
    """
    found = exposition.best_basis(endpoint.arms.values())
    if found is None and endpoint.url not in bases:
        return endpoint.url
    first, current = bases.get(endpoint.url, (found or Basis.CODES,) * 2)
    current = max(current, found or current)
    bases[endpoint.url] = (first, current)
    return endpoint.url if first is current else f"{endpoint.url} by {current.name}"


def _scrape(
    endpoint: Endpoint,
    exposition: Exposition,
    target: Target,
    bases: Mapping[str, tuple[Basis, Basis]],
) -> Scrape:
    _, basis = bases.get(endpoint.url, _UNSETTLED)
    return Scrape(
        arms={
            side: exposition.series(basis, names, target.metrics, latency=target.latency)
            for side, names in endpoint.arms.items()
        },
        started=endpoint.started,
    )


def _answer(ledger: Ledger, target: Target, at: Instant) -> Reading | Unread:
    stable = ledger.counts(Side.STABLE)
    canary = ledger.counts(Side.CANARY)
    if stable is None and canary is None:
        return Unread(reason=_reason(ledger.missed, target))
    return Reading(at=at, stable=stable, canary=canary, values={})


def _reason(missed: Sequence[str], target: Target) -> str:
    if not missed:
        source = type(target.metrics.source).__name__
        return f"{target.key} has no Envoy to ask: {source} names no endpoint or running pod."
    more = len(missed) - _REASONS
    tail = f" And {more} more." if more > 0 else ""
    return " ".join(missed[:_REASONS]) + tail
