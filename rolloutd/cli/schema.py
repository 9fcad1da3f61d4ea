"""``rolloutd schema``: the form of plans, for editors and for people."""

from __future__ import annotations

import json

import click
import yaml

from rolloutd.adapters.plans.crd.definition import definition
from rolloutd.adapters.plans.reference import reference
from rolloutd.adapters.plans.schema import schema as plan_schema


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="JSON Schema for editors, or tables of every field for people.",
)
@click.option("--crd", is_flag=True, help="The CustomResourceDefinition, as YAML.")
def schema(*, output: str, crd: bool) -> None:
    """Print the form of plans.

    Editors with a YAML language server complete, explain and check a plan that begins with
    "# yaml-language-server: $schema=" and the place of the JSON Schema.
    """
    if crd:
        click.echo(yaml.safe_dump(definition(), sort_keys=False, width=96), nl=False)
    elif output == "markdown":
        click.echo(reference(), nl=False)
    else:
        click.echo(json.dumps(plan_schema(), indent=2))
