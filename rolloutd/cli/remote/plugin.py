"""As ``kubectl rolloutd``: the same commands, and completion in kubectl's protocol."""

from __future__ import annotations

import sys

import click
from click.shell_completion import ShellComplete

from rolloutd.cli import main

NO_FILES = ":4"
"""Directive: offer no files besides."""

FILES = ":0"
"""Directive: offer files where we have nothing."""


def kubectl() -> None:
    """Entry point of ``kubectl-rolloutd``, which kubectl runs for ``kubectl rolloutd``."""
    main(prog_name="kubectl rolloutd")


def kubectl_complete() -> None:
    """Entry point of ``kubectl_complete-rolloutd``: offer a word a line, then a directive."""
    click.echo("\n".join(offered(sys.argv[1:])))


def offered(words: list[str]) -> list[str]:
    """Return what kubectl is told for a line of words whose last one is not finished."""
    *before, incomplete = words or [""]
    shell = ShellComplete(main, {}, "kubectl rolloutd", "")
    found = shell.get_completions(before, incomplete)
    lines = [
        f"{item.value}\t{item.help}" if item.help else item.value
        for item in found
        if item.type == "plain"
    ]
    files = any(item.type in {"file", "dir"} for item in found)
    return [*lines, FILES if files else NO_FILES]
