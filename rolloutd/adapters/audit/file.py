"""The file that the chain is written to.

A crash in the middle of a write leaves a line without an end. It is never taken away: the next
line says how long it was and what its hash is, so that no later hand can put it to use.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from rolloutd.adapters.audit.chain import Head, chained, fingerprint, link
from rolloutd.errors import Unavailable
from rolloutd.ports import Json

LARGEST = 16 * 1024 * 1024
"""Bytes of a file before the next one is begun: some ten thousand transitions."""

MODE = 0o640


class ChainFile:
    """Appends to a chain of lines; blocks, so call it from a thread.

    Every ``append`` is one write and one sync: lines are few, some dozen in a run, nothing
    waits for them, and a line that a power cut takes with it is the one that will be asked for.
    """

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path = path
        self._largest = largest
        self._file: int | None = None
        self._size = 0
        self._head: Head | None = None

    def append(self, entries: Sequence[Json]) -> Head:
        """Write entries, all of them on the disk when this returns; return the new head.

        Raises:
            Unavailable: They are not there, or not all of them: write them again.
        """
        try:
            file, last, notes = self._ready()
            text, head = _lines(last, [*notes, *entries])
            if self._size and self._size + len(text) > self._largest:
                file = self._next(last)
            self._write(file, text)
        except BlockingIOError as error:
            self.close()
            raise Unavailable(f"{self._path}: another process writes to it") from error
        except OSError as error:
            self.close()
            raise Unavailable(f"{self._path}: {error.strerror or error}") from error
        self._head = head
        return head

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _ready(self) -> tuple[int, Head, list[Json]]:
        """Return the file, its head, and what has to be noted before anything else."""
        if self._file is not None and _is_there(self._path, self._file):
            found = os.fstat(self._file).st_size
            if found == self._size and self._head is not None:
                return self._file, self._head, []
        self.close()
        return self._open()

    def _open(self) -> tuple[int, Head, list[Json]]:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = file = os.open(self._path, flags, MODE)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            # Devices have no end to read to, and keep nothing.
            raise OSError(errno.EINVAL, "it is no regular file")
        # Two writers would make two chains of one. A lock goes with its process.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        content = _read(file)
        self._size = len(content)
        if not content:
            _sync_folder(self._path)
        whole, torn = _torn_off(content)
        notes: list[Json] = []
        if torn:
            self._write(file, b"\n")
            if link(torn) is None:
                notes.append(
                    {"kind": "torn", "bytes": len(torn), "fingerprint": fingerprint(torn)}
                )
            else:
                whole = content
        found = _last(whole) or _last(_newest_before(self._path)) or Head()
        if self._head is not None and found.seq < self._head.seq:
            # Lines that we wrote are gone. Going on from ours lets everybody see it.
            lost: Json = {"kind": "disturbed", "foundSeq": found.seq}
            return file, self._head, [*notes, lost]
        return file, found, notes

    def _next(self, last: Head) -> int:
        """Put the full file aside and begin another, in which the chain goes on."""
        self._path.rename(rotated(self._path, last))
        self.close()
        file, _, _ = self._open()
        return file

    def _write(self, file: int, text: bytes) -> None:
        before, left = self._size, memoryview(text)
        try:
            while left:
                left = left[os.write(file, left) :]
            os.fsync(file)
        except OSError:
            # A full disk has taken part of it; taking that back needs no room.
            os.ftruncate(file, before)
            raise
        self._size = before + len(text)


def rotated(path: Path, head: Head) -> Path:
    """Name a file that is full, by its last line: names sort in the order of the chain."""
    return path.with_name(f"{path.name}.{head.seq:012d}")


def _lines(head: Head, entries: Sequence[Json]) -> tuple[bytes, Head]:
    lines: list[bytes] = []
    for entry in entries:
        line, head = chained(head, entry)
        lines.append(line)
    return b"".join(lines), head


def _torn_off(content: bytes) -> tuple[bytes, bytes]:
    whole, end, torn = content.rpartition(b"\n")
    return whole + end, torn


def _last(content: bytes) -> Head | None:
    """Return the head of the last line that is whole."""
    for line in reversed(content.splitlines()):
        if (found := link(line)) is not None:
            return found.head
    return None


def _newest_before(path: Path) -> bytes:
    """Return the content of the newest file that is full; nothing when there is none."""
    numbered = [
        each
        for each in path.parent.iterdir()
        if each.stem == path.name and each.suffix[1:].isdecimal()
    ]
    return max(numbered).read_bytes() if numbered else b""


def _is_there(path: Path, file: int) -> bool:
    """Say whether a path still leads to the file: somebody may have moved it away."""
    try:
        named, held = path.stat(), os.fstat(file)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _read(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    parts = iter(lambda: os.read(file, 1 << 20), b"")
    return b"".join(parts)


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
