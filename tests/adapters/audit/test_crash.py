"""Processes that die while they write."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from rolloutd.adapters.audit.chain import Head
from rolloutd.adapters.audit.file import ChainFile
from rolloutd.adapters.audit.verify import Document, verify

WRITER = """
import sys
from pathlib import Path
from rolloutd.adapters.audit.file import ChainFile

file = ChainFile(Path(sys.argv[1]), largest=20_000)
while True:
    head = file.append([{"kind": "order", "why": "because " * 50}] * 3)
    print(head.seq, head.hash, flush=True)
"""


def test_no_entry_that_was_confirmed_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """SIGKILL, at whatever moment: the next process goes on with a chain that is whole."""
    path, chance = tmp_path / "audit.jsonl", random.Random(7)  # noqa: S311 - a moment to die
    for _ in range(4):
        confirmed = killed(path, after=chance.randint(1, 12))
        file = ChainFile(path)
        file.append([{"kind": "started"}])
        file.close()
        documents = [
            Document(name=each.name, content=each.read_bytes()) for each in tmp_path.iterdir()
        ]

        verdict = verify(documents, confirmed)

        assert verdict.fault is None


def killed(path: Path, *, after: int) -> Head:
    """Let a process write, kill it after so many writes, return the last that it confirmed."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        process.kill()
    seq, digest = lines[-1].split()
    return Head(seq=int(seq), hash=digest)
