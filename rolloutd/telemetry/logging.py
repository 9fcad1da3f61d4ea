"""Structured logs: one JSON object a line, or readable lines on a terminal."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog


def configure(*, form: str, level: str, stream: TextIO = sys.stderr) -> None:
    """Send structlog and the standard library's loggers to one place.

    Args:
        form: ``json``, ``console`` or ``auto`` (console when ``stream`` is a terminal).
        level: Lowest level written, ``debug`` to ``error``.
        stream: Where to.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    readable = form == "console" or (form == "auto" and stream.isatty())
    handler.setFormatter(_formatter(shared, readable=readable, colours=stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    # APScheduler and aiohttp tell their own housekeeping at info level.
    for noisy in ("apscheduler", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(max(threshold, logging.WARNING))


def _formatter(
    shared: list[structlog.typing.Processor], *, readable: bool, colours: bool
) -> logging.Formatter:
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=colours)]
        if readable
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
