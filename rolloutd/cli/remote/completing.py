"""What Tab offers."""

from __future__ import annotations

from typing import Final

import click

PHASES: Final = ("waiting", "progressing", "paused", "promoted", "rolledBack", "aborted")
"""As spelt on the wire."""


def rollouts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Offer the rollouts of the daemon that the line names so far; none while it is away."""
    del param
    from rolloutd.cli.remote.options import connected, namespace_of  # noqa: PLC0415 - a cycle

    whole = "/" in incomplete
    try:
        with ctx.scope(cleanup=False), connected() as client:
            items = client.rollouts(None if whole else namespace_of(client)).items
    except click.ClickException:
        # Nobody wants to read of it in the middle of a line.
        return []
    names = [f"{item.namespace}/{item.name}" if whole else item.name for item in items]
    return [name for name in names if name.startswith(incomplete)]
