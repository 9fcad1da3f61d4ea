"""How the metrics of Istio and Envoy name an arm, and how they tell that a request failed."""

from __future__ import annotations

from rolloutd.core.plan import Metrics
from rolloutd.core.target import ArmTarget

UPSTREAM_FLAGS = frozenset({"UF", "UH", "UO", "UC", "UT", "UR", "LR", "UPE", "NC"})
"""Response flags by which Envoy says that the *service* failed the request: connection failure,
no healthy host, overflow, termination, timeout, resets, protocol error, no cluster.

They decide where codes are silent: a reset stream is counted with code 0, a proxied gRPC call
cut short has no status. Left out on purpose: DC (the client left), RL and UAEX (refused by
policy), FI and DI (injected faults, made by someone who wants to see them judged by their
code), URX (retries ran out, on whatever code the user's policy retries).
"""


def cluster_name(arm: ArmTarget, port: int) -> str:
    """Return the name Istio gives the Envoy cluster that leads to an arm."""
    return f"outbound|{port}|{arm.subset}|{arm.host}"


def failed(metrics: Metrics, *, code: str, grpc_status: str = "", flags: str = "") -> bool:
    """Say whether a request with these labels counts as failed.

    A gRPC failure travels on HTTP 200, so the status is looked at first; a gRPC call that got
    no status at all is judged by its code, like any other request.

    Args:
        metrics: The plan's own idea of failure.
        code: ``response_code``; anything but a number is no evidence of failure.
        grpc_status: ``grpc_response_status``, a number; empty or ``-`` when there is none.
        flags: ``response_flags``, comma-separated; ``-`` when there are none.
    """
    if grpc_status.isdecimal() and int(grpc_status) in metrics.grpc_failures:
        return True
    if not UPSTREAM_FLAGS.isdisjoint(flags.split(",")):
        return True
    first, last = metrics.http_failures
    return code.isdecimal() and first <= int(code) <= last
