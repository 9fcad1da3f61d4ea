"""Keys of a terminal, one by one, without waiting for Enter."""

from __future__ import annotations

import codecs
import os
import select
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

    def pressed(self) -> str:
        """Return what was typed since. Arrows send several characters: left out."""
        if not select.select([self._terminal], [], [], 0.0)[0]:
            return ""
        text = self._decode(os.read(self._terminal, MOST))
        return "" if text.startswith("\x1b") and len(text) > 1 else text


@contextmanager
def keyboard(terminal: int) -> Iterator[Keyboard]:
    """Take the keys of a terminal, and give it back as it was."""
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield TerminalKeyboard(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
