"""Writes statuses, beside the control path: no rollout waits for it or hears of its trouble."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog

from rolloutd.adapters.plans.catalogue import Catalogue
from rolloutd.adapters.plans.crd.definition import GROUP, PLURAL, VERSION
from rolloutd.adapters.plans.crd.source import PlanObjects
from rolloutd.adapters.plans.crd.status import Standing, merge_patch, status
from rolloutd.adapters.plans.diagnostics import errors
from rolloutd.core.plan import Key
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.errors import RolloutdError
from rolloutd.ports import Clock, KubeApi

log = structlog.get_logger()

PERIOD: Final = Seconds(2.0)
"""Time between two looks: the most that a status lags, and the least between two writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Where to hear how things stand.

    Attributes:
        catalogue: Tells what is wrong with which object.
        views: Of all rollouts.
        leads: Whether it is for us to tell.
        is_ours: Of which objects, where replicas share them out.
    """

    catalogue: Callable[[], Catalogue]
    views: Callable[[], Iterable[View]]
    leads: Callable[[], bool]
    is_ours: Callable[[Key], bool] = lambda _: True


class StatusReporter:
    """Keeps the status of plan objects equal to how their rollouts stand.

    Args:
        news: What there is to tell.
        api: Refuses to write where somebody else leads.
    """

    def __init__(self, objects: PlanObjects, news: News, api: KubeApi, clock: Clock) -> None:
        self._objects = objects
        self._news = news
        self._api = api
        self._clock = clock

    async def run(self) -> NoReturn:
        """Write what has changed, until cancelled."""
        while True:
            await self._clock.sleep(PERIOD)
            if self._news.leads():
                await self._report()

    async def _report(self) -> None:
        complaints: defaultdict[str, list[str]] = defaultdict(list)
        for finding in errors(self._news.catalogue().findings):
            complaints[finding.file].append(str(finding))
        views = {view.plan.key: view for view in self._news.views()}
        for key in sorted(filter(self._news.is_ours, self._objects.objects)):
            obj, reading = self._objects.objects.get(key), self._objects.reading(key)
            if obj is None or reading is None:
                continue  # gone meanwhile, or edited and not read yet
            complaint = " ".join(complaints[reading.file]) or None
            view = views.get(key)
            standing = Standing(obj=obj, reading=reading, complaint=complaint, view=view)
            body = merge_patch(obj.status, status(standing, self._clock.wall()))
            if body is None:
                continue
            try:
                await self._api.merge(_path(key), body)
            except RolloutdError as error:
                # The next look compares anew; the others must not wait behind this one.
                log.warning("status_not_written", rollout=str(key), error=str(error))
                return


def _path(key: Key) -> str:
    root = f"/apis/{GROUP}/{VERSION}/namespaces/{key.namespace}/{PLURAL}"
    return f"{root}/{key.name}/status"
