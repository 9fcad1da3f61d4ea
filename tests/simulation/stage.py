"""One simulation: the cluster, its replicas, and the levers by which things go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVarTuple

from rolloutd.adapters.istio import annotations as ours
from rolloutd.adapters.kubernetes.fields import text
from rolloutd.core.actions import Accepted
from rolloutd.core.observation import Command, CommandKind
from rolloutd.core.plan import Plan
from rolloutd.core.record_text import from_text
from rolloutd.core.state import Record
from rolloutd.engine.rollout import Rollout
from rolloutd.errors import Refused
from rolloutd.sandbox.kubernetes.history import Change
from rolloutd.sandbox.kubernetes.refs import Ref
from rolloutd.sandbox.kubernetes.resources import LEASE, VIRTUAL_SERVICE
from rolloutd.telemetry.metrics import Metrics
from tests.simulation.audit import Auditor, canary_share
from tests.simulation.cluster import ELSEWHERE, NAMESPACE, PRIMARY, SECONDARY, Cluster
from tests.simulation.host import Host, Site
from tests.simulation.plans import KEY
from tests.simulation.replica import LEASE_NAME, Plans
from tests.simulation.scenario import Scenario
from tests.simulation.timeline import Timeline
from tests.simulation.trace import Trace
from tests.simulation.traffic import Traffic
from tests.simulation.weather import Weather, seeded

Ts = TypeVarTuple("Ts")

GOES_ON = frozenset({CommandKind.RESUME, CommandKind.SKIP, CommandKind.PROMOTE})


class Stage:
    """Everything of one seed."""

    def __init__(self, scenario: Scenario, metrics: Metrics, *, traced: bool) -> None:
        self.scenario = scenario
        self.timeline = Timeline()
        self.chance = seeded(scenario.seed * 7 + 1)
        self.trace = Trace(lambda: self.timeline.now, is_kept=traced)
        self.audit = Auditor(lambda: self.timeline.now, self.trace.say)
        self.cluster = Cluster(self.timeline, self.chance, self._heard)
        self.audit.writer = lambda: self.cluster.writer
        self.audit.licence.skew = 2 * scenario.max_skew
        self.audit.licence.broken = frozenset(scenario.broken)
        self.traffic = Traffic(self.timeline, scenario.broken, scenario.sign)
        self.weather = Weather(
            chance=seeded(scenario.seed * 7 + 2),
            chances=scenario.chances,
            latency=scenario.latency,
        )
        site = Site(
            timeline=self.timeline,
            cluster=self.cluster,
            traffic=self.traffic,
            weather=self.weather,
            chance=self.chance,
            metrics=metrics,
            say=self.trace.say,
            crashed=self.audit.object,
            almanac=self.audit.almanac,
            max_skew=scenario.max_skew,
        )
        self.hosts = [Host(f"r{number}", site) for number in range(scenario.replicas)]
        self.plan = scenario.plan
        self.present = Plans(plans={})
        self._orders = 0
        self._went_on = 0
        self._is_over = False

    def begin(self) -> None:
        """Install the service, start all replicas."""
        self.cluster.build(PRIMARY, SECONDARY, ELSEWHERE)
        self.publish(self.plan)
        for host in self.hosts:
            host.boot(self.present)

    def publish(self, plan: Plan, *, late: float = 0.0) -> None:
        """Put a plan into the directory; each replica sees it some time later."""
        if plan not in self.audit.licence.plans:
            self.audit.licence.plans.append(plan)
        self.audit.licence.edited |= len(self.audit.licence.plans) > 1
        self.plan = plan
        self.show(Plans(plans={plan.key: plan}), late=late)

    def show(self, plans: Plans, *, late: float = 0.0) -> None:
        """Let every replica see these plans, each after a delay of its own."""
        self.present = plans
        for host in self.hosts:
            delay = self.chance.uniform(0.0, late)
            self.cluster.loop.call_later(delay, self._deliver, host)

    def _deliver(self, host: Host) -> None:
        host.publish(self.present)

    def order(self, kind: CommandKind) -> bool:
        """Let a person give an order to whoever leads; say whether anybody does."""
        for host in self.hosts:
            rollout = host.rollout(KEY)
            if rollout is not None:
                self._give(host, rollout, kind)
                return True
        return False

    def _give(self, host: Host, rollout: Rollout, kind: CommandKind) -> None:
        self._orders += 1
        licence, number = self.audit.licence, self._orders
        command = Command(id=f"c{number}", kind=kind, actor="ana", reason="so")
        if kind in GOES_ON or kind is CommandKind.RETRY:
            licence.held, self._went_on = False, number
        if kind in {CommandKind.SKIP, CommandKind.PROMOTE}:
            licence.hurried = True
        self.trace.say("ana", f"orders {kind.value} of {host.name}")
        host.order(rollout, command, lambda reply: self._answered(kind, number, reply))

    def _answered(self, kind: CommandKind, number: int, reply: object) -> None:
        self.trace.say("ana", f"is answered: {reply}")
        # An order to go on may be under way already: it came after this one.
        is_last = number > self._went_on
        if kind is CommandKind.PAUSE and isinstance(reply, Accepted) and is_last:
            self.audit.licence.held = True

    def delete_lease(self) -> bool:
        """Let somebody delete the lease under a living leader; say whether that was done.

        But not in the second of its birth, as far as the replicas' clocks agree on seconds: its
        epoch would be given out twice, which resourceVersions alone would have to bear.
        """
        ref = Ref(LEASE, NAMESPACE, LEASE_NAME)
        age = self.timeline.now - self.audit.lease_born
        is_told_apart = age > self.audit.licence.skew + 1.0
        is_done = self.cluster.store.find(ref) is not None and is_told_apart
        if is_done:
            self.cluster.store.delete(ref)
        return is_done

    def record(self, name: str = PRIMARY) -> Record | None:
        """Return the record that the cluster holds; ``None`` for none that can be read."""
        found = self.cluster.virtual_service(name)
        try:
            return from_text((found and ours.record(found, KEY.name)) or "")
        except Refused:
            return None

    def weights(self, name: str = PRIMARY) -> Mapping[str, int]:
        """Return the weights in force; empty where the VirtualService is not there."""
        found = self.cluster.virtual_service(name)
        return {} if found is None else canary_share(found)

    def reboot(self, host: Host) -> None:
        """Start a process where none runs."""
        if not host.is_up and not self._is_over:
            host.boot(self.present)

    def later(self, delay: float, do: Callable[[*Ts], object], *args: *Ts) -> None:
        """Do something after a while, whatever else happens meanwhile."""
        self.cluster.loop.call_later(delay, do, *args)

    def end(self) -> None:
        """Sweep everything away."""
        self._is_over = True
        for host in self.hosts:
            host.kill()
        self.timeline.end_all()

    def _heard(self, change: Change) -> None:
        self.audit.heard(change)
        name = text(change.obj, "metadata", "name")
        is_it = change.resource is VIRTUAL_SERVICE and name == self._served_by()
        if is_it and change.kind != "DELETED":
            self.traffic.follow(canary_share(change.obj))

    def _served_by(self) -> str:
        return self.plan.virtual_services[0].virtual_service
