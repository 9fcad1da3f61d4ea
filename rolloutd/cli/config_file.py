"""Options from a file: ``--config FILE``, below the environment and the command line."""

from __future__ import annotations

import difflib
from pathlib import Path

import click
import yaml


def read(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Take a YAML mapping of option names, spelt as on the command line, as defaults.

    Raises:
        click.BadParameter: It is not such a mapping; the message names what is wrong.
    """
    if path is None:
        return None
    try:
        form: object = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise click.BadParameter(f"{path}: {error}", ctx, param) from error
    if not isinstance(form, dict):
        wanted = f"{path}: expected options and their values, such as 'ops-port: 9090'"
        raise click.BadParameter(wanted, ctx, param)
    names = _names(ctx.command, param)
    for key in form:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
            raise click.BadParameter(f"{path}: unknown option {key!r}; {hint}", ctx, param)
    ctx.default_map = {names[key]: value for key, value in form.items()}
    return path


def _names(command: click.Command, ourselves: click.Parameter) -> dict[str, str]:
    """Return parameter names by the long spelling of their option."""
    return {
        max(option.opts, key=len).removeprefix("--"): option.name
        for option in command.params
        if isinstance(option, click.Option) and option is not ourselves and option.name
    }
