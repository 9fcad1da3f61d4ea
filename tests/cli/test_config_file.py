"""The daemon's options from a file."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rolloutd.cli import config_file
from rolloutd.cli.run import run

EXAMPLE = Path(__file__).parents[2] / "config" / "settings" / "rolloutd.yaml"


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=config_file.read,
    is_eager=True,
    expose_value=False,
)
@click.option("--ops-port", default=1, envvar="A_TEST_OPS_PORT")
@click.option("-n", "--namespace", "namespaces", multiple=True)
def show(ops_port: int, namespaces: tuple[str, ...]) -> None:
    click.echo(f"{ops_port} {list(namespaces)}")


def shown(tmp_path: Path, text: str, *args: str, port: str | None = None) -> str:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    environment = {} if port is None else {"A_TEST_OPS_PORT": port}
    return CliRunner().invoke(show, ["--config", str(path), *args], env=environment).output


def test_options_are_spelt_as_on_the_command_line(tmp_path: Path) -> None:
    """Nothing new to learn."""
    assert shown(tmp_path, "ops-port: 7\nnamespace: [a, b]\n") == "7 ['a', 'b']\n"


def test_environment_and_command_line_win(tmp_path: Path) -> None:
    """In this order."""
    assert shown(tmp_path, "ops-port: 7\n", port="8") == "8 []\n"
    assert shown(tmp_path, "ops-port: 7\n", "--ops-port", "9", port="8") == "9 []\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ops-prot: 7\n", "did you mean 'ops-port'?"),
        ("xyz: 7\n", "there are ops-port, namespace"),
        ("- 7\n", "expected options and their values"),
        ("a: [\n", "settings.yaml"),
    ],
    ids=["misspelt", "unknown", "no mapping", "no YAML"],
)
def test_a_file_that_is_not_usable_says_why(tmp_path: Path, text: str, words: str) -> None:
    """A daemon that starts with half its settings is worse than one that does not start."""
    told = " ".join(shown(tmp_path, text).replace("\u2502", " ").split())

    assert words in told


def test_without_a_file_the_defaults_stand() -> None:
    """It is optional."""
    assert CliRunner().invoke(show, []).output == "1 []\n"


def test_the_example_names_options_that_there_are() -> None:
    """The directory that it names is not there, and that alone is complained of."""
    result = CliRunner().invoke(run, ["--config", str(EXAMPLE)])

    assert result.exit_code == 2
    assert "/etc/rolloutd/plans" in result.output
