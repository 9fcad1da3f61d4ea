"""``rolloutd run``: the daemon."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click
import structlog

from rolloutd.bootstrap import daemon
from rolloutd.bootstrap.seat import MOST_SHARDS
from rolloutd.bootstrap.settling import settle
from rolloutd.cli import config_file, desk
from rolloutd.cli.channels import channel_options, chosen
from rolloutd.errors import RolloutdError
from rolloutd.settings import (
    MeterSettings,
    OpsSettings,
    Settings,
)
from rolloutd.telemetry import logging

log = structlog.get_logger()


@click.command()
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=config_file.read,
    is_eager=True,
    expose_value=False,
    envvar="ROLLOUTD_CONFIG",
    help="YAML file of these options, spelt as here; environment and command line win.",
)
@click.option(
    "--plans",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="ROLLOUTD_PLANS",
    help="Directory of plan files; a mounted ConfigMap is one.",
)
@click.option(
    "--plans-from-cluster",
    is_flag=True,
    envvar="ROLLOUTD_PLANS_FROM_CLUSTER",
    help="Take RolloutPlan objects, too: `rolloutd schema --crd` prints their definition.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="KUBECONFIG",
    help="Credentials; without it, those of the pod we run in.",
)
@click.option("--context", help="Context within the kubeconfig.")
@click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    help="Namespace to watch, repeatable; all when left out, which needs a ClusterRole.",
)
@click.option(
    "--prometheus", envvar="PROMETHEUS_URL", help="Base URL, for plans that ask Prometheus."
)
@click.option(
    "--lease", metavar="NAMESPACE/NAME", help="Lease that several replicas compete for."
)
@click.option(
    "--shards",
    type=click.IntRange(1, MOST_SHARDS),
    default=1,
    show_default=True,
    help="Parts that the namespaces are shared out into, with a lease and a leader each.",
)
@channel_options
@desk.desk_options
@click.option(
    "--audit-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ROLLOUTD_AUDIT_FILE",
    help="Where every order and transition is written down, hash-chained; see `audit verify`.",
)
@click.option("--ops-host", default="127.0.0.1", show_default=True, help="Probes and metrics.")
@click.option("--ops-port", default=9090, show_default=True, help="Probes and metrics.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "json", "console"]),
    default="auto",
    show_default=True,
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
def run(  # noqa: PLR0913 - one parameter an option
    *,
    plans: Path | None,
    plans_from_cluster: bool,
    kubeconfig: Path | None,
    context: str | None,
    namespaces: tuple[str, ...],
    prometheus: str | None,
    lease: str | None,
    shards: int,
    audit_file: Path | None,
    ops_host: str,
    ops_port: int,
    log_format: str,
    log_level: str,
) -> None:
    """Carry out plans until told to stop (SIGTERM, SIGINT)."""
    if plans is None and not plans_from_cluster:
        raise click.UsageError("no plans: give --plans DIR, --plans-from-cluster, or both")
    settings = Settings(
        plans=plans,
        plans_from_cluster=plans_from_cluster,
        kubeconfig=kubeconfig,
        context=context,
        namespaces=namespaces,
        lease=lease,
        shards=shards,
        audit_file=audit_file,
        log_format=log_format,
        log_level=log_level,
        ops=OpsSettings(host=ops_host, port=ops_port),
        api=desk.chosen(),
        meter=MeterSettings(prometheus=prometheus),
        notify=chosen(),
    )
    logging.configure(form=log_format, level=log_level)
    try:
        asyncio.run(_serve(settings))
    except RolloutdError as error:
        log.error("cannot_start", error=str(error))  # noqa: TRY400 - a sentence, not a trace
        sys.exit(1)


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with daemon(settings) as running:
        log.info(
            "started",
            api=running.api_url,
            ops=running.ops_url,
            plans=str(settings.plans or "in the cluster"),
        )
        await settle(stop, running.clock)
        await stop.wait()
        log.info("stopping")
