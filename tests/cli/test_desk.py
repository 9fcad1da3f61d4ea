"""The options that say who gets in."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rolloutd.cli.desk import chosen, desk_options
from rolloutd.settings import (
    ApiSettings,
    KubernetesLogin,
    NoLogin,
    ProxyLogin,
    TlsFiles,
    TokenLogin,
)


def settings(*options: str) -> ApiSettings | str:
    """Return what options mean; or the words of their refusal."""
    found: list[ApiSettings] = []

    @click.command()
    @desk_options
    def command() -> None:
        found.append(chosen())

    result = CliRunner().invoke(command, options)
    return found[0] if result.exit_code == 0 else result.output


def test_without_a_word_it_is_loopback_without_a_login() -> None:
    """What a first try on a laptop needs, and nobody else can reach."""
    assert settings() == ApiSettings(host="127.0.0.1", port=8080, login=NoLogin())


def test_a_file_of_tokens_is_reason_enough_to_ask_for_them() -> None:
    """No second option to forget."""
    found = settings("--api-tokens", "tokens.yaml", "--api-host", "0.0.0.0")  # noqa: S104

    assert isinstance(found, ApiSettings)
    assert found.login == TokenLogin(file=Path("tokens.yaml"))


def test_kubernetes_may_want_tokens_that_are_meant_for_us() -> None:
    """A token for us alone opens nothing else."""
    found = settings("--api-auth", "kubernetes", "--api-audience", "rolloutd")

    assert isinstance(found, ApiSettings)
    assert found.login == KubernetesLogin(audience="rolloutd")


def test_a_proxy_is_trusted_from_where_it_is_said_to_be() -> None:
    """Its headers are ours to name."""
    found = settings(
        *("--api-auth", "proxy", "--api-proxy-peer", "10.0.0.7", "--api-operators", "sre"),
        *("--api-operators", "admins", "--api-viewers", "*"),
        *("--api-proxy-user-header", "X-User", "--api-proxy-groups-header", "X-Groups"),
    )

    assert isinstance(found, ApiSettings)
    assert found.login == ProxyLogin(
        peers=("10.0.0.7",),
        user_header="X-User",
        groups_header="X-Groups",
        operators=("sre", "admins"),
        viewers=("*",),
    )


def test_tls_takes_both_of_its_files() -> None:
    """And the address at which others find us goes with it."""
    found = settings(
        *("--api-tls-cert", "a.crt", "--api-tls-key", "a.key", "--api-url", "https://a:1")
    )

    assert isinstance(found, ApiSettings)
    assert found.tls == TlsFiles(certificate=Path("a.crt"), key=Path("a.key"))
    assert found.advertised == "https://a:1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--api-auth", "token"), "give --api-tokens"),
        (("--api-auth", "none", "--api-tokens", "t"), "nobody would look"),
        (("--api-tls-cert", "a.crt"), "give both"),
        (("--api-tls-key", "a.key"), "give both"),
        (("--api-auth", "open"), "is not one of"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    options: tuple[str, ...], words: str
) -> None:
    """Guessing would open a door or close it."""
    found = settings(*options)

    assert isinstance(found, str)
    assert words in found


def test_a_cluster_has_the_name_that_people_call_it_by() -> None:
    """Kubernetes itself knows none."""
    found = settings("--cluster-name", "prod-eu1")

    assert isinstance(found, ApiSettings)
    assert found.cluster == "prod-eu1"
