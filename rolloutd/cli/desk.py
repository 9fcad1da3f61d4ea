"""Options of the operators' API: where it listens, and who gets in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ParamSpec

import click

from rolloutd.settings import (
    ApiSettings,
    KubernetesLogin,
    Login,
    NoLogin,
    ProxyLogin,
    TlsFiles,
    TokenLogin,
)

Options = ParamSpec("Options")

_FILE = click.Path(dir_okay=False, path_type=Path)


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep a value aside: one object of them all is what commands want."""
    ctx.meta.setdefault(__name__, {})[param.name] = value


_kept = partial(click.option, callback=_keep, expose_value=False)

_OPTIONS = (
    _kept("--api-host", default="127.0.0.1", show_default=True, help="Operators' API."),
    _kept("--api-port", default=8080, show_default=True, help="Operators' API."),
    _kept(
        "--api-url",
        envvar="ROLLOUTD_API_URL",
        help="Where other replicas find this one; by default the address it listens on.",
    ),
    _kept(
        "--api-auth",
        type=click.Choice(["none", "token", "kubernetes", "proxy"]),
        help="How callers prove who they are: by default token where --api-tokens is given,"
        " else none, which is for loopback alone.",
    ),
    _kept(
        "--api-tokens",
        type=_FILE,
        envvar="ROLLOUTD_API_TOKENS",
        help="token: file of tokens with their users and roles; followed.",
    ),
    _kept("--api-audience", help="kubernetes: whom a token must be meant for."),
    _kept(
        "--api-proxy-peer",
        "api_proxy_peers",
        multiple=True,
        metavar="CIDR",
        help="proxy: where it connects from; repeatable.",
    ),
    _kept(
        "--api-proxy-user-header",
        default="X-Forwarded-User",
        show_default=True,
        help="proxy: header with the user's name.",
    ),
    _kept(
        "--api-proxy-groups-header",
        default="X-Forwarded-Groups",
        show_default=True,
        help="proxy: header with the groups, separated by commas.",
    ),
    _kept(
        "--api-operators",
        multiple=True,
        metavar="GROUP",
        help="proxy: group that may order; * for everybody; repeatable.",
    ),
    _kept(
        "--api-viewers",
        multiple=True,
        metavar="GROUP",
        help="proxy: group that may look; * for everybody; repeatable.",
    ),
    _kept("--api-tls-cert", type=_FILE, help="Certificate with its chain, PEM; followed."),
    _kept("--api-tls-key", type=_FILE, help="Its key, PEM; followed."),
    _kept(
        "--cluster-name",
        default="",
        envvar="ROLLOUTD_CLUSTER_NAME",
        metavar="NAME",
        help="What people call this cluster; stands on every page.",
    ),
)


def desk_options(command: Callable[Options, None]) -> Callable[Options, None]:
    """Add the options to a command; ``chosen`` says within it what was given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen() -> ApiSettings:
    """Return what was given to the command that runs.

    Raises:
        click.UsageError: The options contradict each other, or something is missing.
    """
    given = click.get_current_context().meta[__name__]
    certificate, key = given["api_tls_cert"], given["api_tls_key"]
    if (certificate is None) != (key is None):
        raise click.UsageError("--api-tls-cert and --api-tls-key: give both")
    return ApiSettings(
        host=given["api_host"],
        port=given["api_port"],
        login=_login(),
        tls=None if certificate is None else TlsFiles(certificate=certificate, key=key),
        advertised=given["api_url"],
        cluster=given["cluster_name"],
    )


def _login() -> Login:
    given = click.get_current_context().meta[__name__]
    tokens: Path | None = given["api_tokens"]
    match given["api_auth"] or ("none" if tokens is None else "token"):
        case "token":
            if tokens is None:
                raise click.UsageError("--api-auth token: give --api-tokens FILE")
            return TokenLogin(file=tokens)
        case "kubernetes":
            return KubernetesLogin(audience=given["api_audience"])
        case "proxy":
            return ProxyLogin(
                peers=given["api_proxy_peers"],
                user_header=given["api_proxy_user_header"],
                groups_header=given["api_proxy_groups_header"],
                operators=given["api_operators"],
                viewers=given["api_viewers"],
            )
        case _ if tokens is not None:
            raise click.UsageError("--api-tokens: nobody would look into that file")
        case _:
            return NoLogin()
