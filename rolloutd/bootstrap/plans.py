"""Where plans come from: a directory, objects in the cluster, or both."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rolloutd.adapters.kubernetes.cache import WatchedCache
from rolloutd.adapters.kubernetes.paths import Resource, served_version
from rolloutd.adapters.plans.crd.definition import GROUP, PLURAL, VERSION
from rolloutd.adapters.plans.crd.reporter import News, StatusReporter
from rolloutd.adapters.plans.crd.source import PlanObjects
from rolloutd.adapters.plans.directory import PlanDirectory
from rolloutd.adapters.plans.joined import JoinedSources
from rolloutd.adapters.plans.models import KIND
from rolloutd.bootstrap.drivers import Driver
from rolloutd.errors import Refused
from rolloutd.ports import Clock, KubeApi
from rolloutd.settings import Settings

Errand: TypeAlias = tuple[str, Callable[[], Coroutine[object, object, None]]]
"""A task beside the supervisor: its name, and what to run."""

_PLAN = Resource(kind=KIND, group=GROUP, version=VERSION, plural=PLURAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Where plans come from.

    Attributes:
        objects: Those in the cluster, where they are asked for.
        errands: What the source needs to have running.
    """

    source: PlanDirectory | PlanObjects | JoinedSources
    objects: PlanObjects | None = None
    errands: Sequence[Errand] = ()


async def watched_plans(api: KubeApi, settings: Settings) -> tuple[Resource, ...]:
    """Return what has to be watched for plans.

    Raises:
        Refused: Plans are to come from the cluster, which does not know their kind.
        Unavailable: The cluster does not answer.
    """
    if not settings.plans_from_cluster:
        return ()
    await served_version(api, GROUP, (VERSION,))
    return (_PLAN,)


def plans_of(settings: Settings, cache: WatchedCache, clock: Clock) -> Plans:
    """Return the source of plans.

    Raises:
        Refused: The settings name none.
    """
    directory = None if settings.plans is None else PlanDirectory(settings.plans, clock)
    if not settings.plans_from_cluster:
        if directory is None:
            raise Refused("no plans: give --plans DIR, --plans-from-cluster, or both")
        return Plans(source=directory)
    objects = PlanObjects(cache)
    if directory is None:
        return Plans(source=objects, objects=objects)
    joined = JoinedSources(directory, objects)

    async def follow() -> None:
        await cache.synced()  # before that, absence means nothing
        await joined.run()

    return Plans(source=joined, objects=objects, errands=(("plan sources", follow),))


def status_errands(plans: Plans, drivers: Sequence[Driver], clock: Clock) -> Sequence[Errand]:
    """Return the tasks that write statuses, where there are any to write."""
    objects, source = plans.objects, plans.source
    if objects is None or isinstance(source, PlanDirectory):
        return ()

    def reporter(driver: Driver) -> StatusReporter:
        news = News(
            catalogue=lambda: source.catalogue,
            views=driver.supervisor.views,
            leads=driver.seat.leads,
            is_ours=driver.seat.shard.has,
        )
        return StatusReporter(objects, news, driver.seat.api, clock)

    return [(f"plan statuses {each.seat.name}", reporter(each).run) for each in drivers]
