"""Finished runs, kept in a ConfigMap beside each plan: ``rolloutd-history-NAME``.

Outside the control path: a run is over before it comes here. Each one is written once, by its
number, whoever writes it and how often.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from rolloutd.adapters.kubernetes.fields import section, text
from rolloutd.adapters.kubernetes.paths import CONFIG_MAP
from rolloutd.adapters.kubernetes.run_text import from_text, to_text
from rolloutd.core.deeds import Deed, Ended, Run
from rolloutd.core.plan import Key, Plan
from rolloutd.core.units import Instant, Seconds, elapsed
from rolloutd.errors import Conflict, Refused, RolloutdError, Unavailable
from rolloutd.ports import Clock, Json, KubeApi
from rolloutd.telemetry.metrics import Metrics

log = structlog.get_logger()

KEPT = 20
"""Runs of a plan that are kept, the newest."""

PATIENCE = Seconds(900.0)
"""For how long a run is tried to be written: an API server is back by then, or forgets."""

FIRST_PAUSE = Seconds(1.0)
LONGEST_PAUSE = Seconds(30.0)

MOST_WAITING = 1000
"""Runs that wait at most, the newest: a restart of a big fleet, not a leak."""

PREFIX = "run-"

ROUNDING = 1.0
"""Seconds: more than what a time loses in a record and in a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    key: Key
    run: Run
    since: Instant


class RunHistory:
    """Implements ``ports.Scribe`` and ``ports.Archive``; ``run`` has to run to write."""

    def __init__(self, api: KubeApi, clock: Clock, metrics: Metrics) -> None:
        self._api = api
        self._clock = clock
        self._metrics = metrics
        self._waiting: dict[tuple[Key, int], _Waiting] = {}  # in the order of their coming
        self._something = asyncio.Event()

    def __len__(self) -> int:
        """Return how many runs wait to be written."""
        return len(self._waiting)

    def note(self, plan: Plan, deed: Deed) -> None:
        """Take a finished run for keeping and return at once; never raises."""
        if not isinstance(deed, Ended):
            return
        self._waiting[plan.key, deed.run.run] = _Waiting(
            key=plan.key, run=deed.run, since=self._clock.now()
        )
        if len(self._waiting) > MOST_WAITING:
            self._lose(next(iter(self._waiting.values())), "too many wait")
        self._something.set()

    async def run(self) -> None:
        """Write what comes until cancelled, one at a time."""
        while True:
            while not self._waiting:
                self._something.clear()
                await self._something.wait()
            pause = FIRST_PAUSE
            first = next(iter(self._waiting.values()))
            while not await self._settled(first):
                await self._clock.sleep(pause)
                pause = min(LONGEST_PAUSE, Seconds(pause * 2))

    async def drain(self, patience: Seconds) -> None:
        """Write what still waits, each once; give up after ``patience`` and say so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                for waiting in tuple(self._waiting.values()):
                    await self._settled(waiting)
        for waiting in tuple(self._waiting.values()):
            self._lose(waiting, "the daemon stops")

    async def runs(self, key: Key) -> Sequence[Run]:
        """Return the runs that are kept, newest first.

        Raises:
            Unavailable: The cluster does not answer.
            Refused: We may not read ConfigMaps.
        """
        entries = _entries(await self._api.get(_path(key)))
        found = [run for number in entries if (run := _read(key, entries[number])) is not None]
        return sorted(found, key=lambda run: run.run, reverse=True)

    async def _settled(self, waiting: _Waiting) -> bool:
        """Try to write one run; say whether it need not be tried again."""
        try:
            outcome = await self._write(waiting.key, waiting.run)
        except (Unavailable, Conflict) as failure:
            late = elapsed(waiting.since, self._clock.now()) > PATIENCE
            if late:
                self._lose(waiting, str(failure))
            return late
        except Refused as refusal:
            self._lose(waiting, str(refusal))
            return True
        self._metrics.history.labels(outcome).inc()
        self._forget(waiting)
        return True

    async def _write(self, key: Key, run: Run) -> str:
        path, name = _path(key), f"{PREFIX}{run.run}"
        there = await self._api.get(path)
        if there is None:
            body = _config_map(key, {name: to_text(run)})
            await self._api.create(CONFIG_MAP.collection(key.namespace), body)
            return "written"
        entries = _entries(there)
        kept = _read(key, entries[run.run]) if run.run in entries else None
        if kept is not None and _says_no_less(kept, run):
            return "known"
        old = sorted({*entries, run.run})[:-KEPT]
        data: Json = {f"{PREFIX}{number}": None for number in old if number in entries}
        if run.run not in old:
            data[name] = to_text(run)
        await self._api.merge(path, {"data": data})
        return "written"

    def _forget(self, waiting: _Waiting) -> None:
        place = waiting.key, waiting.run.run
        # While it was written the run may have ended otherwise: that one still waits.
        if self._waiting.get(place) is waiting:
            del self._waiting[place]

    def _lose(self, waiting: _Waiting, why: str) -> None:
        self._metrics.history.labels("lost").inc()
        self._forget(waiting)
        log.error(
            "history_lost",
            rollout_namespace=waiting.key.namespace,
            rollout=waiting.key.name,
            run=waiting.run.run,
            error=why,
        )


def _says_no_less(kept: Run, run: Run) -> bool:
    """Say whether what is kept is as late, and as full, as what would take its place.

    A run that ended in another process comes without numbers; one that was promoted may be
    taken back afterwards.
    """
    later = run.ended - kept.ended
    if abs(later) > ROUNDING:
        return later < 0
    return bool(kept.series.at or not run.series.at)


def _path(key: Key) -> str:
    return CONFIG_MAP.item(key.namespace, f"rolloutd-history-{key.name}")


def _config_map(key: Key, data: Json) -> Json:
    labels = {
        "app.kubernetes.io/managed-by": "rolloutd",
        "app.kubernetes.io/component": "history",
    }
    name = f"rolloutd-history-{key.name}"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": key.namespace, "labels": labels},
        "data": data,
    }


def _entries(config_map: Json | None) -> Mapping[int, str]:
    """Return the texts of a ConfigMap by run; what is not ours is left alone."""
    data = section(config_map, "data")
    return {
        int(name.removeprefix(PREFIX)): text(data, name) or ""
        for name in data
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).isdecimal()
    }


def _read(key: Key, written: str) -> Run | None:
    try:
        return from_text(written)
    except RolloutdError as error:
        log.warning(
            "history_unreadable",
            rollout_namespace=key.namespace,
            rollout=key.name,
            error=str(error),
        )
        return None
