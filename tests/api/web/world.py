"""Rollouts by the real engine behind the real control API, in traffic that a test spoils."""

from __future__ import annotations

import asyncio
import bisect
import dataclasses
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from rolloutd.adapters.clock import SystemClock
from rolloutd.api.control.app import Desk, control_app
from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.door import Doorkeeper
from rolloutd.api.control.fleet import Chair, Fleet
from rolloutd.api.control.limits import FAILED_LOGINS, ORDERS, Limit
from rolloutd.api.control.lookup import Here
from rolloutd.api.control.tokens import TokenFile
from rolloutd.bootstrap.listening import listen, reserve
from rolloutd.core.deeds import Deed, Ended, Run
from rolloutd.core.observation import (
    Counts,
    Histogram,
    MeshBlind,
    MeshSighting,
    Reading,
    Unread,
)
from rolloutd.core.plan import Judgement, Key, Latency, Plan, Samples, Step, SuccessRate
from rolloutd.core.state import Phase
from rolloutd.core.target import Target
from rolloutd.core.units import Instant, Millis, Percent, Ratio, Seconds
from rolloutd.engine.supervisor import Supervisor
from rolloutd.engine.view import View
from rolloutd.engine.world import World
from rolloutd.telemetry.metrics import Metrics
from tests.builders import a_mesh, a_plan
from tests.engine.test_supervisor import FakeCalendar, FakeSource
from tests.fakes.mesh import FakeMesh
from tests.fakes.workloads import FakeWorkloads

OPERATOR = "an-operators-token-of-27-ch"
VIEWER = "a-viewers-token-of-many-chs"

INTERVAL = Seconds(0.25)
"""Between two looks: short, so that a test sees many of them."""

RATE = 400.0
"""Requests a second, of both arms together."""

