"""Options that say where people are told, the same for every command."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rolloutd.cli import config_file
from rolloutd.cli.channels import channel_options, chosen
from rolloutd.settings import LinkSettings, NotifySettings, SlackBotSettings


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=config_file.read,
    is_eager=True,
    expose_value=False,
)
@channel_options
def show() -> None:
    click.echo(repr(chosen()))


def shown(*args: str, **environment: str) -> str:
    result = CliRunner().invoke(show, args, env=environment)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_without_options_nobody_is_told() -> None:
    """The log and the cluster's Events need none."""
    assert shown() == repr(NotifySettings())


def test_every_channel_can_be_chosen() -> None:
    """And every link that messages have."""
    given = shown(
        *("--slack-url-file", "/s/url", "--slack-mention", "S01"),
        *("--webhook-url", "https://w", "--webhook-secret-file", "/s/secret"),
        *(
            "--page-url",
            "https://p",
            "--grafana-url",
            "https://g",
            "--runbook-url",
            "https://r",
        ),
    )

    assert given == repr(
        NotifySettings(
            slack_url_file=Path("/s/url"),
            slack_mention="S01",
            webhook_url="https://w",
            webhook_secret_file=Path("/s/secret"),
            links=LinkSettings(page="https://p", grafana="https://g", runbook="https://r"),
        )
    )


@pytest.mark.parametrize(
    ("more", "api"),
    [
        ((), "https://slack.com/api"),
        (("--slack-api", "https://slack-gov.com/api"), "https://slack-gov.com/api"),
    ],
)
def test_a_bot_writes_to_a_channel(more: tuple[str, ...], api: str) -> None:
    """At Slack's usual address unless told otherwise."""
    given = shown("--slack-token-file", "/s/token", "--slack-channel", "#shop", *more)

    bot = SlackBotSettings(token_file=Path("/s/token"), channel="#shop", api=api)
    assert given == repr(NotifySettings(slack_bot=bot))


def test_a_bot_without_a_channel_is_a_usage_error() -> None:
    """It would start, and tell nobody."""
    result = CliRunner().invoke(show, ["--slack-token-file", "/s/token"])

    assert result.exit_code == 2
    assert "--slack-channel" in result.output


def test_environment_and_file_choose_channels_too(tmp_path: Path) -> None:
    """A Deployment sets them there."""
    file = tmp_path / "rolloutd.yaml"
    file.write_text("webhook-url: https://from-file\n")

    given = shown("--config", str(file), ROLLOUTD_SLACK_URL_FILE="/s/url")

    settings = NotifySettings(slack_url_file=Path("/s/url"), webhook_url="https://from-file")
    assert given == repr(settings)


@pytest.mark.parametrize(
    ("option", "needs"),
    [
        ("--slack-channel", "--slack-token-file"),
        ("--slack-api", "--slack-token-file"),
        ("--webhook-secret-file", "--webhook-url"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(option: str, needs: str) -> None:
    """Whoever names a channel, and no token, would wait for messages in vain."""
    result = CliRunner().invoke(show, [option, "x"])

    assert result.exit_code == 2
    assert f"{option} does nothing without {needs}" in result.output
