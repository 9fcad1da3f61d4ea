"""``rolloutd get``: where rollouts stand."""

from __future__ import annotations

import click

from rolloutd.cli.remote.client import Client
from rolloutd.cli.remote.completing import PHASES, rollouts
from rolloutd.cli.remote.fields import Fields
from rolloutd.cli.remote.formats import FORMATS, as_lines, for_programs
from rolloutd.cli.remote.link import Answer
from rolloutd.cli.remote.options import connected, named, namespace_of, remote_options
from rolloutd.cli.remote.summary import Listing, Summary, read_summary
from rolloutd.cli.remote.table import table


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=rollouts)
@click.option("-A", "--all-namespaces", is_flag=True, help="Of every namespace.")
@click.option("--phase", type=click.Choice(PHASES), help="Only in this phase.")
@click.option("-o", "--output", type=click.Choice(FORMATS), default="table", show_default=True)
@remote_options
def get(
    names: tuple[str, ...], *, all_namespaces: bool, phase: str | None, output: str
) -> None:
    """Show where rollouts stand: all of a namespace, or those that are named.

    NAME may be NAMESPACE/NAME. NEXT says when the next step is due, and whether something
    blocks it: `describe` and `explain` tell what. STEP counts from 1; `step` in -o json counts
    from 0, as --expected-step does.
    """
    if names and (all_namespaces or phase):
        raise click.UsageError("NAME does not go with -A or --phase.")
    with connected() as client:
        if names:
            found = [client.form(named(client, name)) for name in names]
            click.echo(_some(found, output))
        else:
            namespace = None if all_namespaces else namespace_of(client)
            _show(client, namespace, phase, output)


def _show(client: Client, namespace: str | None, phase: str | None, output: str) -> None:
    listing = client.rollouts(namespace, phase)
    for trouble in (*listing.complaints, listing.trouble):
        if trouble:
            click.echo(f"Warning: {trouble}", err=True)
    if not listing.items and output in {"table", "wide"}:
        which = "No rollouts" if phase is None else f"No rollout is {phase}"
        where = "" if namespace is None else f" in namespace {namespace}; -A shows all"
        click.echo(f"{which}{where}.", err=True)
    elif text := _all(listing, output, namespaces=namespace is None):
        click.echo(text)


def _all(listing: Listing, output: str, *, namespaces: bool) -> str:
    items = listing.items
    match output:
        case "json" | "yaml":
            return for_programs(listing.form, output)
        case "jsonl":
            form = listing.form
            return as_lines(form["items"] if isinstance(form, dict) else [])
        case "name":
            return "\n".join(f"{item.namespace}/{item.name}" for item in items)
        case _:
            wide = output == "wide"
            return "\n".join(table(items, listing.told, namespaces=namespaces, wide=wide))


def _some(found: list[Answer], output: str) -> str:
    forms = [each.form for each in found]
    match output:
        case "json" | "yaml" if len(found) == 1:
            return for_programs(forms[0], output)
        case "json" | "yaml":
            return for_programs({"items": forms}, output)
        case "jsonl":
            return as_lines(forms)
        case _:
            items = [read_summary(Fields(form)) for form in forms]
            return _lines(items, found[0], output)


def _lines(items: list[Summary], answer: Answer, output: str) -> str:
    if output == "name":
        return "\n".join(f"{item.namespace}/{item.name}" for item in items)
    apart = len({item.namespace for item in items}) > 1
    wide = output == "wide"
    return "\n".join(table(items, answer.told, namespaces=apart, wide=wide))
