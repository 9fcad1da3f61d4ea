"""Options that say where people are told; the daemon and ``notify test`` share them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import click

from rolloutd.settings import LinkSettings, NotifySettings, SlackBotSettings

_FILE = click.Path(dir_okay=False, path_type=Path)

Options = ParamSpec("Options")


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep a value aside: one object of them all is what commands want."""
    ctx.meta[f"{__name__}.{param.name}"] = value


_OPTIONS = (
    click.option(
        "--slack-url-file",
        type=_FILE,
        envvar="ROLLOUTD_SLACK_URL_FILE",
        help="File with the URL of a Slack incoming webhook; read anew for every message.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--slack-token-file",
        type=_FILE,
        envvar="ROLLOUTD_SLACK_TOKEN_FILE",
        help="File with a Slack bot's token, in place of a webhook: one message a run.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--slack-channel",
        envvar="ROLLOUTD_SLACK_CHANNEL",
        help="Channel that the bot writes to.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--slack-mention",
        envvar="ROLLOUTD_SLACK_MENTION",
        default="",
        metavar="ID",
        help="User group (S0123...) to be called when traffic was taken back.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--slack-api",
        envvar="ROLLOUTD_SLACK_API",
        help="Base URL of the Web API, where it is not Slack's usual one.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--webhook-url",
        envvar="ROLLOUTD_WEBHOOK_URL",
        help="Receiver of CloudEvents 1.0.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--webhook-secret-file",
        type=_FILE,
        envvar="ROLLOUTD_WEBHOOK_SECRET_FILE",
        help="File with the secret that signs those events (Standard Webhooks).",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--page-url",
        envvar="ROLLOUTD_PAGE_URL",
        help="Where people reach the daemon's pages; messages link to it.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--grafana-url",
        envvar="ROLLOUTD_GRAFANA_URL",
        help="Grafana that has our dashboard; messages link to it.",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "--runbook-url",
        envvar="ROLLOUTD_RUNBOOK_URL",
        help="The runbook as people read it; messages link to its sections.",
        callback=_keep,
        expose_value=False,
    ),
)


def channel_options(command: Callable[Options, None]) -> Callable[Options, None]:
    """Add the options to a command; ``chosen`` says within it what was given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen() -> NotifySettings:
    """Return what was given to the command that runs.

    Raises:
        click.UsageError: The options contradict each other.
    """
    meta = click.get_current_context().meta
    given = {name.rpartition(".")[2]: value for name, value in meta.items()}
    if given["webhook_url"] is None:
        secret = ("--webhook-secret-file", given["webhook_secret_file"])
        _refuse_without("--webhook-url", secret)
    return NotifySettings(
        slack_url_file=given["slack_url_file"],
        slack_bot=_bot(given["slack_token_file"], given["slack_channel"], given["slack_api"]),
        slack_mention=given["slack_mention"],
        webhook_url=given["webhook_url"],
        webhook_secret_file=given["webhook_secret_file"],
        links=LinkSettings(
            page=given["page_url"], grafana=given["grafana_url"], runbook=given["runbook_url"]
        ),
    )


def _bot(
    token_file: Path | None, channel: str | None, api: str | None
) -> SlackBotSettings | None:
    if token_file is None:
        _refuse_without(
            "--slack-token-file", ("--slack-channel", channel), ("--slack-api", api)
        )
        return None
    if channel is None:
        raise click.UsageError("--slack-token-file: say where to write by --slack-channel.")
    if api is None:
        return SlackBotSettings(token_file=token_file, channel=channel)
    return SlackBotSettings(token_file=token_file, channel=channel, api=api)


def _refuse_without(needed: str, *options: tuple[str, object]) -> None:
    """Refuse what would be ignored: who gave it counts on hearing from us."""
    for name, value in options:
        if value is not None:
            raise click.UsageError(f"{name} does nothing without {needed}.")
