"""Settings of these tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _daemon_logs_elsewhere() -> Iterator[None]:
    """Keep the daemon's log out of what commands write: here both are one process."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    structlog.reset_defaults()
