"""What is remembered of a rollout besides where it stands, and who is given it to keep.

Nothing here is asked by a decision, and nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rolloutd.core.actions import Accepted, Announce, Reply
from rolloutd.core.deeds import Deed, Ended, Moved, Ordered, Run, TakenOver
from rolloutd.core.machine import ENDED, ordered
from rolloutd.core.observation import Command, Course
from rolloutd.core.plan import Plan
from rolloutd.core.state import Phase, Record, Transition
from rolloutd.core.steps import arm_name
from rolloutd.core.units import Percent, Seconds, elapsed
from rolloutd.engine.bookkeeping import Written
from rolloutd.engine.journal import Journal
from rolloutd.engine.view import View
from rolloutd.engine.world import World

LONGEST_STORY = 200
"""Lines of a run's story; the record in the cluster keeps the last dozen."""

ROUNDING = 0.002
"""Seconds: more than what a time loses in the record."""

YESTERDAY = Seconds(86400.0)
"""A run that ended longer ago in another process has been kept by that one, or never will."""


class Memory:
    """Remembers the present run.

    Attributes:
        journal: Its numbers over time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.journal = Journal()
        self._run: int | None = None
        self._story: list[Transition] = []
        self._mark: tuple[Phase, Percent | None] | None = None
        self._told: tuple[int, Phase] | None = None

    def taken_over(self, plan: Plan, record: Record) -> None:
        """Remember that the cluster held a record that we did not know."""
        now = self._world.clock.now()
        self._tell(plan, TakenOver(at=now, record=record))
        if elapsed(record.since, now) > YESTERDAY:
            self._told = record.run, record.phase

    def moved(self, plan: Plan, written: Written, command: Command | None) -> None:
        """Remember what a write that the cluster accepted has changed.

        Args:
            plan: In force.
            written: What was written.
            command: The order that waited for it.
        """
        decision, before, now = written.decision, written.before, self._world.clock.now()
        if (record := decision.state.record) is None:
            return
        said = [each for each in decision.actions if isinstance(each, Announce)]
        known = () if before is None else before.transitions
        for line in record.transitions:
            if line not in known:
                moved = Moved(
                    at=now,
                    before=before,
                    after=record,
                    line=line,
                    command=command if isinstance(decision.reply, Accepted) else None,
                    verdicts=said[0].verdicts if said else (),
                    took=elapsed(written.wanted, now),
                )
                self._tell(plan, moved)

    def answered(
        self, plan: Plan, command: Command, reply: Reply | None, record: Record | None
    ) -> None:
        """Remember an order and its answer; ``None`` when it was given up without."""
        now = self._world.clock.now()
        self._tell(plan, Ordered(at=now, command=command, reply=reply, record=record))

    def show(self, view: View, course: Course | None, *, fresh: bool) -> None:
        """Remember what a rollout looks like after a turn.

        Args:
            view: That.
            course: What the run has been through.
            fresh: Whether there is a new sample behind it.
        """
        record = view.record
        if record is None or record.phase is Phase.WAITING:
            return
        if record.run != self._run:
            self._begin(record.run)
        story = _of_this_run(record.transitions)
        self._story += [line for line in story if not _is_in(self._story, line)]
        del self._story[:-LONGEST_STORY]
        mark = record.phase, ordered(record)
        # Of a run that another process saw to its end there is nothing to draw.
        if fresh or (mark != self._mark and not (record.phase in ENDED and self._mark is None)):
            self.journal.note(view)
        self._mark = mark
        if record.phase in ENDED and self._told != (record.run, record.phase):
            self._told = record.run, record.phase
            run = self._finished(view, record, course)
            self._tell(view.plan, Ended(at=view.at, run=run))

    def _begin(self, run: int) -> None:
        self._run, self._mark = run, None
        self._story.clear()
        self.journal = Journal()

    def _finished(self, view: View, record: Record, course: Course | None) -> Run:
        arms, first = record.arms, self._story[0] if self._story else None
        # Tried again and ended before it began: the record has the start of the run before.
        retried = first is not None and first.phase is Phase.WAITING
        return Run(
            run=record.run,
            outcome=record.phase,
            started=max(record.started, first.at) if first and retried else record.started,
            ended=record.since,
            stable=arms.stable_subset or arms.stable_host or arm_name(view.plan.stable),
            canary=arms.canary_subset or arms.canary_host or arm_name(view.plan.canary),
            reason=record.reason,
            actor=record.transitions[-1].actor if record.transitions else "",
            timeline=tuple(self._story),
            verdicts=view.verdicts,
            course=course,
            series=self.journal.series(),
        )

    def _tell(self, plan: Plan, deed: Deed) -> None:
        for scribe in self._world.scribes:
            scribe.note(plan, deed)


def _of_this_run(lines: Sequence[Transition]) -> Sequence[Transition]:
    """Return the lines since the run was asked for: a retry keeps those of the run before."""
    waits = [index for index, line in enumerate(lines) if line.phase is Phase.WAITING]
    return lines[waits[-1] :] if waits else lines


def _is_in(story: Sequence[Transition], line: Transition) -> bool:
    """Say whether a story has a line; read back from the cluster, its time is rounded."""
    return any(
        abs(line.at - known.at) < ROUNDING and line.reason == known.reason for known in story
    )
