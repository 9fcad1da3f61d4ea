"""Counts requests by asking Prometheus, once per interval for all rollouts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import aiohttp

from rolloutd.adapters.prometheus.answers import (
    Sheet,
    counts_look,
    dated,
    durations_look,
    sheet,
    youngest,
)
from rolloutd.adapters.prometheus.client import Limits, PrometheusClient
from rolloutd.adapters.prometheus.questions import Batch, arm_names, batches
from rolloutd.core.increase import Ledger, advance, rebased
from rolloutd.core.observation import Counts, Reading, Unread
from rolloutd.core.plan import Key
from rolloutd.core.scrape import Side
from rolloutd.core.target import Target
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable
from rolloutd.ports import Clock

Values = Mapping[str, tuple[float | None, float | None]]
"""Answers to a target's own queries by gate name, as (canary, stable)."""

_TARGETS_PER_TURN = 50
"""Targets counted before the loop gets its turn: some 100 microseconds each."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """What came back for one batch."""

    counts: Sheet
    statuses: Sheet
    durations: Sheet | None
    at: Instant


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is kept of one target.

    Counts and durations have a ledger each: buckets are the dearer question, and when it fails
    the evidence of failures must still flow.

    Attributes:
        meaning: The target: when it changes, counts change their meaning.
        by_status: Its calls are judged by gRPC status; once seen, that stays.
    """

    counts: Ledger
    durations: Ledger
    meaning: Target
    by_status: bool


class PrometheusMeter:
    """Implements ``ports.Meter`` for ``IstioMetrics`` and ``EnvoyClusterMetrics``.

    Between two scrapes nothing is new: the counts stay, and ``Reading.at`` stays within some
    milliseconds. When scrapes stop, an instance counts as missed after ``Limits.stale_after``,
    not as idle.

    Args:
        session: Not closed here; carries headers for authentication where those are needed.
        url: Prometheus' base URL.
        clock: For ``Reading.at``.
        limits: What questions may cost.
        replays: Ask what Prometheus would have answered when the clock's time was: then the
            clock may go through the past.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        clock: Clock,
        limits: Limits | None = None,
        *,
        replays: bool = False,
    ) -> None:
        self._limits = limits or Limits()
        as_of = clock.wall if replays else None
        self._client = PrometheusClient(session, url, self._limits, as_of)
        self._clock = clock
        self._memory: dict[Key, _Memory] = {}

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Read all targets at once, one answer each; trouble is an ``Unread``, never raised."""
        began = self._clock.now()
        asked = tuple(batches(targets))
        async with asyncio.TaskGroup() as group:
            values = group.create_task(self.values(targets), name="custom queries")
            tasks = [
                group.create_task(self._answers(batch), name=f"batch {number}")
                for number, batch in enumerate(asked)
            ]
        answers: dict[Key, Reading | Unread] = {
            target.key: _not_ours(target) for target in targets
        }
        for batch, task in zip(asked, tasks, strict=True):
            for number, target in enumerate(batch.targets, start=1):
                answers[target.key] = self._count(target, task.result(), began)
                if number % _TARGETS_PER_TURN == 0:
                    await self._clock.sleep(Seconds(0.0))
        return {
            key: _with(answer, values.result().get(key, {}), began)
            for key, answer in answers.items()
        }

    async def values(self, targets: Sequence[Target]) -> Mapping[Key, Values]:
        """Ask the targets' own queries, each text once; what does not come is ``None``.

        For targets of any source: Envoys do not speak PromQL.
        """
        texts = {
            text
            for target in targets
            for gate in target.queries
            for text in (gate.query, gate.stable_query)
            if text is not None
        }
        async with asyncio.TaskGroup() as group:
            tasks = {
                text: group.create_task(self._value(text), name="custom query")
                for text in texts
            }
        found = {text: task.result() for text, task in tasks.items()}
        return {
            target.key: {
                gate.name: (found[gate.query], found.get(gate.stable_query or ""))
                for gate in target.queries
            }
            for target in targets
        }

    def forget(self, keys: Collection[Key]) -> None:
        """Drop what is remembered of these targets."""
        for key in keys:
            self._memory.pop(key, None)

    async def _value(self, expression: str) -> float | None:
        """Return the one number that answers a query; anything else is not knowing."""
        try:
            rows = await self._client.query(expression)
        except Unavailable:
            return None
        if len(rows) != 1 or not math.isfinite(rows[0].value):
            return None
        return rows[0].value

    async def _answers(self, batch: Batch) -> _Answers | Unavailable:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._sheet(expression), name=name)
                for name, expression in (
                    ("counts", batch.counts),
                    ("statuses", batch.statuses),
                    ("durations", batch.durations),
                )
            ]
        counts, statuses, durations = (task.result() for task in tasks)
        if isinstance(counts, Unavailable):
            return counts
        if isinstance(statuses, Unavailable):
            return statuses
        timed = None if isinstance(durations, Unavailable) else durations
        return _Answers(counts, dated(statuses, counts), timed, self._clock.now())

    async def _sheet(self, expression: str | None) -> Sheet | Unavailable:
        """Return an answer or why there is none: one that failed must not cancel the rest."""
        if expression is None:
            return {}
        try:
            return sheet(await self._client.query(expression))
        except Unavailable as exc:
            return exc
        except ValueError as exc:
            return Unavailable(f"Prometheus sent a bucket without an edge: {exc}.")

    def _count(
        self, target: Target, answers: _Answers | Unavailable, began: Instant
    ) -> Reading | Unread:
        memory = self._remembered(target)
        if isinstance(answers, Unavailable):
            self._memory[target.key] = _after_gap(memory, began)
            return Unread(reason=str(answers))
        arms = arm_names(target)
        by_status = memory.by_status or any(arm in answers.statuses for arm in arms.values())
        if by_status is not memory.by_status:
            # The same calls stand in both kinds of counter: begin anew with the better one.
            memory = _after_gap(memory, began)
        asked = answers.statuses if by_status else answers.counts
        look = counts_look(asked, arms, target.metrics, self._limits.stale_after)
        counts = advance(memory.counts, look, began)
        timed = durations_look(answers.durations, arms) if answers.durations else {}
        durations = advance(memory.durations, timed, began)
        self._memory[target.key] = _Memory(counts, durations, target, by_status)
        at = Instant(answers.at - youngest(asked, arms))
        return _reading(counts, durations, target, at)

    def _remembered(self, target: Target) -> _Memory:
        memory = self._memory.get(target.key)
        if memory is None:
            return _Memory(Ledger(), Ledger(), target, by_status=False)
        if memory.meaning == target:
            return memory
        return _Memory(
            rebased(memory.counts), rebased(memory.durations), target, by_status=False
        )


