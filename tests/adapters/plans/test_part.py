"""Each shard is given its own plans, and everybody's complaints."""

from __future__ import annotations

from contextlib import aclosing

from rolloutd.adapters.plans.part import PartOfPlans
from rolloutd.core.plan import Key
from rolloutd.core.shards import shards
from tests.builders import a_plan
from tests.engine.test_supervisor import FakeSource


async def test_every_plan_is_in_one_part() -> None:
    """``shop`` and ``find`` belong to one of two shards, ``default`` to the other."""
    plans = [a_plan(key=Key(namespace, "a")) for namespace in ("shop", "find", "default")]
    parts: list[list[Key]] = []
    for shard in shards(2):
        source = FakeSource()
        source.publish(*plans)
        async with aclosing(PartOfPlans(source, shard).changes()) as changes:
            parts.append(sorted((await anext(changes)).plans))

    assert parts == [[Key("find", "a"), Key("shop", "a")], [Key("default", "a")]]


async def test_a_complaint_reaches_every_part() -> None:
    """Nobody gives up a run while its plan may stand in a file that can't be read."""
    (_, shard), source = shards(2), FakeSource()
    source.publish(complaints=("broken.yaml:3 is no plan.",))
    async with aclosing(PartOfPlans(source, shard).changes()) as changes:
        catalogue = await anext(changes)

    assert list(catalogue.complaints) == ["broken.yaml:3 is no plan."]
