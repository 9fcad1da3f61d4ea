"""What is new about a rollout, a line each, for logs and pipes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rolloutd.cli.remote.exits import ENDED
from rolloutd.cli.remote.forms import Full, Line
from rolloutd.core.units import Instant


class Story:
    """Tells each line once.

    Args:
        whole: Begin with all that is known; otherwise with what is new after that.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._begun = False
        self._last: Line | None = None
        self._run: int | None = None
        self._blocked = ""

    def news(self, now: Full) -> list[str]:
        """Return what was not told yet."""
        told = list(self._told(now))
        begins, self._begun = not self._begun, True
        return [] if begins and not self._whole else told

    def _told(self, now: Full) -> Iterator[str]:
        if self._run is not None and now.run is not None and now.run > self._run:
            yield f"Run {now.run} has begun."
        self._run = now.run if now.run is not None else self._run
        for line in self._unheard(now):
            yield line_of(line)
        blocked = "; ".join(sorted({each.partition(":")[0] for each in now.obstacles}))
        if blocked != self._blocked and now.phase not in ENDED:
            yield f"          {now.why}"
        self._blocked = blocked

    def _unheard(self, now: Full) -> tuple[Line, ...]:
        lines = now.timeline
        last, self._last = self._last, lines[-1] if lines else self._last
        if last is None:
            return lines
        if last in lines:
            return lines[lines.index(last) + 1 :]
        # More has happened than is kept, or another run's story has begun.
        return tuple(line for line in lines if line.at >= last.at)


def line_of(line: Line) -> str:
    """Put one line of the story on one line."""
    who = f" ({line.actor})" if line.actor and line.actor not in line.reason else ""
    return f"{clock_of(line.at)}  {line.weight:>3} %  {line.reason}{who}"


def clock_of(at: Instant) -> str:
    """Write a time of day, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
