"""Several meters behind one: each target goes to the one that knows its source."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Collection, Mapping, Sequence

from rolloutd.core.observation import Reading, Unread
from rolloutd.core.plan import Key, MetricsSource
from rolloutd.core.target import Target
from rolloutd.ports import Meter, Queries


class Meters:
    """A meter made of meters.

    Args:
        by_source: Who counts what.
        queries: Who answers the users' own queries for targets whose meter does not speak
            PromQL; ``None`` when there is no Prometheus.
    """

    def __init__(
        self, by_source: Mapping[type[MetricsSource], Meter], queries: Queries | None = None
    ) -> None:
        self._by_source = by_source
        self._queries = queries

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Ask each meter once, all at the same time."""
        answers: dict[Key, Reading | Unread] = {}
        shares: dict[Meter, list[Target]] = {}
        for target in targets:
            source = type(target.metrics.source)
            if (meter := self._by_source.get(source)) is None:
                why = f"nobody answers for {source.__name__}: start with --prometheus URL"
                answers[target.key] = Unread(reason=why)
            else:
                shares.setdefault(meter, []).append(target)

        async def ask(meter: Meter, share: Sequence[Target]) -> None:
            answers.update(await meter.read(share))

        async with asyncio.TaskGroup() as group:
            for meter, share in shares.items():
                group.create_task(ask(meter, share), name="meter")
            values = group.create_task(self._values(targets), name="queries")
        return {key: _with(answer, values.result().get(key)) for key, answer in answers.items()}

    def forget(self, keys: Collection[Key]) -> None:
        """Pass it on to all."""
        for meter in set(self._by_source.values()):
            meter.forget(keys)

    async def _values(
        self, targets: Sequence[Target]
    ) -> Mapping[Key, Mapping[str, tuple[float | None, float | None]]]:
        asking = [each for each in targets if each.queries and not self._answers(each)]
        if not asking:
            return {}
        silence = (None, None)
        if self._queries is None:
            return {t.key: {gate.name: silence for gate in t.queries} for t in asking}
        return await self._queries.values(asking)

    def _answers(self, target: Target) -> bool:
        """Say whether the target's own meter answers its queries, too."""
        meter: object = self._by_source.get(type(target.metrics.source))
        return meter is not None and meter is self._queries


def _with(
    answer: Reading | Unread, values: Mapping[str, tuple[float | None, float | None]] | None
) -> Reading | Unread:
    if values is None or isinstance(answer, Unread):
        return answer
    return dataclasses.replace(answer, values=values)
