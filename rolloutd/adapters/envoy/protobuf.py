"""Reads Prometheus' protobuf format: a fifth of the bytes, and no text to take apart.

The schema is ``io.prometheus.client`` (metrics.proto), of which only the fields that matter are
declared; it is built here because no package ships its generated code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from rolloutd.adapters.envoy.series import (
    HISTOGRAMS,
    ArmCounters,
    Basis,
    Exposition,
    Meaning,
    Wanted,
    meaning_of,
)
from rolloutd.core.observation import Histogram
from rolloutd.errors import Unavailable

MEDIA_TYPE = "application/vnd.google.protobuf"
ACCEPT = f"{MEDIA_TYPE};proto=io.prometheus.client.MetricFamily;encoding=delimited"

_PACKAGE = "io.prometheus.client"
_STRING = FieldDescriptorProto.TYPE_STRING
_DOUBLE = FieldDescriptorProto.TYPE_DOUBLE
_UINT64 = FieldDescriptorProto.TYPE_UINT64
_MESSAGES: dict[
    str, tuple[tuple[int, str, FieldDescriptorProto.Type.ValueType | str, bool], ...]
] = {
    "LabelPair": ((1, "name", _STRING, False), (2, "value", _STRING, False)),
    "Counter": ((1, "value", _DOUBLE, False),),
    "Bucket": ((1, "cumulative_count", _UINT64, False), (2, "upper_bound", _DOUBLE, False)),
    "Histogram": ((1, "sample_count", _UINT64, False), (3, "bucket", "Bucket", True)),
    "Metric": (
        (1, "label", "LabelPair", True),
        (3, "counter", "Counter", False),
        (7, "histogram", "Histogram", False),
    ),
    "MetricFamily": ((1, "name", _STRING, False), (4, "metric", "Metric", True)),
}
"""Field number, name, type (a message's name or a scalar) and whether it is repeated."""


class _Label(Protocol):
    name: str
    value: str


class _Counter(Protocol):
    value: float


class _Bucket(Protocol):
    cumulative_count: int
    upper_bound: float


class _Histogram(Protocol):
    sample_count: int
    bucket: Sequence[_Bucket]


class _Metric(Protocol):
    label: Sequence[_Label]
    counter: _Counter
    histogram: _Histogram

    def HasField(self, name: str) -> bool: ...  # noqa: N802 - protobuf's name


class _Family(Protocol):
    name: str
    metric: Sequence[_Metric]


def _schema() -> FileDescriptorProto:
    file = FileDescriptorProto(name="metrics.proto", package=_PACKAGE, syntax="proto2")
    for message, fields in _MESSAGES.items():
        file.message_type.append(DescriptorProto(name=message))
        for number, name, kind, repeated in fields:
            field = file.message_type[-1].field.add(name=name, number=number)
            field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if isinstance(kind, str):
                field.type = field.TYPE_MESSAGE
                field.type_name = f".{_PACKAGE}.{kind}"
            else:
                field.type = kind
    return file


class ProtobufReader:
    """Reads answers and remembers what series mean; safe to use from several threads.

    Args:
        most_series: How many to remember; then all are forgotten.
    """

    def __init__(self, most_series: int = 50_000) -> None:
        self._most_series = most_series
        self._known: dict[tuple[str, ...], Meaning | None] = {}
        pool = DescriptorPool()
        pool.AddSerializedFile(_schema().SerializeToString())
        self._message = GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.MetricFamily"))

    def read(self, body: bytes, wanted: Wanted) -> Exposition:
        """Sort an answer.

        Args:
            body: The whole answer; empty when a filter left nothing.
            wanted: What to read it for.

        Raises:
            Unavailable: This is not the format, or a family has another type than it should.
        """
        if len(self._known) > self._most_series:
            self._known = {}
        arms: dict[tuple[Basis, str], ArmCounters] = {}
        for message in _messages(body):
            name = _peeked_name(message)
            if name is not None and not wanted.has(name):
                continue
            family = self._parsed(message)
            if wanted.has(family.name):
                self._read_family(family, arms)
        return Exposition(arms=arms)

    def _parsed(self, message: memoryview) -> _Family:
        try:
            return cast("_Family", self._message.FromString(message.tobytes()))
        except DecodeError as exc:
            raise Unavailable("sent something that is not in the protobuf format") from exc

    def _read_family(self, family: _Family, arms: dict[tuple[Basis, str], ArmCounters]) -> None:
        name = family.name
        is_histogram = name in HISTOGRAMS
        field = "histogram" if is_histogram else "counter"
        for metric in family.metric:
            meaning = self._meaning(name, metric.label)
            if meaning is None:
                continue
            if not metric.HasField(field):
                raise Unavailable(f"has series in {name} that are not of type {field}")
            counters = arms.setdefault((meaning.basis, meaning.arm), ArmCounters())
            if is_histogram:
                counters.durations.append((meaning, _histogram(metric.histogram)))
            else:
                counters.requests.append((meaning, metric.counter.value))

    def _meaning(self, family: str, labels: Sequence[_Label]) -> Meaning | None:
        """Return a series' meaning by its labels, which are taken apart once."""
        spelling = (family, *[part for label in labels for part in (label.name, label.value)])
        try:
            return self._known[spelling]
        except KeyError:
            meaning = meaning_of(family, {label.name: label.value for label in labels})
            if len(self._known) <= self._most_series:
                self._known[spelling] = meaning
            return meaning


def _messages(body: bytes) -> Iterator[memoryview]:
    """Yield messages, each of which is led by its length."""
    view = memoryview(body)
    position = 0
    while position < len(view):
        size, position = _varint(view, position)
        if position + size > len(view):
            raise Unavailable("sent a protobuf answer that ends too soon")
        yield view[position : position + size]
        position += size


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    """Return the number at a position and the position after it."""
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(view):
            break
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise Unavailable("sent something that is not in the protobuf format")


def _peeked_name(message: memoryview) -> str | None:
    """Return a family's name without parsing the rest: Envoy writes it first."""
    if len(message) < 2 or message[0] != 0x0A or message[1] >= 0x80:
        return None
    return bytes(message[2 : 2 + message[1]]).decode("utf-8", "replace")


def _histogram(histogram: _Histogram) -> Histogram:
    edges = [(bucket.upper_bound, bucket.cumulative_count) for bucket in histogram.bucket]
    if edges and edges[-1][0] == math.inf:
        edges.pop()  # it is the same as ``sample_count``, and not every exporter sends it
    return Histogram(
        bounds=tuple([bound for bound, _ in edges]),
        counts=(*[count for _, count in edges], histogram.sample_count),
    )
