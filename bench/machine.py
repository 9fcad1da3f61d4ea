"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> dict[str, object]:
    """Describe this machine in a few words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "cpu": models[0] if models else platform.machine(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Sum up a list: minimum, median, 95th percentile, maximum."""
    ranked = sorted(values)
    at = [0, len(ranked) // 2, min(len(ranked) - 1, int(0.95 * len(ranked))), -1]
    names = ("min", "median", "p95", "max")
    return {name: round(ranked[i], 4) for name, i in zip(names, at, strict=True)}
