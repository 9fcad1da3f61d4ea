"""What all simulations share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from rolloutd.telemetry.metrics import Metrics


@pytest.fixture(scope="session")
def metrics() -> Metrics:
    """Return metrics that nobody reads: making them costs more than a simulation."""
    return Metrics()


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Let the daemon log nothing: a trace tells more, and logs take half of the time."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)
