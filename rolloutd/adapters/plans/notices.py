"""Notices that something in a directory may have changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from watchfiles import watch

log = structlog.get_logger()

_DEBOUNCE_MS = 200
"""An editor writes, renames and touches in a burst: one notice is enough."""

_RETRY_SECONDS = 30.0
"""Time between attempts to watch; polling goes on meanwhile."""

_WAKE_MS = 500
"""How soon the watching thread sees that it is to end."""


@contextmanager
def notices(directory: Path) -> Iterator[asyncio.Event]:
    """Watch a directory; the event is set whenever something in it may have changed.

    The directory is watched, not its files: in a mounted ConfigMap an update renames a link
    beside them, and the files themselves never change. Where watching fails (some network file
    systems know no notices, a directory can be moved away), the event just stays unset.
    """
    happened, stop = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    thread = threading.Thread(
        target=_watch,
        args=(directory, stop, lambda: loop.call_soon_threadsafe(happened.set)),
        name="plan-notices",
        daemon=True,
    )
    thread.start()
    try:
        yield happened
    finally:
        stop.set()


def _watch(directory: Path, stop: threading.Event, tell: Callable[[], object]) -> None:
    while not stop.is_set():
        try:
            _follow(directory, stop, tell)
        except (OSError, RuntimeError) as error:
            # RuntimeError: a fault inside watchfiles, or a closed loop with stop to come.
            log.warning("plan_notices_lost", directory=str(directory), error=str(error))
            stop.wait(_RETRY_SECONDS)


def _follow(directory: Path, stop: threading.Event, tell: Callable[[], object]) -> None:
    changes = watch(
        directory,
        watch_filter=None,
        debounce=_DEBOUNCE_MS,
        stop_event=stop,
        rust_timeout=_WAKE_MS,
        raise_interrupt=False,
        recursive=False,
        yield_on_timeout=True,
    )
    for number, changed in enumerate(changes):
        # What was written while the watch was being set up gave no notice: tell of it once.
        if changed or number == 0:
            tell()
