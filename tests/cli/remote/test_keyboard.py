"""Keys of a real terminal."""

from __future__ import annotations

import os
import pty
import signal
from collections.abc import Iterator

import pytest

from rolloutd.cli.remote.keyboard import keyboard


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """Where a person types, and where the program listens."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_ctrl_c_is_raised_where_keys_are_heard_and_nowhere_else(ends: tuple[int, int]) -> None:
    """Raised in the middle of drawing it got lost once in some thousand times."""
    usual = signal.getsignal(signal.SIGINT)
    with keyboard(ends[1]) as keys:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            keys.pressed()

    assert signal.getsignal(signal.SIGINT) is usual
