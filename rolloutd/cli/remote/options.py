"""Options that say which daemon is meant; all commands that ask one share them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec

import click

from rolloutd.cli.remote.client import Client, Named
from rolloutd.cli.remote.link import Link, Place, Trust
from rolloutd.cli.remote.place import Address, is_address
from rolloutd.core.units import Seconds
from rolloutd.errors import RolloutdError

Options = ParamSpec("Options")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

KILLED: Final = 128
"""Exit codes of a program that a signal ended begin here."""


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep a value aside: one object of them all is what commands want."""
    ctx.meta.setdefault(__name__, {})[param.name] = value


def _keep_address(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None and not is_address(value):
        wanted = f"{value!r} is not http(s)://HOST[:PORT], such as http://127.0.0.1:8080"
        raise click.BadParameter(wanted, ctx, param)
    _keep(ctx, param, value)


def _keep_service(ctx: click.Context, param: click.Parameter, value: str) -> None:
    if len([part for part in value.split("/") if part]) != 2 or value.count("/") != 1:
        raise click.BadParameter(f"{value!r} is not NAMESPACE/NAME", ctx, param)
    _keep(ctx, param, value)


_kept = partial(click.option, callback=_keep, expose_value=False)

_OPTIONS = (
    _kept(
        "-n",
        "--namespace",
        envvar="ROLLOUTD_NAMESPACE",
        help="Namespace of the rollout; by default that of the kubeconfig's context.",
    ),
    click.option(
        "--server",
        metavar="URL",
        envvar="ROLLOUTD_SERVER",
        callback=_keep_address,
        expose_value=False,
        help="The daemon's API; without it, kubectl forwards a port to it.",
    ),
    _kept(
        "--token-file",
        type=_FILE,
        envvar="ROLLOUTD_TOKEN_FILE",
        help="File with the token that proves who you are.",
    ),
    _kept(
        "--ca-file",
        type=_FILE,
        envvar="ROLLOUTD_CA_FILE",
        help="PEM file of who signed the API's certificate, where the system does not know.",
    ),
    _kept("--kubeconfig", type=_FILE, help="For kubectl; by default what it takes itself."),
    _kept("--context", help="Context within the kubeconfig."),
    click.option(
        "--service",
        metavar="NAMESPACE/NAME",
        envvar="ROLLOUTD_SERVICE",
        default="rolloutd/rolloutd",
        show_default=True,
        callback=_keep_service,
        expose_value=False,
        help="The daemon's Service, for kubectl.",
    ),
)


def remote_options(command: Callable[Options, None]) -> Callable[Options, None]:
    """Add the options to a command; ``connected`` gives it its client."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def connected() -> Iterator[Client]:
    """Give the command that runs its client; what goes wrong with it ends the command.

    Raises:
        click.ClickException: One sentence, for standard error; exit code 1.
    """
    place = _place()
    try:
        yield Client(Link(place, _trust(), os.environ), rest)
    except RolloutdError as error:
        raise click.ClickException(str(error)) from error
    finally:
        place.close()


def named(client: Client, name: str) -> Named:
    """Say which rollout is meant by ``NAME`` or ``NAMESPACE/NAME``."""
    namespace, slash, rest_of_it = name.partition("/")
    return Named(namespace, rest_of_it) if slash else Named(namespace_of(client), name)


def namespace_of(client: Client) -> str:
    """Return the namespace that was given, or else the one that is usual there."""
    given: str | None = _given()["namespace"]
    return given or client.link.place.namespace()


def rest(duration: Seconds) -> None:
    """Wait."""
    threading.Event().wait(duration)


def _given() -> dict[str, str | None]:
    given: dict[str, str | None] = click.get_current_context().meta[__name__]
    return given


def _trust() -> Trust:
    meta = click.get_current_context().meta[__name__]
    return Trust(token_file=meta["token_file"], authority=meta["ca_file"])


def _place() -> Place:
    given = _given()
    server = given["server"]
    if server is not None:
        return Address(server)
    from rolloutd.cli.remote.forward import Cluster, Forward  # noqa: PLC0415 - 20 ms, for kubectl alone

    _end_child_with_us()
    namespace, _, service = str(given["service"]).partition("/")
    chosen = [f"--{name}={given[name]}" for name in ("kubeconfig", "context") if given[name]]
    cluster = Cluster(kubectl=["kubectl", *chosen], namespace=namespace, service=service)
    return Forward(cluster, rest)


def _end_child_with_us() -> None:
    """Take leave in order when a pipeline stops us: kubectl would stay behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(KILLED + number))
