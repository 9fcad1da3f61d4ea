"""The story, played for real: Envoy, gRPC, HTTP API, the daemon."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]


def play(*args: str) -> tuple[int, dict[str, object], float]:
    """Run the demo; return exit code, result and how many seconds it took."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "rolloutd", "demo", "--no-ui", "-o", "json", *args],
        capture_output=True,
        text=True,
        timeout=140,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, result, time.perf_counter() - began


def test_a_healthy_canary_is_promoted_with_one_write_per_weight() -> None:
    """10, 50, 75, 100 %: four writes and not a request lost."""
    code, result, _ = play("--pace", "3s", "--rps", "200")

    assert code == 0
    assert result["result"] == "promoted"
    assert result["steps"] == [10, 50, 75, 100]
    assert result["apiWrites"] == 4
    assert result["failedRequests"] == 0
    assert result["finalWeights"] == {"v3": 0, "v4": 100}


def test_errors_at_half_the_traffic_are_rolled_back_within_a_minute() -> None:
    """The issue's own words."""
    code, result, took = play("--break", "errors@50", "--pace", "5s")

    assert code == 3
    assert result["result"] == "rolledBack"
    assert result["finalWeights"] == {"v3": 100, "v4": 0}
    assert took < 60


@pytest.mark.parametrize("fault", ["latency", "crash", "grpc"])
def test_every_other_breakage_is_rolled_back_too(fault: str) -> None:
    """Slow answers, dead pods, and failures that HTTP calls 200."""
    code, result, _ = play("--break", f"{fault}@50", "--pace", "5s")

    assert code == 3
    assert result["finalWeights"] == {"v3": 100, "v4": 0}


def test_an_incident_of_both_versions_blames_nobody() -> None:
    """v4 is healthy; what hurts, hurts v3 as well."""
    code, result, _ = play("--incident", "--pace", "5s", "--rps", "100")

    assert code == 0
    assert result["result"] == "promoted"
