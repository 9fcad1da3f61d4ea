"""How long users suffer from a broken canary: first bad answer to the last call on it."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.machine import machine, spread

RUNS = 20


def one(seed: int, fault: str) -> dict[str, float]:
    """Play one demo in which v4 breaks as soon as it has 10 % of 50 rps."""
    command = [
        *(sys.executable, "-m", "rolloutd", "demo", "--no-ui", "-o", "json"),
        *("--break", f"{fault}@10", "--rps", "50", "--interval", "1s", "--pace", "30s"),
        *("--seed", str(seed)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 3:
        raise SystemExit(f"seed {seed}: exit {done.returncode}\n{done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(fault: str) -> dict[str, object]:
    """Play it RUNS times."""
    runs = [one(seed, fault) for seed in range(1, RUNS + 1)]
    detect = [run["detectSeconds"] for run in runs]
    restore = [run["restoreSeconds"] for run in runs]
    return {
        "fault": f"{fault}@10",
        "runs": RUNS,
        "detectSeconds": spread(detect),
        "restoreSeconds": spread(restore),
        "togetherSeconds": spread([a + b for a, b in zip(detect, restore, strict=True)]),
        "failedRequests": spread([run["failedRequests"] for run in runs]),
        "apiWrites": spread([run["apiWrites"] for run in runs]),
    }


if __name__ == "__main__":
    faults = sys.argv[1:] or ["grpc"]
    print(json.dumps({"machine": machine(), "rollback": [measure(f) for f in faults]}))
