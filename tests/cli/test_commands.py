"""The program as a whole: what it says of itself, and how quickly."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import rolloutd
from rolloutd.cli import COMMANDS, main


def output(*arguments: str) -> str:
    return CliRunner().invoke(main, arguments).output


def test_the_version_is_the_packages() -> None:
    """The first thing asked of whoever reports a bug."""
    assert output("--version") == f"rolloutd, version {rolloutd.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_can_be_called(name: str) -> None:
    """A name in a string is checked by nobody else."""
    assert output(name, "--help").startswith(f"Usage: rolloutd {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_is_for(name: str) -> None:
    """The list is written without importing what it lists."""
    assert COMMANDS[name].summary.split(",")[0] in output("--help")


def test_an_unknown_command_is_a_usage_error() -> None:
    """Exit code 2, as documented."""
    assert CliRunner().invoke(main, ["rollout"]).exit_code == click.UsageError.exit_code


def test_the_version_is_told_without_importing_the_daemon() -> None:
    """What is imported is what takes time: a figure in milliseconds would test the machine."""
    heavy = ("aiohttp", "pydantic", "kubernetes_asyncio", "apscheduler", "rich", "yaml")
    script = (
        "import sys; from rolloutd.cli import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert ran.stdout.splitlines()[-1] == b"[]"
