"""``rolloutd report``: the command."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

import click
from pydantic import ValidationError

from rolloutd.api.control.run_models import RunForm, Runs
from rolloutd.cli.remote.client import ROLLOUTS, Client, Named
from rolloutd.cli.remote.options import connected, named, remote_options
from rolloutd.cli.report.markdown import markdown
from rolloutd.cli.report.page import page
from rolloutd.errors import Refused, Unavailable

WRITERS: Final = {"markdown": markdown, "html": page}


@click.command()
@click.argument("name", required=False)
@click.option("--last", is_flag=True, help="The last run that is over; so it is by default.")
@click.option("--run", "number", type=click.IntRange(min=1), help="This run.")
@click.option(
    "--file",
    "source",
    type=click.File("rb"),
    help="Take the run from a file, as the API gives it (.../runs/N), and ask nobody.",
)
@click.option(
    "-o",
    "--output-format",
    "form",
    type=click.Choice(list(WRITERS)),
    default="markdown",
    show_default=True,
)
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write to this file instead of standard output.",
)
@remote_options
def report(  # noqa: PLR0913 - one parameter an option
    *,
    name: str | None,
    last: bool,
    number: int | None,
    source: BinaryIO | None,
    form: str,
    target: Path | None,
) -> None:
    """Write down a run of NAME that is over: what happened, why, and who did what.

    HTML is one file with charts that needs nothing else; Markdown is for tickets that take
    no files. The daemon keeps the last twenty runs of each rollout.
    """
    if last and number is not None:
        raise click.UsageError("--last and --run say two things")
    if (name is None) == (source is None):
        raise click.UsageError("give the NAME of a rollout, or --file RUN.json")
    text = WRITERS[form](_run(name, number, source))
    if target is None:
        click.echo(text, nl=False)
    else:
        target.write_text(text, encoding="utf-8")
        click.echo(f"written: {target}", err=True)


def _run(name: str | None, number: int | None, source: BinaryIO | None) -> RunForm:
    if source is not None:
        try:
            return RunForm.model_validate_json(source.read())
        except ValidationError as error:
            raise click.ClickException(f"{source.name}: no run: {_first(error)}") from error
    with connected() as client:
        return _asked(client, named(client, name or ""), number)


def _asked(client: Client, rollout: Named, number: int | None) -> RunForm:
    """Return a run that the daemon keeps; ``None`` for the last.

    Raises:
        Unavailable: No answer that makes sense.
        Refused: The daemon said no, or keeps no run.
    """
    place = (quote(part, safe="") for part in rollout)
    path = f"{ROLLOUTS}/{'/'.join(place)}/runs"
    try:
        if number is None:
            kept = Runs.model_validate(client.link.ask("GET", path).form).items
            if not kept:
                raise Refused(f"No run of {rollout} is over and kept.")
            number = kept[0].run
        return RunForm.model_validate(client.link.ask("GET", f"{path}/{number}").form)
    except ValidationError as error:
        raise Unavailable(f"The answer is no run: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{'.'.join(str(part) for part in fault['loc']) or 'it'}: {fault['msg']}"
