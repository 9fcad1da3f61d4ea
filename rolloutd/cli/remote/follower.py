"""Follows the daemon's events, over dropped connections and restarts."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from rolloutd.cli.remote.client import PASSING, Client
from rolloutd.cli.remote.events import News
from rolloutd.cli.remote.link import ProblemError
from rolloutd.core.units import Seconds
from rolloutd.errors import Refused, Unavailable

PAUSES: Final = (0.2, 0.5, 1.0, 2.0)
"""Seconds between two tries to connect; the last one again and again."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Events come from now on: what is asked for after this misses nothing."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No events come for now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """No events will come any more."""

    reason: str


Tidings: TypeAlias = News | Joined | Lost | Ended


class Follower:
    """Listens in a thread of its own while the block lasts, so that keys are heard meanwhile.

    After a dropped connection it asks for what came since (``Last-Event-ID``).
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._heard: queue.SimpleQueue[Tidings] = queue.SimpleQueue()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        # A daemon thread: it may sit in a read for as long as the daemon is silent.
        threading.Thread(target=self._run, name="events", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def next(self, patience: Seconds) -> Tidings | None:
        """Return the next thing heard; ``None`` when nothing was within ``patience``."""
        try:
            return self._heard.get(timeout=max(0.0, patience))
        except queue.Empty:
            return None

    def _run(self) -> None:
        last: str | None = None
        tries = 0
        while not self._over.is_set():
            try:
                with self._client.news(last) as news:
                    tries = 0
                    self._heard.put(Joined())
                    for each in news:
                        last = each.ident or last
                        self._heard.put(each)
                self._heard.put(Lost("The daemon hung up."))
            except Unavailable as error:
                self._heard.put(Lost(str(error)))
            except Refused as error:
                if not (isinstance(error, ProblemError) and error.status in PASSING):
                    self._heard.put(Ended(str(error)))
                    return
                self._heard.put(Lost(str(error)))
            self._client.link.place.renew()
            self._over.wait(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
