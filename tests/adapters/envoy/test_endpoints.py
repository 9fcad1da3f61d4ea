"""Endpoints are asked once, for little, and for what all rollouts want."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rolloutd.adapters.envoy.endpoints import Need, asked_url, endpoints, needs
from rolloutd.core.plan import CallerMetrics, IstioMetrics, Reporter, SidecarMetrics
from rolloutd.core.scrape import Side
from rolloutd.core.target import Pod
from rolloutd.core.units import Instant
from tests.fakes.targets import arm, target

GATEWAY = "http://10.0.0.7:15090/stats/prometheus"
CALLERS = CallerMetrics(urls=(GATEWAY,), port=8080)


def stat_filter(need: Need) -> re.Pattern[str]:
    """Return the expression as Envoy applies it: found anywhere in a stat's name."""
    return re.compile(need.query()["filter"])


def test_a_gateway_is_asked_once_for_all_targets() -> None:
    """Envoy walks all its stats for every request, on its main thread."""
    targets = [target(CALLERS), target(CALLERS, service="shop", latency=True)]

    wanted = needs([(each, endpoints(each)) for each in targets], lambda *_: False)

    assert list(wanted) == [GATEWAY]
    assert wanted[GATEWAY].latency
    assert {"data-product-v4", "shop-v3"} <= wanted[GATEWAY].names


def test_a_url_named_twice_counts_once() -> None:
    """A slip in a plan must not double its traffic."""
    twice = CallerMetrics(urls=(GATEWAY, GATEWAY), port=8080)

    assert len(endpoints(target(twice))) == 1


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("10.0.0.1", "http://10.0.0.1:15090/stats/prometheus"),
        ("127.0.0.1:4242", "http://127.0.0.1:4242/stats/prometheus"),
        ("fd00::1", "http://[fd00::1]:15090/stats/prometheus"),
        ("[fd00::1]", "http://[fd00::1]:15090/stats/prometheus"),
        ("[fd00::1]:4242", "http://[fd00::1]:4242/stats/prometheus"),
    ],
)
def test_a_pod_is_asked_at_its_own_port_or_the_plans(address: str, url: str) -> None:
    """Pods have IPv6 addresses too, and tests have many pods on one address."""
    pod = Pod(name="a", address=address, started=Instant(7.0))
    wanted = replace(target(SidecarMetrics(port=15090)), canary=arm("v4", pods=(pod,)))

    (endpoint,) = endpoints(wanted)

    assert endpoint.url == url
    assert endpoint.started == 7.0
    assert set(endpoint.arms) == {Side.CANARY}


def test_a_target_of_prometheus_has_no_endpoints() -> None:
    """Whoever hands it to this meter gets an answer, not a scrape."""
    assert endpoints(target(IstioMetrics(reporter=Reporter.SOURCE))) == ()


@pytest.mark.parametrize(
    ("stat", "latency", "expected"),
    [
        ("cluster.outbound|80|v4|shop.x.svc;.upstream_rq_200", False, True),
        ("cluster.outbound|80|v4|shop.x.svc.upstream_rq_200", False, True),
        ("cluster.outbound|80|v4|shop.x.svc;.external.upstream_rq_200", False, False),
        ("cluster.outbound|80|v4|shop.x.svc;.upstream_rq_2xx", False, False),
        ("cluster.outbound|80|v4|shop.x.svc;.upstream_rq_time", False, False),
        ("cluster.outbound|80|v4|shop.x.svc;.upstream_rq_time", True, True),
        ("cluster.outbound|80|v4|shop.x.svc;.grpc.demo.Product.Get.14", False, True),
        ("cluster.outbound|80|v4|shop.x.svc;.grpc.14", False, True),
        ("cluster.outbound|80|v4|shop.x.svc;.grpc.demo.Product.Get.total", False, False),
        ("cluster.outbound|80|v4|other.x.svc;.upstream_rq_200", False, False),
        ("istio_requests_total.reporter.source.destination_workload.shop-v4", False, True),
        ("istio_requests_total.reporter.source.destination_workload.other", False, False),
        ("istio_request_duration_milliseconds.destination_workload.shop-v4", False, False),
        ("istio_request_duration_milliseconds.destination_workload.shop-v4", True, True),
        ("server.uptime", True, False),
    ],
)
def test_the_filter_lets_through_what_counts_and_nothing_else(
    stat: str, *, latency: bool, expected: bool
) -> None:
    """It turns 43 MB into some kilobytes, and one stat too few into a blind gate."""
    need = Need(latency=latency, clusters=True, names={"shop.x.svc", "shop-v4"})

    assert bool(stat_filter(need).search(stat)) is expected


def test_clusters_are_not_asked_for_where_every_target_is_settled() -> None:
    """Once Istio's series count all rollouts of a gateway, the others are dead weight."""
    one, other = target(CALLERS), target(CALLERS, service="shop")
    asked = [(each, endpoints(each)) for each in (one, other)]

    all_settled = needs(asked, lambda *_: True)[GATEWAY]
    one_settled = needs(asked, lambda key, _: key == one.key)[GATEWAY]

    assert not all_settled.clusters
    assert "upstream_rq" not in all_settled.query()["filter"]
    assert one_settled.clusters


def test_many_services_are_not_named_one_by_one() -> None:
    """An expression of a thousand names costs Envoy's main thread more than it saves us."""
    need = Need(names={f"shop-{number}" for number in range(1000)})

    assert "shop" not in need.query()["filter"]


def test_what_the_user_wrote_into_a_url_stays() -> None:
    """A URL with a filter of its own has its reasons."""
    url = asked_url(f"{GATEWAY}?filter=mine&cluster=a%20b", Need())

    assert url.query["filter"] == "mine"
    assert url.query["cluster"] == "a b"
    assert "usedonly" in url.query
