"""The plans of one shard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from rolloutd.core.plan import Key, Plan
from rolloutd.core.shards import Shard
from rolloutd.ports import Catalogue, PlanSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfCatalogue:
    """Implements ``ports.Catalogue``.

    Attributes:
        complaints: All there are: in a file that is broken may stand a plan of any shard.
    """

    plans: Mapping[Key, Plan]
    complaints: Sequence[str]


class PartOfPlans:
    """Implements ``ports.PlanSource`` by what belongs to a shard in another one."""

    def __init__(self, source: PlanSource, shard: Shard) -> None:
        self._source = source
        self._shard = shard

    async def changes(self) -> AsyncGenerator[Catalogue, None]:
        """Yield the shard's plans at once, and again after every change of any plan."""
        async for catalogue in self._source.changes():
            plans = catalogue.plans
            yield PartOfCatalogue(
                plans={key: plans[key] for key in plans if self._shard.has(key)},
                complaints=catalogue.complaints,
            )
