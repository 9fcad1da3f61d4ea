"""``rolloutd demo``: the story of data-product, v3 to v4, by the real daemon."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import click
import orjson
from rich.console import Console

from rolloutd.adapters.clock import SystemClock
from rolloutd.bootstrap import Daemon, daemon
from rolloutd.cli.storyteller import Storyteller
from rolloutd.core.plan import Key
from rolloutd.core.state import Phase, Record
from rolloutd.core.units import Percent, Seconds
from rolloutd.engine.view import View
from rolloutd.errors import RolloutdError
from rolloutd.sandbox.cluster import Sandbox, sandbox
from rolloutd.sandbox.script import FAULTS, Script
from rolloutd.sandbox.stage import Stage
from rolloutd.settings import ApiSettings, OpsSettings, Settings
from rolloutd.telemetry import logging

STORY = Key("default", "data-product")

AFTERMATH = Seconds(1.5)
"""How long the load goes on after the end, to see where the last calls went."""

EXITS = {Phase.PROMOTED: 0, Phase.ROLLED_BACK: 3, Phase.ABORTED: 3}
"""Exit codes by how the run ended; anything else is 1."""


def breakage_of(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[str, Percent] | None:
    """Read ``KIND@WEIGHT``, such as ``errors@25``."""
    if value is None:
        return None
    kind, _, weight = value.partition("@")
    if kind not in FAULTS or not weight.isdigit() or not 1 <= int(weight) <= 100:
        kinds = "|".join(FAULTS)
        wanted = f"{value!r} is not ({kinds})@WEIGHT, such as errors@25"
        raise click.BadParameter(wanted, ctx, param)
    return kind, Percent(int(weight))


def span_of(ctx: click.Context, param: click.Parameter, value: str) -> Seconds:
    """Read a short time: ``5s``, ``500ms``, ``1m``."""
    for suffix, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
        number = value.removesuffix(suffix)
        if number != value and number.replace(".", "", 1).isdigit():
            return Seconds(float(number) * factor)
    wanted = f"{value!r} is not a time such as 5s, 500ms or 1m"
    raise click.BadParameter(wanted, ctx, param)


@click.command()
@click.option(
    "--break",
    "breakage",
    callback=breakage_of,
    metavar="KIND@WEIGHT",
    help=f"Break v4 once it has this weight: {'|'.join(FAULTS)}.",
)
@click.option("--incident", is_flag=True, help="Hurt both versions alike for a while.")
@click.option("--rps", default=50.0, show_default=True, help="Calls per second.")
@click.option("--pace", callback=span_of, default="8s", show_default=True, help="Every hold.")
@click.option(
    "--interval", callback=span_of, default="1s", show_default=True, help="Between looks."
)
@click.option("--seed", default=1, show_default=True, help="Of everything that is chance.")
@click.option("--no-ui", is_flag=True, help="Lines instead of a live screen.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
@click.option("--serve", is_flag=True, help="Keep the sandbox up until Ctrl-C.")
def demo(  # noqa: PLR0913 - one parameter an option
    *,
    breakage: tuple[str, Percent] | None,
    incident: bool,
    rps: float,
    pace: Seconds,
    interval: Seconds,
    seed: int,
    no_ui: bool,
    output: str,
    serve: bool,
) -> None:
    """Show a whole rollout on this machine: no cluster needed.

    A small Kubernetes API, a real Envoy and gRPC services are started on loopback, and the
    real daemon moves their traffic from v3 to v4. Exits 0 when v4 was promoted, 3 when it was
    rolled back.
    """
    script = Script(
        breakage=breakage,
        incident=incident,
        rps=rps,
        pace=pace,
        interval=interval,
        seed=seed,
    )
    console = Console(stderr=output == "json")
    live = console.is_terminal and not no_ui and output == "text"
    logging.configure(form="auto", level="error" if live else "warning")
    try:
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            sys.exit(asyncio.run(_tell(script, console, live=live, output=output, serve=serve)))
    except RolloutdError as error:
        raise click.ClickException(str(error)) from error


async def _tell(
    script: Script, console: Console, *, live: bool, output: str, serve: bool
) -> int:
    _leave_in_order()
    clock = SystemClock()
    teller = Storyteller(console, clock, live=live)
    with tempfile.TemporaryDirectory(prefix="rolloutd-demo-") as folder:
        async with sandbox(script, clock, Path(folder)) as world:
            teller.show_balance(await world.traffic.show_balance())
            stage = Stage(script, world.traffic, clock)
            record = await _play(world, stage, teller, serve=serve)
            weights = await world.weights()
            result = stage.result(record.phase, weights, world.cluster.writes())
    if output == "json":
        sys.stdout.buffer.write(orjson.dumps(result) + b"\n")
    else:
        teller.show_result(result)
    return EXITS.get(record.phase, 1)


def _leave_in_order() -> None:
    """Take SIGTERM as Ctrl-C is taken: Envoy is stopped and our files are removed."""
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)


async def _play(world: Sandbox, stage: Stage, teller: Storyteller, *, serve: bool) -> Record:
    here = world.cluster
    settings = Settings(
        plans=here.plans,
        kubeconfig=here.kubeconfig,
        ops=OpsSettings(port=0),
        api=ApiSettings(port=0),
    )
    async with daemon(settings, herald=stage) as running, asyncio.TaskGroup() as group:

        def view() -> View | None:
            rollout = running.fleet.get(STORY)
            return None if rollout is None else rollout.view

        load = group.create_task(world.traffic.run(), name="load")
        faults = group.create_task(stage.direct(lambda: _desired(view())), name="faults")
        if serve:
            teller.show_addresses(_addresses(world, running))
        record = await teller.follow(view)
        if serve:
            await asyncio.Event().wait()
        # Calls under way when the decision fell must come back to be counted.
        await running.clock.sleep(AFTERMATH)
        load.cancel()
        faults.cancel()
    return record


def _addresses(world: Sandbox, running: Daemon) -> dict[str, str]:
    kubectl = f"kubectl --kubeconfig {world.cluster.kubeconfig}"
    one = f"{STORY.name} -n {STORY.namespace} --server {running.api_url}"
    path = f"{running.api_url}/api/v1/rollouts/{STORY.namespace}/{STORY.name}"
    # After `make demo` the program is on nobody's path.
    program = "rolloutd" if shutil.which("rolloutd") else f"{sys.executable} -m rolloutd"
    return {
        "the dashboard": f"{running.api_url}/",
        "by command": f"{program} pause {one} --reason 'a look'",
        "by curl": f"curl -X POST {path}/rollback",
        "the cluster": f"{kubectl} get virtualservices -w",
        "the plan": str(world.cluster.plans / "data-product.yaml"),
        "metrics": f"{running.ops_url}/metrics",
        "Envoy": world.traffic.stats_url,
    }


def _desired(view: View | None) -> Percent | None:
    return None if view is None else view.desired
