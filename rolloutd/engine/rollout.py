"""One rollout: look, decide, write, tell, wait.

What is recorded in the cluster is true. A decision becomes our state only when its record has
been written; when a write fails or its answer is lost, we look again and decide again. The one
thing carried over is a breach (``Watch.breach``): a rollback once decided stays decided.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from typing import assert_never

import structlog

from rolloutd.core.actions import Announce, Decision, Outlook, Reply
from rolloutd.core.decide import decide
from rolloutd.core.evidence import Evidence, learn
from rolloutd.core.gate.jury import revise, seat
from rolloutd.core.machine import ACTIVE, ordered
from rolloutd.core.observation import (
    Command,
    CommandKind,
    History,
    MeshBlind,
    MeshSeen,
    MeshSighting,
    Observation,
    Reading,
    Sample,
    SplitSeen,
    Unread,
)
from rolloutd.core.plan import Plan
from rolloutd.core.reminder import reminder
from rolloutd.core.split import present
from rolloutd.core.state import Phase, Record, State
from rolloutd.core.target import Target
from rolloutd.core.units import Instant, Percent, Seconds, elapsed
from rolloutd.engine import bookkeeping
from rolloutd.engine.ledger import Adopted, Landed, Ledger, Unreadable
from rolloutd.engine.looking import Wishes, look, target, without_record
from rolloutd.engine.memory import Memory
from rolloutd.engine.succession import Succession
from rolloutd.engine.view import View
from rolloutd.engine.waiting import until
from rolloutd.engine.world import World
from rolloutd.errors import RolloutdError

log = structlog.get_logger()

IDLE = Seconds(5.0)
"""Longest time between two turns when nothing calls for one: windows, lost wake-ups."""

AT_REST = Seconds(30.0)
"""The same while no run is under way: a thousand plans that wait cost next to nothing."""

FIRST_RETRY = Seconds(0.2)
LONGEST_RETRY = Seconds(5.0)


class Rollout:
    """Drives one plan. ``run`` is its only task; the other methods leave word for it.

    Args:
        record: Of a run that is known to be under way; otherwise the first look will tell.

    Attributes:
        view: What it looks like, as of the last turn.
        memory: What is remembered of the present run.
    """

    def __init__(self, plan: Plan, world: World, record: Record | None = None) -> None:
        self._world = world
        self._plans = Succession(current=plan)
        self._state = State(record=record)
        self._ledger = Ledger(world)
        self._evidence = Evidence(jury=seat(plan))
        self._run: int | None = None
        self._recalled = True
        self._sample: Sample | None = None
        self._unjudged = False
        self._commands: deque[tuple[Command, asyncio.Future[Reply]]] = deque()
        self._start_due = False
        self._failures = 0
        self._wake = asyncio.Event()
        waiting = Outlook(why="Just loaded.", what_next="A first look at the cluster.")
        self.memory = Memory(world)
        self._shown: View | None = None
        self.view = View(plan=plan, record=None, at=world.clock.now(), outlook=waiting)

    @property
    def plan(self) -> Plan:
        """The plan in force; an edit that names another canary waits for the rollback."""
        return self._plans.current

    @property
    def ended(self) -> bool:
        """Whether no run is under way, so that a removed plan can be forgotten."""
        record = self._state.record
        return record is None or record.phase not in ACTIVE

    @property
    def orders_waiting(self) -> int:
        """How many orders have not been answered."""
        return len(self._commands)

    async def run(self) -> None:
        """Take turns until the plan is gone and its run has ended.

        Cancelling between turns is safe, and so is dying in one.
        """
        while not (self._plans.removed and self.ended):
            self._wake.clear()
            await until(self._wake, self._world.clock, await self.turn())
        self.give_up()

    def forget_evidence(self) -> None:
        """Begin to judge anew, for what was learnt can't be judged: a bug of ours."""
        self._evidence = Evidence(jury=seat(self.plan))

    def give_up(self) -> None:
        """Cancel the orders that are left: nobody will take another turn."""
        for command, answer in self._commands:
            if not answer.done():
                self.memory.answered(self.plan, command, None, self._state.record)
            answer.cancel()

    def changed(self, kind: str, namespace: str, name: str) -> None:
        """Hear of a change in the cluster; wake up if it concerns this rollout."""
        plan = self.plan
        concerns = {
            "VirtualService": {routes.virtual_service for routes in plan.virtual_services},
            "Deployment": {plan.stable.deployment, plan.canary.deployment},
        }
        if namespace == plan.key.namespace and name in concerns.get(kind, {name}):
            self._wake.set()

    def follow(self, plan: Plan | None) -> None:
        """Take the plan as it is now; ``None`` when its file has gone."""
        self._plans = self._plans.follow(plan)
        jury = revise(self._evidence.jury, self.plan)
        self._evidence = dataclasses.replace(self._evidence, jury=jury)
        self._wake.set()

    def leave(self, why: str) -> None:
        """Put the traffic back and come to an end: nobody carries this run any more."""
        self._plans = dataclasses.replace(self._plans, removed=True, left=why)
        self._wake.set()

    @property
    def is_left(self) -> bool:
        """Whether it is only here to be brought to its end."""
        return bool(self._plans.left)

    def start_is_due(self) -> None:
        """The plan's cron has fired."""
        self._start_due = True
        self._wake.set()

    async def order(self, command: Command) -> Reply:
        """Obey a command; return once the record that says so is in the cluster."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._commands.append((command, answer))
        self._wake.set()
        return await answer

    def target(self) -> Target | None:
        """Say whose requests to count next; ``None`` while there is nothing to judge."""
        if self.ended:
            return None
        wanted = target(self.plan, self._world)
        return None if isinstance(wanted, MeshBlind) else wanted

    @property
    def unremembered(self) -> Instant | None:
        """When the present run began, while its past is worth asking for."""
        record = self._state.record
        if (
            self.ended
            or record is None
            or self._recalled
            or self._evidence.jury.last is not None
        ):
            return None
        return record.started

    def recall(self, past: History | None) -> None:
        """Take in how stable behaved before the run, unless judging has begun meanwhile."""
        self._recalled = True
        if past is not None and self._evidence.jury.last is None:
            jury = seat(self.plan, past)
            self._evidence = dataclasses.replace(self._evidence, jury=jury)

    def hear(self, reading: Reading | Unread) -> None:
        """Take in a look at the metrics."""
        now = self._world.clock.now()
        self._evidence, sample = learn(self._evidence, reading, self._in_force(), now)
        if sample is not None:
            self._sample, self._unjudged = sample, True
            self._wake.set()

    def _in_force(self) -> Percent:
        """Return the share that the VirtualService says, which may be another's order."""
        mesh, record = self._world.mesh.look(self.plan), self._state.record
        if isinstance(mesh, MeshSeen) and mesh.canary is not None:
            return mesh.canary
        return (ordered(record) if record is not None else None) or Percent(0)

    async def turn(self) -> Seconds:
        """Take one turn; return for how long nothing need be done after it."""
        plan = self.plan
        mesh = self._believe(self._world.mesh.look(plan))
        self._settle_plans()
        if self.plan is not plan:
            # Its arms may be others: their weights are what this turn decides on.
            mesh = self._believe(self._world.mesh.look(self.plan))
        now = self._world.clock.now()
        seen = look(self.plan, mesh, self._evidence, self._wishes(), self._world)
        decision = decide(self.plan, self._state, seen, now)
        failure = await self._make_true(decision, mesh)
        self._show(seen, decision.outlook, failure)
        self._answer(decision, failure)
        return self._rest(decision.outlook, failure)

    def _believe(self, mesh: MeshSighting) -> MeshSighting:
        """Let what the cluster holds correct what we think."""
        match self._ledger.compare(mesh.record):
            case Adopted(record=record):
                self._adopt(record)
            case Landed(decision=decision):
                self._written(decision)
            case Unreadable(reason=reason):
                if not self._asked_to_retry():
                    return MeshBlind(reason=f"{reason}; `rolloutd retry` starts anew")
                self._ledger.disown(mesh.record)
            case None:
                pass
            case never:
                assert_never(never)
        return mesh if isinstance(mesh, MeshBlind) else without_record(mesh, self._state.record)

    def _adopt(self, record: Record) -> None:
        log.info("record_adopted", rollout=str(self.plan.key), run=record.run)
        self.memory.taken_over(self.plan, record)
        self._state = dataclasses.replace(self._state, record=record)
        words = reminder(record, self._world.clock.now())
        if words is not None:
            self._world.herald.tell(self.plan, record, words)

    def _settle_plans(self) -> None:
        self._plans = self._plans.settle(self._state.record)
        record = self._state.record
        run = record.run if record is not None and not self.ended else None
        if run != self._run and run is not None:
            # Evidence against one canary says nothing of the next.
            self._evidence = Evidence(jury=seat(self.plan))
            self._run, self._recalled = run, False

    def _asked_to_retry(self) -> bool:
        return bool(self._commands) and self._commands[0][0].kind is CommandKind.RETRY

    def _wishes(self) -> Wishes:
        return Wishes(
            command=self._commands[0][0] if self._commands else None,
            plan_removed=self._plans.removed,
            superseded=self._plans.superseded,
            start_due=self._start_due,
        )

    async def _make_true(self, decision: Decision, mesh: MeshSighting) -> RolloutdError | None:
        text = self._ledger.due(decision, mesh)
        if text is None:
            self._accept(decision)
            return None
        failure = await self._ledger.write(self.plan, decision, text)
        if failure is None:
            self._written(decision)
            return None
        self._failures += 1
        self._state = State(record=self._state.record, watch=decision.state.watch)
        outcome = type(failure).__name__.lower()
        bookkeeping.failed(self._world, self.plan, outcome)
        log.warning(
            "write_failed", rollout=str(self.plan.key), outcome=outcome, error=str(failure)
        )
        return failure

    def _written(self, decision: Decision) -> None:
        """Accept a decision that the cluster holds by now, and count it."""
        written = bookkeeping.Written(
            before=self._state.record, decision=decision, wanted=self._ledger.wanted
        )
        bookkeeping.wrote(self._world, self.plan, written)
        command = self._commands[0][0] if self._commands else None
        self.memory.moved(self.plan, written, command)
        self._accept(decision, elapsed(self._ledger.wanted, self._world.clock.now()))

    def _accept(self, decision: Decision, took: Seconds | None = None) -> None:
        """Make a decision our state, and tell people what it means."""
        self._failures = 0
        self._state = decision.state
        record = decision.state.record
        for action in decision.actions:
            if isinstance(action, Announce) and record is not None:
                words = dataclasses.replace(action, took=took)
                self._world.herald.tell(self.plan, record, words)
        if record is not None and record.phase is not Phase.WAITING:
            # A firing starts what waits for it; one at rest says nothing of a canary to come.
            self._start_due = False
        self._settle_plans()

    def _show(self, seen: Observation, outlook: Outlook, failure: RolloutdError | None) -> None:
        # Looked at again: what this turn wrote is in force by now.
        mesh = self._world.mesh.look(self.plan)
        now = self._world.clock.now()
        self.view = View(
            plan=self.plan,
            record=self._state.record,
            at=now,
            outlook=outlook,
            desired=mesh.canary if isinstance(mesh, MeshSeen) else None,
            split=self._split(now),
            verdicts=seen.verdicts,
            streaks=self._evidence.streaks,
            sample=self._sample,
            trouble="" if failure is None else str(failure),
        )
        bookkeeping.show(self._world.metrics, self.view, self._shown)
        self._shown = self.view
        self.memory.show(self.view, seen.course, fresh=self._unjudged)
        if self._unjudged:
            bookkeeping.judged(self._world.metrics, self.view)
            self._unjudged = False

    def _split(self, now: Instant) -> SplitSeen | None:
        """Say where requests go; of a run that is over nobody counts them any more."""
        if self.ended:
            return None
        interval = self.plan.samples.interval
        return present(self._evidence.flow, self._in_force(), now, interval)

    def _answer(self, decision: Decision, failure: RolloutdError | None) -> None:
        """Answer the command at the head of the queue, unless its turn is still to come."""
        if failure is not None or decision.reply is None:
            return
        command, answer = self._commands.popleft()
        self.memory.answered(self.plan, command, decision.reply, self._state.record)
        if not answer.done():
            answer.set_result(decision.reply)

    def _rest(self, outlook: Outlook, failure: RolloutdError | None) -> Seconds:
        if failure is not None:
            return min(LONGEST_RETRY, Seconds(FIRST_RETRY * 2.0 ** min(self._failures, 10)))
        if self._commands:
            return Seconds(0.0)
        now, idle = self._world.clock.now(), AT_REST if self.ended else IDLE
        if outlook.at is None or outlook.at <= now:
            return idle
        return min(idle, elapsed(now, outlook.at))
