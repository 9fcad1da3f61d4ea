"""Programs of Prometheus that tests need."""

from __future__ import annotations

import os
import shutil
import subprocess

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


def objections(metrics: bytes) -> str:
    """Return what ``promtool check metrics`` says of an exposition; empty when nothing."""
    checked = subprocess.run(
        [promtool(), "check", "metrics"], check=False, input=metrics, capture_output=True
    )
    said = (checked.stdout + checked.stderr).decode()
    return said or ("" if checked.returncode == 0 else f"exit code {checked.returncode}")
