"""One rollout, kept up to date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from rolloutd.cli.remote.client import PASSING, Named
from rolloutd.cli.remote.events import News
from rolloutd.cli.remote.exits import ENDED
from rolloutd.cli.remote.follower import Ended, Joined, Lost, Tidings
from rolloutd.cli.remote.forms import Full
from rolloutd.cli.remote.link import ProblemError
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Refused, Unavailable

AGAIN: Final = Seconds(2.0)
"""Shortest time between two looks without news."""

IDLE: Final = Seconds(7.0)
"""Without samples the daemon takes a turn every 5 s; HTTP dates have whole seconds."""


class Ears(Protocol):
    """Hears of what happens, as ``Follower`` does."""

    def next(self, patience: Seconds) -> Tidings | None:
        """Return the next thing heard; ``None`` when nothing was within ``patience``."""
        ...


class Current:
    """What is known of a rollout, and how old it is.

    Attributes:
        now: As of the last answer.
        trouble: Why there is none newer; empty when nothing is wrong.

    Args:
        named: Which one.
        look: Asks for it.
        clock: The time here; only differences are used, the daemon's clock has its own.

    Raises:
        Unavailable: No answer at the very first.
        Refused: There is no such rollout, or we may not see it.
    """

    def __init__(
        self, named: Named, look: Callable[[Named], Full], clock: Callable[[], Instant]
    ) -> None:
        self._named = named
        self._ask = look
        self._clock = clock
        self.trouble = ""
        self.now = look(named)
        self._heard = self._tried = clock()

    def wait(self, ears: Ears, patience: Seconds) -> None:
        """Wait for news and take them in.

        Raises:
            Refused: There will be no more: the rollout is gone, or we may not see it any more.
        """
        tidings = ears.next(patience)
        while tidings is not None:
            self._take(tidings)
            tidings = ears.next(Seconds(0.0))
        if self._clock() - self._tried >= max(AGAIN, self.now.interval):
            self._look()

    def adopt(self, now: Full) -> None:
        """Take what an order was answered with."""
        self.now = now
        self.trouble = ""
        self._heard = self._tried = self._clock()

    def daemon_time(self) -> Instant:
        """Return what the daemon's clock says by now."""
        told = self.now.seen if self.now.told is None else self.now.told
        return Instant(told + self._clock() - self._heard)

    def staleness(self) -> str:
        """Say why what is known is old: nothing came for two intervals; empty when it did."""
        now = self.now
        unheard = self._clock() - self._heard
        if unheard > 2 * max(AGAIN, now.interval):
            why = self.trouble or "The daemon does not answer."
            return f"Nothing heard for {unheard:.0f}s. {why}"
        unseen = self.daemon_time() - now.seen
        looks = now.phase not in {*ENDED, "waiting", "unknown"}
        if looks and unseen > max(2 * now.interval, IDLE):
            return f"The daemon's last look at it was {unseen:.0f}s ago."
        return ""

    def _take(self, tidings: Tidings) -> None:
        match tidings:
            case Joined():
                self._look()
            case Lost(reason=reason):
                self.trouble = reason
            case Ended(reason=reason):
                raise Refused(reason)
            case News(kind="reset"):
                self._look()
            case News() if tidings.is_about(*self._named):
                self._look()
            case News():
                pass

    def _look(self) -> None:
        self._tried = self._clock()
        try:
            self.adopt(self._ask(self._named))
        except Unavailable as error:
            self.trouble = str(error)
        except ProblemError as error:
            if error.status not in PASSING:
                raise
            self.trouble = str(error)
