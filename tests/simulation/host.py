"""Where one replica runs: boots it, freezes it, kills it, starts another in its place."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rolloutd.core.observation import Command
from rolloutd.core.plan import Key
from rolloutd.engine.rollout import Rollout
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.almanac import Almanac, SimulatedCalendar
from tests.simulation.cluster import Cluster
from tests.simulation.link import Link, Taps
from tests.simulation.replica import Plans, Replica, Shelf, Surroundings
from tests.simulation.timeline import ProcessLoop, Timeline, VirtualClock
from tests.simulation.traffic import SimulatedMeter, Traffic
from tests.simulation.weather import Weather, seeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all hosts of a simulation share."""

    timeline: Timeline
    cluster: Cluster
    traffic: Traffic
    weather: Weather
    chance: random.Random
    metrics: Metrics
    say: Callable[[str, str], None]
    crashed: Callable[[str], None]
    almanac: Almanac
    max_skew: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One incarnation of a replica."""

    loop: ProcessLoop
    link: Link
    clock: VirtualClock
    shelf: Shelf
    replica: Replica
    task: asyncio.Task[None]


class Host:
    """Runs at most one process at a time.

    Attributes:
        name: Of the host; its processes are numbered.
        process: The one under way; ``None`` while it is down.
        taps: For the processes to come.
    """

    def __init__(self, name: str, site: Site) -> None:
        self.name = name
        self.process: Process | None = None
        self.taps = Taps()
        self._site = site
        self._booted = 0

    @property
    def is_up(self) -> bool:
        """Whether a process runs, frozen or not."""
        return self.process is not None

    @property
    def leads(self) -> bool:
        """Whether its process thinks that it leads."""
        return self.process is not None and self.process.replica.leads

    def boot(self, plans: Plans) -> None:
        """Start a process."""
        site = self._site
        self._booted += 1
        identity = f"{self.name}.{self._booted}"
        clock = VirtualClock(site.timeline, site.chance.uniform(-site.max_skew, site.max_skew))
        site.almanac.enter(identity, clock)
        fired = partial(site.almanac.fired, identity)
        link = Link(identity, site.cluster, clock, site.weather)
        link.taps = self.taps
        loop, shelf = site.timeline.loop(), Shelf(plans)
        replica = Replica(
            Surroundings(
                identity=identity,
                link=link,
                clock=clock,
                chance=seeded(site.chance.getrandbits(32)),
                meter=SimulatedMeter(site.traffic, clock, site.weather),
                calendar=SimulatedCalendar(clock, site.weather, fired),
                shelf=shelf,
                heard=lambda words: site.say(identity, words),
                metrics=site.metrics,
            )
        )
        task = loop.create_task(replica.run(), name=identity)
        task.add_done_callback(self._ended)
        self.process = Process(
            loop=loop, link=link, clock=clock, shelf=shelf, replica=replica, task=task
        )

    def kill(self) -> None:
        """End the process between two of its instructions; nothing of it is tidied up."""
        process, self.process = self.process, None
        if process is not None:
            process.link.is_dead = True
            self._site.timeline.end(process.loop)

    def stop(self) -> None:
        """Ask the process to end, as SIGTERM does, and give it 10 s."""
        process = self.process
        if process is not None:
            process.loop.call_soon(process.task.cancel)
            self._site.cluster.loop.call_later(10.0, self._reap, process)

    def freeze(self) -> None:
        """Stop the process without its knowing."""
        if self.process is not None:
            self.process.loop.is_frozen = True

    def thaw(self) -> None:
        """Let it go on as if no time had passed."""
        if self.process is not None:
            self.process.loop.is_frozen = False

    def cut(self, *, is_cut: bool) -> None:
        """Cut its way to the API server, or mend it."""
        if self.process is not None:
            self.process.link.is_cut = is_cut

    def publish(self, plans: Plans) -> None:
        """Let it see these plans."""
        process = self.process
        if process is not None:
            process.loop.call_soon(process.shelf.put, plans)

    def rollout(self, key: Key) -> Rollout | None:
        """Return a plan's rollout, if this is the leader."""
        process = self.process
        if process is None or not process.replica.leads:
            return None
        return process.replica.rollout(key)

    def order(
        self, rollout: Rollout, command: Command, answered: Callable[[object], None]
    ) -> None:
        """Give an order; ``answered`` is told the reply, if there ever is one."""
        process = self.process
        if process is None:
            return

        async def ask() -> None:
            answered(await rollout.order(command))

        process.loop.start(ask(), f"order {command.id}")

    def _reap(self, process: Process) -> None:
        if self.process is process:
            self.kill()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Look why a process ended; whoever was killed has its end already."""
        process = self.process
        if process is None or process.task is not task:
            return
        if not task.cancelled() and (error := task.exception()) is not None:
            self._site.crashed(f"{self.name} died of {error!r}")
        self.kill()
