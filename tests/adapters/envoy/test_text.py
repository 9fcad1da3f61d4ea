"""The text format, as Envoy writes it and as others abuse it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutd.adapters.envoy.series import Basis, Wanted
from rolloutd.adapters.envoy.text import TextReader
from rolloutd.core.observation import Histogram
from rolloutd.errors import Unavailable

RECORDED = Path(__file__).parents[2] / "data" / "envoy" / "callers.txt"
HTTP_V4 = "outbound|8080|v4|data-product.default.svc.cluster.local"
COUNTER = b"# TYPE envoy_cluster_upstream_rq counter\n"
TIMES = b"# TYPE envoy_cluster_upstream_rq_time histogram\n"
BUCKET = TIMES + b'envoy_cluster_upstream_rq_time_bucket{cluster_name="outbound|x"'
LABELS = b'cluster_name="outbound|80|v1|shop",response_code='


def test_a_recorded_answer_holds_what_was_sent() -> None:
    """The reader is right about a real Envoy, not only about our idea of one."""
    exposition = TextReader().read(RECORDED.read_bytes(), Wanted())

    counters = exposition.arms[Basis.CODES, HTTP_V4]
    assert {meaning.code: value for meaning, value in counters.requests} == {
        "200": 19.0,
        "500": 6.0,
    }
    assert [histogram.counts[-1] for _, histogram in counters.durations] == [25]


def test_reading_twice_gives_the_same_from_memory() -> None:
    """The second scrape is read by remembered spellings; it must not read differently."""
    reader = TextReader()
    body = RECORDED.read_bytes()

    assert reader.read(body, Wanted()) == reader.read(body, Wanted())


def test_families_that_nobody_wants_are_skipped_unread() -> None:
    """An Envoy holds a hundred thousand lines of which a few hundred matter."""
    body = b"# TYPE other counter\n%% not a line at all\n" + COUNTER
    body += b"envoy_cluster_upstream_rq{" + LABELS + b'"200"} 3\n'

    exposition = TextReader().read(body, Wanted(latency=False))

    assert len(exposition.arms) == 1


def test_comments_between_families_are_no_series() -> None:
    """An agent that merges in an application's metrics brings HELP lines along."""
    body = COUNTER + b"envoy_cluster_upstream_rq{" + LABELS + b'"200"} 3\n'
    body += b"# HELP app_requests Requests.\n# TYPE app_requests counter\napp_requests 1\n"

    exposition = TextReader().read(body, Wanted(latency=False))

    assert [len(arm.requests) for arm in exposition.arms.values()] == [1]


def test_an_empty_answer_is_an_answer() -> None:
    """A filter that matches nothing leaves nothing: an Envoy without traffic yet."""
    assert TextReader().read(b"", Wanted()).arms == {}


def test_escapes_in_label_values_are_undone() -> None:
    """Two spellings of a series must not become two series."""
    body = COUNTER + b'envoy_cluster_upstream_rq{cluster_name="outbound|a\\"b\\\\c\\nd",'
    body += b'response_code="200"} 1\n'

    exposition = TextReader().read(body, Wanted(latency=False))

    assert list(exposition.arms) == [(Basis.CODES, 'outbound|a"b\\c\nd')]


def test_a_histogram_is_put_together_from_its_lines() -> None:
    """Sum and count lines are not buckets."""
    prefix = b'{cluster_name="outbound|80|v1|shop"'
    body = TIMES
    for edge, count in ((b"0.5", b"1"), (b"25", b"3"), (b"+Inf", b"4")):
        body += b"envoy_cluster_upstream_rq_time_bucket" + prefix + b',le="' + edge + b'"} '
        body += count + b"\n"
    body += b"envoy_cluster_upstream_rq_time_sum" + prefix + b"} 99.5\n"
    body += b"envoy_cluster_upstream_rq_time_count" + prefix + b"} 4\n"

    (arm,) = TextReader().read(body, Wanted()).arms.values()

    assert [histogram for _, histogram in arm.durations] == [
        Histogram(bounds=(0.5, 25.0), counts=(1, 3, 4))
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"<html>hello</html>", "not in the text format", id="html"),
        pytest.param(b"\x00\xff\xfe", "not in the text format", id="binary"),
        pytest.param(COUNTER + b"<p>\n", "not in the text format", id="html inside"),
        pytest.param(
            COUNTER + b"envoy_cluster_upstream_rq{" + LABELS + b'"200"} many\n',
            "has no number",
            id="no number",
        ),
        pytest.param(
            b"# TYPE envoy_cluster_upstream_rq gauge\n", "a gauge, not a counter", id="gauge"
        ),
        pytest.param(
            b"# TYPE istio_request_duration_milliseconds summary\n",
            "a summary, not a histogram",
            id="summary",
        ),
        pytest.param(
            BUCKET + b',le="5"} 1\n',
            "incomplete histogram",
            id="no infinite bucket",
        ),
        pytest.param(
            BUCKET + b',le="+Inf"} NaN\n',
            "incomplete histogram",
            id="NaN in a bucket",
        ),
        pytest.param(
            BUCKET + b"} 1\n",
            "has no number",
            id="no edge",
        ),
    ],
)
def test_what_is_not_the_format_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    """An operator who reads "not in the text format" knows where to look."""
    with pytest.raises(Unavailable, match=reason):
        TextReader().read(body, Wanted())


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"envoy_cluster_upstream_rq{" + LABELS + b'"%d"} 1\n', COUNTER),
        (b'envoy_cluster_upstream_rq_time_bucket{a="%d",le="1"} 1\n', TIMES),
    ],
)
def test_one_answer_alone_can_not_fill_memory(line: bytes, kind: bytes) -> None:
    """A single answer of 64 MiB holds two million invented series."""
    reader = TextReader(most_spellings=1500)
    lines = b"".join(line % number for number in range(4000))
    reader.read(kind + lines, Wanted(latency=True))

    assert len(reader._counters) + len(reader._buckets) == 1500


def test_spellings_are_forgotten_before_they_fill_memory() -> None:
    """An endpoint that invents series must not grow the daemon without bound."""
    reader = TextReader(most_spellings=1500)
    for batch in range(3):
        lines = b"".join(
            b"envoy_cluster_upstream_rq{" + LABELS + b'"%d"} 1\n' % (batch * 1000 + i)
            for i in range(1000)
        )
        reader.read(COUNTER + lines, Wanted(latency=False))
    reader.read(b"", Wanted(latency=False))

    assert len(reader._counters) <= 1500
