"""What messages tell people to type can be typed."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from rolloutd.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(?:kubectl )?rolloutd ([a-z][^`\n]*)`")
"""A command between backticks, as messages, help and documents write them."""

TYPED = re.compile(r"^(?:kubectl )?rolloutd ([a-z].*)$", re.MULTILINE)
"""A command on a line of its own, in a block of a document."""

PLACES = {"{named.options}": "checkout -n shop", "{which.options}": "checkout -n shop"}
"""What is filled in, by how it is spelt in messages."""


def commands() -> list[tuple[str, str]]:
    """Return every command that is named, with the file that names it."""
    found = []
    for path in sorted((ROOT / "rolloutd").rglob("*.py")):
        found += [(path, words) for words in NAMED.findall(path.read_text())]
    for path in (ROOT / "docs/cli.md", ROOT / "docs/runbook.md"):
        text = path.read_text()
        found += [(path, words) for words in NAMED.findall(text) + TYPED.findall(text)]
    return sorted({(str(path.relative_to(ROOT)), words) for path, words in found})


@pytest.mark.parametrize(("path", "words"), commands())
def test_a_command_that_is_named_exists_with_its_arguments(path: str, words: str) -> None:
    """Whoever copies it at night must not be told that there is no such thing."""
    for place, example in PLACES.items():
        words = words.replace(place, example)
    name, *arguments = shlex.split(words, comments=True)
    assert name in COMMANDS, path
    context = click.Context(main)
    command = main.get_command(context, name)
    while isinstance(command, click.Group) and arguments:
        command = command.get_command(context, arguments.pop(0))
    assert command is not None, path

    takes_names = any(isinstance(each, click.Argument) for each in command.params)
    if arguments or not (takes_names or isinstance(command, click.Group)):
        # A file that is only an example; an option without its value; `--help`.
        fine = (click.BadParameter, click.BadOptionUsage, click.exceptions.Exit)
        with contextlib.suppress(*fine):
            command.make_context(name, arguments)
