"""Programs of Prometheus that tests need."""

from __future__ import annotations

import os
import shutil

import pytest


def promtool() -> str:
    """Return the path of promtool; without it skip, but never in CI."""
    path = shutil.which("promtool")
    if path is not None:
        return path
    reason = "promtool is not installed: run tools/system-packages."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
