"""The protobuf format says the same as the text, and nonsense is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.adapters.envoy.protobuf import ProtobufReader
from rolloutd.adapters.envoy.series import Wanted
from rolloutd.adapters.envoy.text import TextReader
from rolloutd.errors import Unavailable

DATA = Path(__file__).parents[2] / "data" / "envoy"
READER = ProtobufReader()


def field(number: int, payload: bytes) -> bytes:
    """Encode a field with a length before it; short payloads only."""
    return bytes([number << 3 | 2, len(payload)]) + payload


def answer(*families: bytes) -> bytes:
    """Put the length before each message."""
    return b"".join(bytes([len(family)]) + family for family in families)


def test_both_formats_say_the_same() -> None:
    """An endpoint may change its format between two looks; no series may change its name."""
    text = TextReader().read((DATA / "callers.txt").read_bytes(), Wanted())
    binary = READER.read((DATA / "callers.pb").read_bytes(), Wanted())

    assert binary.arms.keys() == text.arms.keys()
    for arm, counters in text.arms.items():
        assert dict(binary.arms[arm].requests) == dict(counters.requests)
        assert dict(binary.arms[arm].durations) == dict(counters.durations)


def test_an_empty_answer_is_an_answer() -> None:
    """A filter that matches nothing leaves nothing."""
    assert READER.read(b"", Wanted()).arms == {}


def test_histograms_are_skipped_where_nobody_wants_them() -> None:
    """Buckets cost ten times what counts do."""
    exposition = READER.read((DATA / "callers.pb").read_bytes(), Wanted(latency=False))

    assert not any(counters.durations for counters in exposition.arms.values())


def test_a_gauge_in_the_place_of_a_counter_is_refused() -> None:
    """Its value would read as 0, and 0 as a reset."""
    label = field(1, field(1, b"reporter") + field(2, b"source"))
    metric = field(4, label + field(2, b""))
    family = field(1, b"istio_requests_total") + metric

    with pytest.raises(Unavailable, match="not of type counter"):
        READER.read(answer(family), Wanted())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="html"),
        pytest.param(b"\xff" * 12, id="endless length"),
        pytest.param(b"\x80", id="cut in a length"),
        pytest.param((DATA / "callers.pb").read_bytes()[:-7], id="cut in a message"),
        pytest.param(answer(field(1, b"istio_requests_total") + b"\x22\x7f"), id="bad message"),
    ],
)
def test_what_is_not_the_format_is_refused(body: bytes) -> None:
    """Half an answer would read as counters that fell."""
    with pytest.raises(Unavailable, match="protobuf"):
        READER.read(body, Wanted())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    """Nothing an endpoint sends may raise anything but our own word for it."""
    body = answer(field(1, b"istio_requests_total") + noise[:60]) + noise
    try:
        READER.read(body, Wanted())
    except Unavailable:
        return
