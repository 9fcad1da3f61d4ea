"""As a plugin of kubectl, with the real one."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from rolloutd.cli import COMMANDS
from rolloutd.cli.remote.plugin import offered
from tests.api.control.office import Office, checkout
from tests.cli.remote.terminal import run

SCRIPTS: Mapping[str, str] = tomllib.loads(
    (Path(__file__).parents[3] / "pyproject.toml").read_text()
)["project"]["scripts"]


def test_the_entry_points_are_there() -> None:
    """kubectl finds plugins by the names of programs."""
    for name in ("kubectl-rolloutd", "kubectl_complete-rolloutd"):
        module, _, attribute = SCRIPTS[name].partition(":")

        assert callable(getattr(importlib.import_module(module), attribute))


def test_commands_are_offered_with_what_they_do() -> None:
    """Shells show it beside the word; no files."""
    assert offered(["pau"]) == [f"pause\t{COMMANDS['pause'].summary}", ":4"]
    assert len(offered([])) == len(COMMANDS) + 1


def test_options_and_their_values_are_offered() -> None:
    """Of the command that stands before."""
    assert "--reason\tFor the timeline, and for whoever is told." in offered(["pause", "--r"])
    assert offered(["get", "-o", "js"]) == ["json", "jsonl", ":4"]


def test_files_are_left_to_the_shell() -> None:
    """It knows them better."""
    assert offered(["lint", ""])[-1] == ":0"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["pause", "ch"], ["checkout"]),
        (["pause", "shop/"], ["shop/checkout"]),
        (["pause", "x"], []),
    ],
)
async def test_rollouts_are_offered_by_name(
    words: list[str], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the namespace at hand, or with theirs."""
    async with Office().open(checkout()) as office:
        monkeypatch.setenv("ROLLOUTD_SERVER", office.url)
        monkeypatch.setenv("ROLLOUTD_NAMESPACE", "shop")
        found = await asyncio.to_thread(offered, words)

    assert found == [*names, ":4"]


def test_without_a_daemon_nothing_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle of a line would be worse."""
    monkeypatch.setenv("ROLLOUTD_SERVER", "http://127.0.0.1:1")

    assert offered(["pause", ""]) == [":4"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_shells_get_a_script(shell: str) -> None:
    """As they would from any other program."""
    told = await run("", "completion", shell)

    assert told.exit_code == 0
    assert "_ROLLOUTD_COMPLETE" in told.output


@pytest.mark.real
async def test_kubectl_runs_and_completes_it(tmp_path: Path) -> None:
    """By the two programs that the package installs."""
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    if kubectl is None:
        assert not os.environ.get("CI"), "kubectl is missing"
        pytest.skip("there is no kubectl here")
    for name, place in SCRIPTS.items():
        module, _, attribute = place.partition(":")
        script = tmp_path / name
        script.write_text(
            f"#!{sys.executable}\nfrom {module} import {attribute}\n{attribute}()\n"
        )
        script.chmod(0o755)

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        path = f"{tmp_path}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "ROLLOUTD_SERVER": office.url}
        return subprocess.run(
            [kubectl, *arguments], env=env, capture_output=True, text=True, check=False
        )

    async with Office().open(checkout()) as office:
        names = await asyncio.to_thread(ask, "rolloutd", "get", "-A", "-o", "name")
        verbs = await asyncio.to_thread(ask, "__complete", "rolloutd", "resu")
        rollouts = await asyncio.to_thread(ask, "__complete", "rolloutd", "pause", "shop/c")
        wrong = await asyncio.to_thread(ask, "rolloutd", "get", "cart")

    assert names.stdout == "shop/checkout\n"
    assert verbs.stdout.splitlines()[0].startswith("resume\t")
    assert rollouts.stdout.splitlines() == ["shop/checkout", ":4"]
    assert wrong.returncode == 1
    assert "There is no plan for default/cart" in wrong.stderr
