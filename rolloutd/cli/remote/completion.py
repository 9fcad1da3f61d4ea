"""``rolloutd completion``: what a shell needs to complete by Tab."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell, to be sourced.

    \b
    bash:  rolloutd completion bash > ~/.local/share/bash-completion/completions/rolloutd
    zsh:   rolloutd completion zsh > "${fpath[1]}/_rolloutd"
    fish:  rolloutd completion fish > ~/.config/fish/completions/rolloutd.fish

    `kubectl rolloutd` completes by itself: kubectl asks kubectl_complete-rolloutd.
    """  # noqa: D301 - click's mark for lines that stay as they are
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    script = kind(ctx.find_root().command, {}, "rolloutd", "_ROLLOUTD_COMPLETE")
    click.echo(script.source())
