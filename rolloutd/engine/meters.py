"""Several meters behind one: each target goes to the one that knows its source."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from rolloutd.core.observation import Reading, Unread
from rolloutd.core.plan import Key, MetricsSource
from rolloutd.core.target import Target
from rolloutd.ports import Meter


class Meters:
    """A meter made of meters."""

    def __init__(self, by_source: Mapping[type[MetricsSource], Meter]) -> None:
        self._by_source = by_source

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Ask each meter once, all at the same time."""
        answers: dict[Key, Reading | Unread] = {}
        shares: dict[Meter, list[Target]] = {}
        for target in targets:
            source = type(target.metrics.source)
            if (meter := self._by_source.get(source)) is None:
                why = f"no {source.__name__} provider is configured: give --prometheus URL"
                answers[target.key] = Unread(reason=why)
            else:
                shares.setdefault(meter, []).append(target)

        async def ask(meter: Meter, share: Sequence[Target]) -> None:
            answers.update(await meter.read(share))

        async with asyncio.TaskGroup() as group:
            for meter, share in shares.items():
                group.create_task(ask(meter, share), name="meter")
        return answers

    def forget(self, keys: Collection[Key]) -> None:
        """Pass it on to all."""
        for meter in set(self._by_source.values()):
            meter.forget(keys)
