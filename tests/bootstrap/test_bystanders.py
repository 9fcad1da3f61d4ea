"""A whole daemon, in a cluster of our own: what only shows and tells stops no decision."""

from __future__ import annotations

from pathlib import Path

import orjson

from rolloutd.adapters.istio.annotations import keys
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.api.control.broadcast import GLANCE
from rolloutd.bootstrap import Daemon, daemon
from rolloutd.core.state import Phase
from rolloutd.core.units import Seconds
from rolloutd.ports import Json
from rolloutd.sandbox.cluster import STORY
from tests.bootstrap.test_telling import PLAN, Stage, a_stage

VIRTUAL_SERVICES = STORY.rpartition("/")[0]
OTHER = f"{VIRTUAL_SERVICES}/other"
RECORD = keys("other").record

NEVER = 1e18
"""Seconds since 1970: no calendar goes as far."""


async def add_another(stage: Stage) -> None:
    """Give a rollout named ``other`` a VirtualService and a plan like the story's."""
    found = await stage.here.api.get(STORY)
    copied: Json = orjson.loads(orjson.dumps(found))
    copied["metadata"] = {"name": "other", "namespace": "default"}
    await stage.here.api.create(VIRTUAL_SERVICES, copied)
    plan = PLAN.replace("{name: data-product, ", "{name: other, ")
    plan = plan.replace("virtualService: {name: data-product}", "virtualService: {name: other}")
    (stage.here.plans / "other.yaml").write_text(plan)


async def misdate(stage: Stage, running: Daemon) -> None:
    """Edit that rollout's record by hand, once there is one."""
    written = None
    while written is None:
        await running.clock.sleep(Seconds(0.02))
        found = await stage.here.api.get(OTHER)
        written = text(found, "metadata", "annotations", RECORD)
    record = orjson.dumps(orjson.loads(written) | {"since": NEVER}).decode()
    await stage.here.api.merge(OTHER, {"metadata": {"annotations": {RECORD: record}}})


async def test_a_rollout_that_cannot_be_shown_stops_nobody_elses(tmp_path: Path) -> None:
    """Whoever may edit one VirtualService could end every rollback, after restarts as well."""
    async with a_stage(tmp_path) as stage:
        await add_another(stage)
        async with daemon(stage.settings) as running:
            await misdate(stage, running)
            await running.clock.sleep(Seconds(2 * GLANCE))
        async with daemon(stage.settings) as running:
            await stage.reach(running, Phase.PAUSED)
            await running.clock.sleep(Seconds(2 * GLANCE))
            await stage.roll_back(running)
            await stage.reach(running, Phase.ABORTED)
        reasons = await stage.reasons()

    assert "Aborted" in reasons
