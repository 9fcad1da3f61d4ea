"""Whatever Prometheus answers, the meter gets rows or a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from rolloutd.adapters.prometheus.client import (
    Limits,
    PrometheusClient,
    Row,
    matching,
    quoted,
)
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable
from tests.fakes.clock import FakeClock
from tests.fakes.endpoint import FakeEndpoint, served
from tests.fakes.prometheus import EVALUATED, answer, refusal, vector


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    async with served(FakeEndpoint(content_type="application/json")) as started:
        yield started


@pytest.fixture
async def client(endpoint: FakeEndpoint) -> AsyncIterator[PrometheusClient]:
    limits = Limits(deadline=Seconds(0.3), body=1 << 20)
    async with aiohttp.ClientSession() as session:
        yield PrometheusClient(session, f"{endpoint.url}/", limits)


async def test_a_vector_comes_as_rows(client: PrometheusClient, endpoint: FakeEndpoint) -> None:
    """The plain case, asked as a form: names of 200 arms do not fit into a URL."""
    endpoint.body = vector(({"code": "200"}, 5.5))

    rows = await client.query('sum by (code) (x{a="b&c"})')

    assert rows == [Row({"code": "200"}, 5.5, EVALUATED)]
    ((method, path, form),) = endpoint.requests
    assert (method, path) == ("POST", "/api/v1/query")
    assert parse_qs(form) == {"query": ['sum by (code) (x{a="b&c"})'], "timeout": ["0.3s"]}


async def test_a_scalar_is_one_row_without_labels(
    client: PrometheusClient, endpoint: FakeEndpoint
) -> None:
    """``scalar(...)`` is a fair custom query."""
    endpoint.body = answer("scalar", [EVALUATED, "2"])

    assert await client.query("1 + 1") == [Row({}, 2.0, EVALUATED)]


async def test_a_large_answer_reads_like_a_small_one(
    client: PrometheusClient, endpoint: FakeEndpoint
) -> None:
    """It goes through a thread, which must not change what is read."""
    elements = [({"n": str(number)}, float(number)) for number in range(3000)]
    endpoint.body = vector(*elements)

    rows = await client.query("x")

    assert [(row.labels, row.value) for row in rows] == elements


async def test_prometheus_own_words_reach_the_reader(
    client: PrometheusClient, endpoint: FakeEndpoint
) -> None:
    """ "parse error at char 5" is what the author of a query needs to see."""
    endpoint.status, endpoint.body = 400, refusal("parse error at char 5: unexpected }")

    with pytest.raises(Unavailable, match="says: parse error at char 5: unexpected }"):
        await client.query("sum(}")


async def test_a_warning_makes_an_answer_unusable(
    client: PrometheusClient, endpoint: FakeEndpoint
) -> None:
    """A partial answer may lack one arm's failures, and nothing in it tells."""
    endpoint.body = answer("vector", [], warnings=["store-2 did not answer"])

    with pytest.raises(Unavailable, match="warns: store-2 did not answer"):
        await client.query("x")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"status":"success"}', id="no data"),
        pytest.param(b'{"status":"success","data":7}', id="data is a number"),
        pytest.param(answer("vector", [{"metric": {}}]), id="no value"),
        pytest.param(answer("vector", [{"metric": [], "value": [1, "1"]}]), id="no labels"),
        pytest.param(answer("vector", [{"metric": {}, "value": [1, "x"]}]), id="no number"),
        pytest.param(answer("vector", [{"metric": {}, "value": [1, None]}]), id="null"),
        pytest.param(answer("vector", [{"metric": {}, "value": [1]}]), id="short"),
        pytest.param(answer("vector", [7]), id="numbers"),
        pytest.param(answer("matrix", []), id="matrix"),
        pytest.param(answer("string", [1, "x"]), id="string"),
    ],
)
async def test_an_answer_of_another_form_is_unavailable(
    client: PrometheusClient, endpoint: FakeEndpoint, body: bytes
) -> None:
    """A proxy's login page must end as a reason, never as a crash of the sampler."""
    endpoint.body = body

    with pytest.raises(Unavailable, match=f"Prometheus at {endpoint.url}"):
        await client.query("x")


async def test_a_proxys_error_page_is_told_by_its_status(
    client: PrometheusClient, endpoint: FakeEndpoint
) -> None:
    """What stands between us and Prometheus fails in HTML."""
    endpoint.status, endpoint.content_type, endpoint.body = 502, "text/html", b"<html>"

    with pytest.raises(Unavailable, match="answered HTTP 502"):
        await client.query("x")


async def test_an_answer_without_end_is_cut(
    client: PrometheusClient, endpoint: FakeEndpoint
) -> None:
    """Memory is bounded whatever is sent."""
    endpoint.body = b" " * (2 << 20)

    with pytest.raises(Unavailable, match="sent more than 1 MiB"):
        await client.query("x")


async def test_silence_ends_at_the_deadline(
    client: PrometheusClient, endpoint: FakeEndpoint
) -> None:
    """A meter answers within its own deadline."""
    never = FakeClock(jumps=False)

    async def hang(_: web.Request) -> web.StreamResponse:
        await never.sleep(Seconds(60.0))
        return web.Response()

    endpoint.handler = hang

    with pytest.raises(Unavailable, match=r"did not answer within 0\.3 s"):
        await client.query("x")


async def test_a_prometheus_that_is_not_there_is_unavailable() -> None:
    """Prometheus restarts too."""
    async with aiohttp.ClientSession() as session:
        client = PrometheusClient(session, "http://127.0.0.1:1", Limits())

        with pytest.raises(Unavailable, match="could not be asked"):
            await client.query("x")


@pytest.mark.parametrize(
    ("text", "literal"),
    [("a", '"a"'), ('a"b', r'"a\"b"'), ("a\\b", r'"a\\b"'), ("a\nb", r'"a\nb"')],
)
def test_a_string_cannot_leave_its_quotes(text: str, literal: str) -> None:
    """A name from a plan must not become a part of the query."""
    assert quoted(text) == literal


def test_names_match_as_they_are() -> None:
    """Dots and bars in names are no operators; the backslash survives the string literal."""
    assert matching(["a.b", "c|d"]) == r'"a\\.b|c\\|d"'


def test_what_is_no_operator_is_not_escaped() -> None:
    """One needless escape makes Prometheus try the expression on every value it knows."""
    assert matching(["a-b", "c_d"]) == '"a-b|c_d"'
