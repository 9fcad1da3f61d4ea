"""Names and addresses: what Kubernetes and Istio take, and no secrets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from rolloutd.adapters.plans.names import (
    check_channel,
    check_gate_name,
    check_host,
    check_name,
    check_object_name,
    check_route,
    check_subset,
    check_url,
)


def said(check: Callable[[str], str], value: str) -> str:
    with pytest.raises(PydanticCustomError) as refused:
        check(value)
    context = refused.value.context or {}
    return f"{context['code']}: {context['message']}; {context['remedy']}"


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (check_name, "data-product"),
        (check_name, "a" * 63),
        (check_object_name, "data-product-v4.0"),
        (check_subset, "v4"),
        (check_subset, "V4"),
        (check_gate_name, "latency_p99.9"),
        (check_host, "checkout.shop.svc.cluster.local"),
        (check_route, "primary route"),
        (check_channel, "slack"),
        (check_url, "http://10.0.0.7:15090/stats/prometheus"),
        (check_url, "https://[::1]:15090/stats"),
    ],
)
def test_what_the_cluster_takes_is_taken(check: Callable[[str], str], value: str) -> None:
    """A name that exists must be possible to write."""
    assert check(value) == value


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (check_name, "Data"),
        (check_name, "a" * 64),
        (check_name, "v4.0"),
        (check_name, "-a"),
        (check_name, "a\n"),
        (check_object_name, "shop/web"),
        (check_subset, "v4.0"),
        (check_gate_name, "p99 latency"),
        (check_host, "http://checkout"),
        (check_route, " web"),
        (check_channel, "Slack!"),
    ],
)
def test_what_the_cluster_would_refuse_is_refused(
    check: Callable[[str], str], value: str
) -> None:
    """Here, with a place in the file, and not later by an API server."""
    assert said(check, value).startswith("RD116: ")


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (check_channel, "https://hooks.slack.com/services/T0/B0/x"),
        (check_url, "http://ana:secret@10.0.0.7:15090/stats"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(check: Callable[[str], str], value: str) -> None:
    """Findings go to logs; what follows the scheme stays out of them."""
    words = said(check, value)

    assert words.startswith("RD129: a secret never belongs in a plan")
    assert value.partition("://")[2] not in words


@pytest.mark.parametrize(
    "value",
    ["10.0.0.7:15090", "ftp://host/stats", "http://", "http://host:0/", "http://h:99999/"],
)
def test_an_address_that_can_not_be_asked_is_refused(value: str) -> None:
    """It would be blind for ever."""
    assert said(check_url, value).startswith("RD129: ")
