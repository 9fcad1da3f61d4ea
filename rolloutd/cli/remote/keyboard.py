"""Keys of a terminal, one by one, without waiting for Enter."""

from __future__ import annotations

import codecs
import os
import select
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

MOST = 1024
"""Bytes read at once: what somebody types, or pastes."""


class Keyboard(Protocol):
    """Tells which keys were pressed."""

    def pressed(self) -> str:
        """Return what was typed since; empty when nothing was. Never waits."""
        ...


class NoKeyboard:
    """Implements ``Keyboard`` where nobody can type."""

    def pressed(self) -> str:
        """Return nothing."""
        return ""


class TerminalKeyboard:
    """Implements ``Keyboard`` on a terminal that hands over every key."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="ignore").decode
        self._interrupted = False

    def interrupt(self, *_: object) -> None:
        """Note Ctrl-C. Raised at whatever line happens to run it can get lost on its way."""
        self._interrupted = True

    def pressed(self) -> str:
        """Return what was typed since. Arrows send several characters: left out.

        Raises:
            KeyboardInterrupt: Ctrl-C was.
        """
        if self._interrupted:
            raise KeyboardInterrupt
        if not select.select([self._terminal], [], [], 0.0)[0]:
            return ""
        text = self._decode(os.read(self._terminal, MOST))
        return "" if text.startswith("\x1b") and len(text) > 1 else text


@contextmanager
def keyboard(terminal: int) -> Iterator[Keyboard]:
    """Take the keys of a terminal, and give it back as it was."""
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    keys = TerminalKeyboard(terminal)
    usual = signal.signal(signal.SIGINT, keys.interrupt)
    try:
        yield keys
    finally:
        signal.signal(signal.SIGINT, usual)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
