"""Virtual time, and an event loop a process that lives in it.

Each process has a loop of its own, so that one can be frozen or killed between any two of its
callbacks while the others go on, as the kernel does it. All in one thread: equal seeds give
equal histories.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context
from typing import TypeVarTuple

from rolloutd.core.units import Instant, Seconds

T0 = 1_700_000_000.0
"""What honest clocks show when a simulation begins."""

Ts = TypeVarTuple("Ts")

_ROUNDS = 1000
"""Rounds without any time passing after which the processes keep each other busy for ever."""


class LivelockError(AssertionError):
    """Time stands still: somebody waits without sleeping."""


class Timeline:
    """The time, and everybody who lives in it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._loops: list[ProcessLoop] = []
        self._dying: list[ProcessLoop] = []

    def loop(self) -> ProcessLoop:
        """Return the event loop of a new process."""
        started = ProcessLoop(self)
        self._loops.append(started)
        return started

    def end(self, loop: ProcessLoop) -> None:
        """Let a process be no more from this moment on.

        What it had under way is cancelled as soon as nobody runs: it may itself be asking.
        """
        loop.is_frozen = True
        self._dying.append(loop)

    def bury(self) -> None:
        """Cancel what those who ended had under way."""
        dying, self._dying = self._dying, []
        for loop in dying:
            if loop in self._loops:
                self._loops.remove(loop)
                _swept(loop)

    def end_all(self) -> None:
        """Let nobody be any more."""
        for loop in tuple(self._loops):
            self.end(loop)
        self.bury()

    def run(self, until: float, done: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, to some moment or until something is so.

        Raises:
            LivelockError: Some processes keep each other busy without time passing.
        """
        rounds = 0
        while True:
            ran = False
            for loop in tuple(self._loops):
                if loop.is_due():
                    loop.spin()
                    ran = True
            self.bury()
            rounds += 1
            if ran and rounds < _ROUNDS:
                continue
            if ran:
                raise LivelockError(f"no time has passed in {_ROUNDS} rounds")
            if self.now >= until or done():
                return
            due = min(
                (loop.wake_at for loop in self._loops if not loop.is_frozen), default=until
            )
            self.now = max(self.now, min(due, until))
            rounds = 0


class ProcessLoop(asyncio.BaseEventLoop):
    """One process's event loop; it runs until nothing is left to do at this moment.

    Attributes:
        is_frozen: Stopped in the middle of whatever it does, as by SIGSTOP.
        wake_at: When its next timer is due.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _asyncgen_firstiter_hook: Callable[[AsyncGenerator[object, object]], None]
    _asyncgen_finalizer_hook: Callable[[AsyncGenerator[object, object]], None]

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        super().__init__()
        self.is_frozen = False
        self.wake_at = 0.0

    def time(self) -> float:
        """Return the virtual time."""
        return self._timeline.now

    def is_due(self) -> bool:
        """Say whether it has something to do now."""
        due = bool(self._ready) or self.wake_at <= self._timeline.now
        return due and not self.is_frozen

    def spin(self) -> None:
        """Run until all its tasks wait.

        The rounds of ``run_forever`` without sockets, signals and threads, for nobody here
        listens to those, and a fifth of a simulation's time went by in asking.
        """
        asyncio._set_running_loop(self)
        before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)
        try:
            while self._gather_due():
                for _ in range(len(self._ready)):
                    handle = self._ready.popleft()
                    if not handle.cancelled():
                        handle._run()
        finally:
            sys.set_asyncgen_hooks(*before)
            asyncio._set_running_loop(None)

    def _gather_due(self) -> bool:
        """Make ready the timers that are due; say whether there is anything to do now."""
        timers, now = self._scheduled, self._timeline.now
        while timers and (timers[0].cancelled() or timers[0].when() <= now):
            timer = heapq.heappop(timers)
            if not timer.cancelled():
                self._ready.append(timer)
        self.wake_at = timers[0].when() if timers else math.inf
        return bool(self._ready)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Set a timer, also from outside while the loop does not run."""
        self.wake_at = min(self.wake_at, when)
        return super().call_at(when, callback, *args, context=context)

    def _write_to_self(self) -> None:
        """Wake nobody: whoever calls from another loop is in the same thread."""

    def start(
        self,
        work: Coroutine[object, object, object],
        name: str,
        ended: Callable[[asyncio.Task[object]], None] = lambda _: None,
    ) -> None:
        """Begin a task from outside; it ends with the process at the latest."""
        self.create_task(work, name=name).add_done_callback(ended)


def _swept(loop: ProcessLoop) -> None:
    for _ in range(_ROUNDS):
        tasks = asyncio.all_tasks(loop)
        if not tasks:
            break
        for task in tasks:
            task.cancel()
        loop.spin()
    loop.spin()
    loop.close()


class VirtualClock:
    """Implements ``ports.Clock`` for one process.

    Args:
        timeline: The true time.
        skew: How far the machine's wall clock was off when the process began.

    Attributes:
        settings: By how much the wall clock was off since then, one after the other.
    """

    def __init__(self, timeline: Timeline, skew: float = 0.0) -> None:
        self._timeline = timeline
        self._skew = skew
        self.settings = [0.0]

    def now(self) -> Instant:
        """Return the present instant."""
        return Instant(T0 + self._timeline.now + self._skew)

    def wall(self) -> Instant:
        """Return what the wall clock says."""
        return Instant(T0 + self._timeline.now + self._skew + self.settings[-1])

    def set_wall(self, by: float) -> None:
        """Step the wall clock; ``now`` does not notice."""
        self.settings.append(self.settings[-1] + by)

    async def sleep(self, duration: Seconds) -> None:
        """Return after ``duration``."""
        await asyncio.sleep(duration)  # noqa: TID251 - on a loop of virtual time
