"""Keeps one task a rollout alive, and follows the plans as they come, change and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

import structlog

from rolloutd.core.observation import Reading, Unread
from rolloutd.core.plan import Key, Plan, StartCron
from rolloutd.core.stray import Stray, meet, plan_of
from rolloutd.core.units import Seconds, after
from rolloutd.engine.orphans import Orphans
from rolloutd.engine.recall import Recall
from rolloutd.engine.rollout import Rollout
from rolloutd.engine.sampling import Sampling
from rolloutd.engine.view import View
from rolloutd.engine.waiting import AT_ONCE
from rolloutd.engine.world import World
from rolloutd.ports import Calendar, Catalogue, Clock, Json, Meter, PlanSource

log = structlog.get_logger()

AFTER_A_CRASH = Seconds(5.0)
"""Rest before what failed by a bug of ours is taken up again."""

GLANCE = Seconds(30.0)
"""Time between two looks for runs that no plan names any more."""

PATIENCE = Seconds(60.0)
"""Longest wait for a run that is in a new plan's way."""

BRIEFLY = Seconds(0.1)


async def keep_going(name: str, work: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Run something that does not end until cancelled: no bug in it ends the daemon."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("crashed", what=name)
            await clock.sleep(AFTER_A_CRASH)


class Supervisor:
    """Owns every rollout."""

    def __init__(self, world: World, meter: Meter, calendar: Calendar) -> None:
        self._world = world
        self._calendar = calendar
        self._rollouts: dict[Key, Rollout] = {}
        self._sampling = Sampling(meter, world.clock, self._all, self._hear)
        past = world.hindsight
        self._recall = None if past is None else Recall(past, world.clock, self._all)
        self._orphans = None if world.estate is None else Orphans(world.estate, world.clock)
        self._catalogue: Catalogue | None = None

    async def run(self, source: PlanSource) -> None:
        """Drive all rollouts until cancelled.

        What they learnt goes with their tasks: whoever drives them next reads the cluster.
        """
        try:
            async with asyncio.TaskGroup() as group:
                # Gates are blind after a crash of it, which plans provide for.
                sampling = keep_going("sampling", self._sampling.run, self._world.clock)
                group.create_task(sampling, name="sampling")
                if self._recall is not None:
                    recall = keep_going("recall", self._recall.run, self._world.clock)
                    group.create_task(recall, name="recall")
                if self._orphans is not None:
                    group.create_task(self._look_after(self._orphans, group), name="orphans")
                async for catalogue in source.changes():
                    await self._take(catalogue, group)
        finally:
            for key in self._rollouts:
                # Another replica shows them from now on; ours would stand still beside it.
                self._world.metrics.dismiss(key)
            self._rollouts.clear()

    def has_read(self) -> bool:
        """Say whether the plans have been read once."""
        return self._catalogue is not None

    @property
    def complaints(self) -> Sequence[str]:
        """What is wrong with which plan file."""
        return self._catalogue.complaints if self._catalogue is not None else ()

    def get(self, key: Key) -> Rollout | None:
        """Return the rollout of a plan."""
        return self._rollouts.get(key)

    def all(self) -> Collection[Rollout]:
        """Return every rollout, by key."""
        return tuple(self._rollouts[key] for key in sorted(self._rollouts))

    def views(self) -> list[View]:
        """Return what every rollout looks like, by key."""
        return [rollout.view for rollout in self.all()]

    def changed(self, kind: str, change: str, obj: Json) -> None:
        """Hear of a changed object; wake the rollouts that look at it."""
        del change
        meta = obj.get("metadata")
        if isinstance(meta, dict):
            namespace, name = str(meta.get("namespace")), str(meta.get("name"))
            for rollout in self._rollouts.values():
                rollout.changed(kind, namespace, name)

    def _all(self) -> Collection[Rollout]:
        return self._rollouts.values()

    async def _take(self, catalogue: Catalogue, group: asyncio.TaskGroup) -> None:
        self._catalogue = catalogue
        metrics = self._world.metrics
        metrics.plans_good.set(not catalogue.complaints)
        if not catalogue.complaints:
            metrics.plans_read_at.set(self._world.clock.wall())
        for complaint in catalogue.complaints:
            log.error("plan_refused", error=complaint)
        for key in set(self._rollouts) - set(catalogue.plans):
            self._calendar.cancel(key)
            self._rollouts[key].follow(None)
        moved: Mapping[Key, Stray] = {}
        if self._orphans is not None:
            # First, so that the plans that follow wait for the runs in their way.
            self._wind_up(self._orphans.superseded(catalogue), group)
            moved = self._orphans.moved(catalogue)
        for key, plan in catalogue.plans.items():
            self._follow(plan, moved.get(key), group)
            # Thousands of plans take seconds: nobody's breach waits for them.
            await self._world.clock.sleep(AT_ONCE)

    def _follow(self, plan: Plan, moved: Stray | None, group: asyncio.TaskGroup) -> None:
        self._world.metrics.admit(plan)
        key = plan.key
        rollout = self._rollouts.get(key)
        if rollout is None:
            log.info("plan_loaded", rollout=str(key), origin=plan.origin)
            rollout = self._begin(plan, moved, group)
        else:
            if plan != rollout.plan:
                log.info("plan_changed", rollout=str(key), origin=plan.origin)
            # Even an equal plan is news: it may be back, or an edit may have been undone.
            rollout.follow(plan)
        if isinstance(plan.start, StartCron):
            self._calendar.schedule(key, plan.start, rollout.start_is_due)
        else:
            self._calendar.cancel(key)

    def _begin(self, plan: Plan, moved: Stray | None, group: asyncio.TaskGroup) -> Rollout:
        """Begin to drive a plan: first the run that it left where it no longer points."""
        if moved is None:
            rollout = Rollout(plan, self._world)
        else:
            where = moved.primary
            log.warning("run_left_behind", rollout=str(plan.key), virtual_service=where)
            rollout = Rollout(plan_of(moved), self._world, moved.record)
            rollout.follow(plan)
        self._add(rollout, self._in_the_way(plan), group)
        return rollout

    def _add(
        self, rollout: Rollout, ahead: Sequence[Rollout], group: asyncio.TaskGroup
    ) -> None:
        key = rollout.plan.key
        self._rollouts[key] = rollout
        group.create_task(self._drive(key, rollout, ahead), name=f"rollout {key}")

    def _in_the_way(self, plan: Plan) -> Sequence[Rollout]:
        """Return the rollouts on a plan's routes that are being brought to their end."""
        return [
            each
            for each in self._rollouts.values()
            if each.is_left
            and each.plan.key.namespace == plan.key.namespace
            and meet(each.plan.virtual_services, plan.virtual_services)
        ]

    async def _look_after(self, orphans: Orphans, group: asyncio.TaskGroup) -> None:
        """Bring runs to their end that no plan has named for a while, until cancelled."""
        while True:
            await self._world.clock.sleep(GLANCE)
            if self._catalogue is not None:
                found = orphans.abandoned(self._catalogue)
                # What was removed before our eyes waits, paused, for a person.
                self._wind_up(
                    ((each, why) for each, why in found if each.key not in self._rollouts),
                    group,
                )

    def _wind_up(self, left: Iterable[tuple[Stray, str]], group: asyncio.TaskGroup) -> None:
        for stray, why in left:
            key = stray.key
            rollout = self._rollouts.get(key)
            log.warning("run_left_behind", rollout=str(key), reason=why)
            if rollout is None:
                plan = plan_of(stray)
                self._world.metrics.admit(plan)
                rollout = Rollout(plan, self._world, stray.record)
                self._add(rollout, (), group)
            rollout.leave(why)

    async def _outlive(self, ahead: Sequence[Rollout]) -> None:
        """Wait until these have put their traffic back, but not for ever."""
        deadline = after(self._world.clock.now(), PATIENCE)
        for rollout in ahead:
            key = rollout.plan.key
            while self._rollouts.get(key) is rollout and self._world.clock.now() < deadline:
                await self._world.clock.sleep(BRIEFLY)

    async def _drive(self, key: Key, rollout: Rollout, ahead: Sequence[Rollout]) -> None:
        try:
            await self._outlive(ahead)
            await self._keep_running(key, rollout)
        except asyncio.CancelledError:
            # Whoever drives it next does not know of them: their senders have to.
            rollout.give_up()
            raise
        log.info("plan_gone", rollout=str(key))
        del self._rollouts[key]
        self._world.metrics.dismiss(key)

    async def _keep_running(self, key: Key, rollout: Rollout) -> None:
        while True:
            try:
                return await rollout.run()
            except Exception:
                # A bug in one rollout is no reason to leave the others alone; nor one in the
                # judging of evidence, to leave a person's rollback undone.
                log.exception("rollout_crashed", rollout=str(key))
                rollout.forget_evidence()
                await self._world.clock.sleep(AFTER_A_CRASH)

    def _hear(self, rollout: Rollout, reading: Reading | Unread) -> None:
        try:
            rollout.hear(reading)
        except Exception:
            # See above.
            log.exception("evidence_refused", rollout=str(rollout.plan.key))
            rollout.forget_evidence()
