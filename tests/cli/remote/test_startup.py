"""How quickly a command is there: what is imported is what takes time."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "aiohttp",
    "apscheduler",
    "asyncio",
    "kubernetes_asyncio",
    "orjson",
    "prometheus_client",
    "pydantic",
    "rich",
    "rolloutd.api",
    "rolloutd.core.plan",
    "structlog",
    "yaml",
)


@pytest.mark.parametrize("verb", ["get", "pause", "describe", "explain"])
def test_a_command_imports_neither_the_daemon_nor_its_libraries(verb: str) -> None:
    """A figure in milliseconds would test the machine; docs/cli.md has one."""
    script = (
        "import sys; from rolloutd.cli import main\n"
        f"try: main([{verb!r}, 'x', '--server', 'http://127.0.0.1:1'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert b"can't be reached" in ran.stderr
    assert ran.stdout.splitlines()[-1] == b"[]"
