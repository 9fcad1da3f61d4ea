"""Writes statuses, beside the control path: no rollout waits for it or hears of its trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NoReturn

import structlog

from rolloutd.adapters.plans.crd.definition import GROUP, PLURAL, VERSION
from rolloutd.adapters.plans.crd.source import PlanObjects
from rolloutd.adapters.plans.crd.status import merge_patch, status
from rolloutd.core.plan import Key
from rolloutd.core.units import Seconds
from rolloutd.engine.view import View
from rolloutd.errors import RolloutdError
from rolloutd.ports import Clock, Json, KubeApi

log = structlog.get_logger()

PERIOD: Final = Seconds(2.0)
"""Time between two looks: the most that a status lags, and the least between two writes."""


class StatusReporter:
    """Keeps the status of plan objects equal to how their rollouts stand.

    Args:
        api: Refuses to write where somebody else leads.
        views: How all rollouts stand.
        leads: Whether it is for us to tell.
    """

    def __init__(
        self,
        objects: PlanObjects,
        api: KubeApi,
        views: Callable[[], Iterable[View]],
        leads: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._objects = objects
        self._api = api
        self._views = views
        self._leads = leads
        self._clock = clock

    async def run(self) -> NoReturn:
        """Write what has changed, until cancelled."""
        while True:
            await self._clock.sleep(PERIOD)
            if self._leads():
                await self._report()

    async def _report(self) -> None:
        views = {view.plan.key: view for view in self._views()}
        for key in sorted(self._objects.objects):
            body = self._due(key, views.get(key))
            if body is None:
                continue
            try:
                await self._api.merge(_path(key), body)
            except RolloutdError as error:
                # The next look compares anew; the others must not wait behind this one.
                log.warning("status_not_written", rollout=str(key), error=str(error))
                return

    def _due(self, key: Key, view: View | None) -> Json | None:
        """Return what to write; ``None`` when the object says it already, or is gone."""
        obj, reading = self._objects.objects.get(key), self._objects.reading(key)
        if obj is None or reading is None:
            return None
        return merge_patch(obj.status, status(obj, reading, view, self._clock.wall()))


def _path(key: Key) -> str:
    root = f"/apis/{GROUP}/{VERSION}/namespaces/{key.namespace}/{PLURAL}"
    return f"{root}/{key.name}/status"
