"""Logs for machines and for people."""

from __future__ import annotations

import io
import json
import logging as standard
from collections.abc import Iterator

import pytest
import structlog

from rolloutd.telemetry import logging


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = standard.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_json_is_one_object_a_line() -> None:
    """Whoever wrote it: us, or a library through the standard logger."""
    stream = io.StringIO()
    logging.configure(form="json", level="info", stream=stream)

    structlog.get_logger().info("weight_set", rollout="a", weight=10)
    standard.getLogger("elsewhere").warning("odd")

    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (ours["event"], ours["weight"], ours["level"]) == ("weight_set", 10, "info")
    assert ours["timestamp"].endswith("Z")
    assert theirs["event"] == "odd"


def test_a_failure_carries_its_trace_in_json() -> None:
    """On the same line."""
    stream = io.StringIO()
    logging.configure(form="json", level="info", stream=stream)

    try:
        _ = 1 / int("0")
    except ZeroDivisionError:
        structlog.get_logger().exception("rollout_crashed")

    (line,) = stream.getvalue().splitlines()
    assert "ZeroDivisionError: division by zero" in json.loads(line)["exception"]


def test_auto_is_json_where_nobody_watches() -> None:
    """A pipe is no terminal."""
    stream = io.StringIO()
    logging.configure(form="auto", level="info", stream=stream)

    structlog.get_logger().info("started")

    assert json.loads(stream.getvalue())["event"] == "started"


def test_console_is_readable() -> None:
    """And not JSON."""
    stream = io.StringIO()
    logging.configure(form="console", level="info", stream=stream)

    structlog.get_logger().info("started", plans=3)

    assert "started" in stream.getvalue()
    assert "plans=3" in stream.getvalue()


def test_what_is_below_the_level_is_not_written() -> None:
    """Nor are the schedulers' chats at info."""
    stream = io.StringIO()
    logging.configure(form="json", level="warning", stream=stream)

    structlog.get_logger().info("started")
    standard.getLogger("apscheduler").info("job added")

    assert stream.getvalue() == ""