def _after_gap(memory: _Memory, began: Instant) -> _Memory:
    """Return a memory in which no instance is known: what comes next is a new baseline."""
    return replace(
        memory,
        counts=advance(memory.counts, {}, began),
        durations=advance(memory.durations, {}, began),
    )


def _reading(
    counts: Ledger, durations: Ledger, target: Target, at: Instant
) -> Reading | Unread:
    stable = _arm(counts, durations, Side.STABLE)
    canary = _arm(counts, durations, Side.CANARY)
    if stable is None and canary is None:
        why = " ".join(counts.missed[:3])
        return Unread(reason=why or f"Prometheus has no series of either arm of {target.key}.")
    return Reading(at=at, stable=stable, canary=canary, values={})


def _arm(counts: Ledger, durations: Ledger, side: Side) -> Counts | None:
    counted = counts.counts(side)
    timed = durations.counts(side)
    if counted is None or timed is None:
        return counted
    return replace(counted, latency=timed.latency)


def _not_ours(target: Target) -> Unread:
    source = type(target.metrics.source).__name__
    return Unread(reason=f"Prometheus is not asked for {source} of {target.key}.")


def _with(answer: Reading | Unread, values: Values, began: Instant) -> Reading | Unread:
    """Add the answers to custom queries; they are knowledge even where counts are not."""
    match answer:
        case Reading():
            return replace(answer, values=values)
        case Unread():
            known = any(value is not None for pair in values.values() for value in pair)
            if not known:
                return answer
            return Reading(at=began, stable=None, canary=None, values=values)
