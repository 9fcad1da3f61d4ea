"""What is to happen in the sandbox: how much traffic, how fast, and what goes wrong when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rolloutd.core.units import Percent, Ratio, Seconds
from rolloutd.sandbox.services.faults import Crash, Errors, Fault, GrpcStatus, Latency

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "errors": Errors(ratio=Ratio(0.3)),
        "latency": Latency(),
        "crash": Crash(),
        "grpc": GrpcStatus(),
    }
)
"""What ``--break`` can do to the canary, by name."""

INCIDENT_AT = Percent(50)
"""The canary's share at which an incident of both arms begins: half of everybody suffers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One performance.

    Attributes:
        breakage: Which fault, and the canary's share at which it begins.
        incident: Whether both arms suffer alike for a while.
        rps: Calls per second.
        pace: Every step's hold.
        interval: Between two looks at the metrics.
        seed: Of everything that is chance.
    """

    breakage: tuple[str, Percent] | None = None
    incident: bool = False
    rps: float = 50.0
    pace: Seconds = Seconds(8.0)
    interval: Seconds = Seconds(1.0)
    seed: int = 1

    @property
    def incident_lasts(self) -> Seconds:
        """How long both arms suffer: most of a hold, and long enough to be seen."""
        return Seconds(max(5.0, 0.8 * self.pace))


def plan_text(script: Script, stats_url: str) -> str:
    """Write the plan of the story as a user would."""
    hold, interval = _duration(script.pace), _duration(script.interval)
    warm_up = _duration(Seconds(min(script.pace, 5.0)))
    return f"""\
apiVersion: rolloutd.io/v1alpha1
kind: RolloutPlan
metadata: {{name: data-product, namespace: default}}
spec:
  virtualService: {{name: data-product}}
  stable: {{subset: v3, deployment: data-product}}
  canary: {{subset: v4, deployment: data-product-v4.0}}
  steps:
    - {{weight: 10, hold: {hold}}}
    - {{weight: 50, hold: {hold}}}
    - {{weight: 75, hold: {hold}}}
    - {{weight: 100}}
  metrics: {{source: callers, urls: ["{stats_url}"], port: 9090}}
  gates:
    - {{name: success-rate, type: successRate, min: 99%, vsStable: {{maxDrop: 0.5pp}}}}
    - {{name: latency-p99, type: latency, quantile: 0.99, max: 250ms,
       vsStable: {{maxRatio: 2}}}}
  samples: {{interval: {interval}}}
  confidence: {{regression: 2pp, warmUp: {warm_up}, maxHold: 3m}}
"""


def _duration(length: Seconds) -> str:
    """Write a duration as plans do, where a number has at most five digits."""
    return f"{length:.0f}s" if float(length).is_integer() else f"{round(length * 1000)}ms"
