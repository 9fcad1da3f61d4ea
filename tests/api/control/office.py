"""The control API on a real socket, before a real engine among fakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from rolloutd.api.control.access import Access, Local
from rolloutd.api.control.app import Desk, control_app
from rolloutd.api.control.broadcast import Broadcast
from rolloutd.api.control.door import Doorkeeper
from rolloutd.api.control.fleet import Chair, Fleet
from rolloutd.api.control.lead import Standby
from rolloutd.api.control.limits import FAILED_LOGINS, ORDERS, Limit, Rate
from rolloutd.api.control.lookup import Here
from rolloutd.api.control.relay import Relay
from rolloutd.core.observation import MeshSeen, MeshSighting
from rolloutd.core.plan import Key, Plan
from rolloutd.core.record_text import from_text
from rolloutd.core.state import Record
from rolloutd.core.units import Percent, Seconds
from rolloutd.engine.supervisor import Supervisor
from rolloutd.engine.view import View
from rolloutd.engine.world import World
from rolloutd.ports import Archive, Herald, Json, Meter
from rolloutd.telemetry.metrics import Metrics
from tests.builders import T0, a_plan
from tests.engine.test_sampling import CountingMeter
from tests.engine.test_supervisor import FakeCalendar, FakeSource
from tests.fakes.clock import FakeClock
from tests.fakes.mesh import FakeMesh
from tests.fakes.scribe import FakeScribe
from tests.fakes.workloads import FakeWorkloads

SHOP = "/api/v1/rollouts/shop/checkout"
"""The rollout that most tests are about."""

CHECKOUT = Key("shop", "checkout")


class Meshes:
    """Implements ``ports.Mesh``: a fake one for every plan, and watched as a real one is."""

    def __init__(self) -> None:
        self.written: Callable[[Plan], None] = lambda _: None
        self._by_key: dict[Key, FakeMesh] = {}

    def of(self, key: Key) -> FakeMesh:
        return self._by_key.setdefault(key, FakeMesh())

    def look(self, plan: Plan) -> MeshSighting:
        return self.of(plan.key).look(plan)

    def hosts(self, plan: Plan) -> tuple[str, str]:
        return self.of(plan.key).hosts(plan)

    async def write(self, plan: Plan, canary: Percent, record: str, *, why: str) -> None:
        await self.of(plan.key).write(plan, canary, record, why=why)
        self.written(plan)

    async def note(self, plan: Plan, record: str) -> None:
        await self.of(plan.key).note(plan, record)
        self.written(plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: CIMultiDict[str]
    text: str
    json: Json = field(repr=False)

    @property
    def kind(self) -> str:
        """What kind of problem it is."""
        return str(self.json["type"]).rpartition(":")[2]


@dataclass(kw_only=True)
class Office:
    """A replica: engine, desk, and what stands around them. Its time passes when told to."""

    access: Access = field(default_factory=Local)
    clock: FakeClock = field(default_factory=lambda: FakeClock(T0, jumps=False))
    meshes: Meshes = field(default_factory=Meshes)
    meter: Meter = field(default_factory=CountingMeter)
    herald: Herald | None = None
    archive: Archive | None = None
    standby: Standby | None = None
    relay: Relay | None = None
    deadline: Seconds = Seconds(10.0)
    body_deadline: Seconds = Seconds(30.0)
    is_leader: bool = True
    rates: tuple[Rate, Rate] = (FAILED_LOGINS, ORDERS)
    here: Here = field(default_factory=Here)
    tag: str = ""

    def __post_init__(self) -> None:
        self.source, self.workloads = FakeSource(), FakeWorkloads()
        self.scribe = FakeScribe()
        self.broadcast = Broadcast(self.clock, self.tag)
        self.world = World(
            clock=self.clock,
            mesh=self.meshes,
            workloads=self.workloads,
            herald=self.herald or self.broadcast,
            metrics=Metrics(),
            scribes=(self.scribe,),
        )
        self.supervisor = Supervisor(self.world, self.meter, FakeCalendar())
        self.meshes.written = self._see
        self.url = ""
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def open(self, *plans: Plan) -> AsyncIterator[Office]:
        """Serve these plans, the first of their steps taken."""
        async with (
            TestServer(control_app(self.desk())) as server,
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
            asyncio.TaskGroup() as group,
        ):
            self.url, self._session = str(server.make_url("")).rstrip("/"), session
            self._leading = group.create_task(self.supervisor.run(self.source))
            following = group.create_task(self.broadcast.run(self._views))
            if plans:
                self.source.publish(*plans)
            await self.settle()
            yield self
            self._leading.cancel()
            following.cancel()

    def lose_the_lead(self) -> None:
        """Stop driving the rollouts, as when another replica takes over."""
        self.is_leader = False
        self._leading.cancel()

    async def settle(self, duration: Seconds = Seconds(1.0)) -> None:
        """Let time pass, and everything happen that is due in it."""
        await self.clock.advance(duration)

    def weight(self) -> int | None:
        """Return the canary's share at ``shop/checkout``."""
        holds = self.meshes.of(CHECKOUT).holds
        assert isinstance(holds, MeshSeen)
        return holds.canary

    def record(self, key: Key = CHECKOUT) -> Record:
        """Return the record that the cluster holds."""
        holds = self.meshes.of(key).holds
        assert isinstance(holds, MeshSeen)
        assert holds.record is not None
        return from_text(holds.record)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def order(
        self, verb: str, body: Json | None = None, *, path: str = SHOP, **headers: str
    ) -> Answer:
        return await self.ask("POST", f"{path}/{verb}", body, headers=headers)

    async def ask(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """Send a request; underscores in the names of headers are hyphens."""
        assert self._session is not None
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        async with self._session.request(
            method, self.url + path, json=body, data=data, headers=sent
        ) as answer:
            text = await answer.text()
            form = await answer.json(content_type=None) if text[:1] == "{" else {}
            return Answer(
                status=answer.status,
                headers=CIMultiDict(answer.headers),
                text=text,
                json=form,
            )

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    def desk(self) -> Desk:
        failures, haste = (Limit(rate, self.clock) for rate in self.rates)
        keeper = Doorkeeper(access=self.access, failures=failures, haste=haste)
        chair = Chair(
            name="alone",
            supervisor=self.supervisor,
            leads=lambda: self.is_leader,
            relay=self.relay,
        )
        return Desk(
            fleet=Fleet([chair]),
            keeper=keeper,
            broadcast=self.broadcast,
            clock=self.clock,
            standby=self.standby,
            archive=self.archive,
            here=self.here,
            deadline=self.deadline,
            body_deadline=self.body_deadline,
        )

    def _see(self, plan: Plan) -> None:
        meta: Json = {"namespace": plan.key.namespace}
        for routes in plan.virtual_services:
            obj: Json = {"metadata": {**meta, "name": routes.virtual_service}}
            self.supervisor.changed("VirtualService", "MODIFIED", obj)

    def _views(self) -> list[View] | None:
        if not self.is_leader:
            return None
        return [rollout.view for rollout in self.supervisor.all()]


def checkout(**changes: object) -> Plan:
    """Return the plan of ``shop/checkout``."""
    return a_plan(key=CHECKOUT, **changes)


def search(**changes: object) -> Plan:
    """Return the plan of ``find/search``."""
    return a_plan(key=Key("find", "search"), **changes)
