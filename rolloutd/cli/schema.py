"""``rolloutd schema``: what editors need to help with plans."""

from __future__ import annotations

import json

import click

from rolloutd.adapters.plans.schema import schema as plan_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of plans.

    Editors that speak the YAML language server's protocol use it when a plan begins with
    "# yaml-language-server: $schema=" and the place of the schema.
    """
    click.echo(json.dumps(plan_schema(), indent=2))