BOUNDS = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 750.0, 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one arm serves.

    Attributes:
        failing: Share of failures.
        median: Of the durations, in milliseconds; p99 is about three times as much.
    """

    failing: float = 0.0
    median: float = 80.0


class Traffic:
    """Implements ``ports.Meter``: serves requests in the meantime whenever it is asked.

    Attributes:
        canary: Health of the canary, by rollout.
        stable: Likewise of stable.
        silent: Rollouts whose metrics can't be read.
        rates: Requests a second, where it is not RATE.
    """

    def __init__(self, meshes: Meshes, clock: SystemClock) -> None:
        self.canary: dict[Key, Health] = {}
        self.stable: dict[Key, Health] = {}
        self.silent: set[Key] = set()
        self.rates: dict[Key, float] = {}
        self._meshes = meshes
        self._clock = clock
        self._chance = random.Random(4)  # noqa: S311 - traffic, not a secret
        self._totals: dict[Key, tuple[Counts, Counts]] = {}
        self._asked: dict[Key, Instant] = {}

    async def read(self, targets: Sequence[Target]) -> Mapping[Key, Reading | Unread]:
        """Answer with what was served until now."""
        return {target.key: self._read(target.key) for target in targets}

    def forget(self, keys: Collection[Key]) -> None:
        """Count anew the next time."""
        for key in keys:
            self._totals.pop(key, None)
            self._asked.pop(key, None)

    def _read(self, key: Key) -> Reading | Unread:
        if key in self.silent:
            return Unread(reason="Prometheus at http://prometheus:9090 does not answer")
        now = self._clock.now()
        passed = now - self._asked.get(key, Instant(now - INTERVAL))
        holds = self._meshes.of(key).holds
        share = 0.0 if isinstance(holds, MeshBlind) else (holds.canary or 0) / 100.0
        served = self.rates.get(key, RATE) * passed
        nothing = Counts(
            requests=0,
            failures=0,
            latency=Histogram(bounds=BOUNDS, counts=(0,) * (len(BOUNDS) + 1)),
        )
        stable, canary = self._totals.get(key, (nothing, nothing))
        stable = self._serve(stable, served * (1.0 - share), self.stable.get(key, Health()))
        canary = self._serve(canary, served * share, self.canary.get(key, Health()))
        self._totals[key], self._asked[key] = (stable, canary), now
        return Reading(at=now, stable=stable, canary=canary, values={})

    def _serve(self, before: Counts, requests: float, health: Health) -> Counts:
        count = round(requests)
        chance = self._chance
        failures = sum(chance.random() < health.failing for _ in range(count))
        took = sorted(chance.lognormvariate(0.0, 0.45) * health.median for _ in range(count))
        assert before.latency is not None
        grown = [bisect.bisect_right(took, bound) for bound in BOUNDS] + [count]
        return Counts(
            requests=before.requests + count,
            failures=before.failures + failures,
            latency=Histogram(
                bounds=BOUNDS,
                counts=tuple(
                    old + new for old, new in zip(before.latency.counts, grown, strict=True)
                ),
            ),
        )


class Meshes:
    """Implements ``ports.Mesh``: one ``FakeMesh`` for each rollout."""

    def __init__(self) -> None:
        self._each: dict[Key, FakeMesh] = {}

    def of(self, key: Key) -> FakeMesh:
        """Return the mesh of one rollout."""
        if key not in self._each:
            self._each[key] = FakeMesh()
            self._each[key].holds = a_mesh(0)
        return self._each[key]

    def look(self, plan: Plan) -> MeshSighting:
        """Say what it holds."""
        return self.of(plan.key).look(plan)

    def hosts(self, plan: Plan) -> tuple[str, str]:
        """Name both arms alike."""
        return self.of(plan.key).hosts(plan)

    async def write(self, plan: Plan, canary: Percent, record: str, *, why: str) -> None:
        """Hold this weight and record."""
        await self.of(plan.key).write(plan, canary, record, why=why)

    async def note(self, plan: Plan, record: str) -> None:
        """Hold this record."""
        await self.of(plan.key).note(plan, record)


class Annals:
    """Implements ``ports.Scribe`` and ``ports.Archive``: has the runs that it was told of."""

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[Run, ...]] = {}

    def note(self, plan: Plan, deed: Deed) -> None:
        """Keep a run that is over."""
        if isinstance(deed, Ended):
            self._kept[plan.key] = (deed.run, *self._kept.get(plan.key, ()))

    async def runs(self, key: Key) -> Sequence[Run]:
        """Return those of one plan, newest first."""
        return self._kept.get(key, ())


class Theatre:
    """All that a page can be shown.

    Attributes:
        url: Where the page is; it stays the same when the daemon goes and comes back.
    """

    def __init__(self, tokens: Path) -> None:
        tokens.write_text(
            yaml.safe_dump(
                {
                    OPERATOR: {"user": "ana", "role": "operator"},
                    VIEWER: {"user": "vic", "role": "viewer"},
                }
            )
        )
        self.clock, self.source, self.meshes = SystemClock(), FakeSource(), Meshes()
        self.traffic = Traffic(self.meshes, self.clock)
        self.workloads = FakeWorkloads()
        self.broadcast, self.annals = Broadcast(self.clock), Annals()
        world = World(
            clock=self.clock,
            mesh=self.meshes,
            workloads=self.workloads,
            herald=self.broadcast,
            metrics=Metrics(),
            scribes=(self.annals,),
        )
        self.supervisor = Supervisor(world, self.traffic, FakeCalendar())
        self._tokens = tokens
        self._port = 0
        self.url = ""

    @asynccontextmanager
    async def driving(self) -> AsyncIterator[None]:
        """Drive the rollouts until the block is left; the page's address is ours as long."""
        with reserve("127.0.0.1", 0) as held:
            self._port = held.getsockname()[1]
            async with self._driven():
                yield

    @asynccontextmanager
    async def _driven(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.supervisor.run(self.source), name="supervisor"),
                group.create_task(self.broadcast.run(self._views), name="broadcast"),
            ]
            yield
            for task in tasks:
                task.cancel()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve page and API until the block is left; yields the page's address."""
        keeper = Doorkeeper(
            access=TokenFile(self._tokens),
            failures=Limit(FAILED_LOGINS, self.clock),
            haste=Limit(ORDERS, self.clock),
        )
        app = control_app(
            Desk(
                fleet=Fleet(
                    [Chair(name="alone", supervisor=self.supervisor, leads=lambda: True)]
                ),
                keeper=keeper,
                broadcast=self.broadcast,
                clock=self.clock,
                archive=self.annals,
                here=Here(cluster="prod-eu1", replica="rolloutd-0"),
            )
        )
        async with listen(app, "127.0.0.1", self._port) as url:
            self.url = f"{url}/"
            yield self.url

    def dismiss_everybody(self) -> None:
        """Make every token worthless."""
        self._tokens.write_text("{}")

    def view_of(self, key: Key) -> View | None:
        """Return what the engine shows of a rollout."""
        rollout = self.supervisor.get(key)
        return None if rollout is None else rollout.view

    def phase_of(self, key: Key) -> Phase | None:
        """Return a rollout's phase."""
        view = self.view_of(key)
        return None if view is None or view.record is None else view.record.phase

    async def until(self, key: Key, phase: Phase) -> None:
        """Wait for a phase."""
        async with asyncio.timeout(60.0):
            while self.phase_of(key) is not phase:
                await self.clock.sleep(Seconds(0.02))

    async def seen(self, key: Key, times: int) -> None:
        """Wait until the curves of a rollout have as many points."""
        async with asyncio.timeout(60.0):
            while len(self._points(key)) < times:
                await self.clock.sleep(Seconds(0.02))

    def _points(self, key: Key) -> Sequence[Instant]:
        rollout = self.supervisor.get(key)
        return () if rollout is None else rollout.memory.journal.series().at

    def _views(self) -> list[View]:
        return [rollout.view for rollout in self.supervisor.all()]


def played(name: str, *steps: Step, namespace: str = "shop", **changes: object) -> Plan:
    """Return a plan that is looked at often, and judged at once by plain limits."""
    plan = a_plan(*steps, key=Key(namespace, name))
    quick = dataclasses.replace(
        plan,
        samples=Samples(interval=INTERVAL, window=Seconds(10.0), min_requests=100),
        gates=(
            SuccessRate(
                name="success rate",
                minimum=Ratio(0.995),
                max_drop=None,
                judgement=Judgement.THRESHOLD,
            ),
            Latency(
                name="latency p99",
                quantile=Ratio(0.99),
                maximum=Millis(500.0),
                max_ratio=None,
                judgement=Judgement.THRESHOLD,
            ),
        ),
    )
    return dataclasses.replace(quick, **changes)  # type: ignore[arg-type] # tests name fields
