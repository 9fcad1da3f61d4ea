"""Which of Envoy's series matter, what each means, and which of them count a request once.

An Envoy counts the same request several times over: by HTTP code per cluster, by gRPC status
per cluster and method, and in ``istio_requests_total`` with both. A *basis* is one of these
ways of counting; exactly one is used per endpoint and rollout, the best that is there:

1. ``ISTIO`` carries code, gRPC status and response flags of the same request, so it alone can
   tell any failure.
2. ``GRPC`` counts calls that ended with a status. Where a cluster has such counters they are
   used alone: a call that Envoy itself answers (no connection, no healthy host) is counted as
   status 14 *and* as code 503, and one that the service fails as 200, so adding the two would
   count some failures twice.
3. ``CODES`` counts by HTTP code. It includes what never reached the service: Envoy charges
   overflow, connection failures and timeouts to the cluster as 503 and 504, which is why their
   own counters (``upstream_rq_pending_overflow`` and its kin) are not looked at.

``envoy_cluster_upstream_rq`` holds every request twice, by ``response_code`` and by
``response_code_class``; and all of it again as ``external_`` or ``internal_``. Only the series
with ``response_code`` are taken.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rolloutd.core.mesh_terms import failed
from rolloutd.core.observation import Histogram
from rolloutd.core.plan import Metrics
from rolloutd.core.scrape import Series

REQUESTS = "istio_requests_total"
DURATIONS = "istio_request_duration_milliseconds"
CLUSTER_REQUESTS = "envoy_cluster_upstream_rq"
CLUSTER_DURATIONS = "envoy_cluster_upstream_rq_time"
HISTOGRAMS = frozenset({DURATIONS, CLUSTER_DURATIONS})

INBOUND = "inbound"
"""The arm that a sidecar's own clusters and ``reporter="destination"`` series count for: the
workload that the sidecar stands beside, whatever its ports."""

_GRPC_STATUS = re.compile(r"envoy_cluster_grpc_(?:.+_)?(\d{1,2})")
"""The grpc_stats filter puts service, method and status into the name; with other suffixes
(``total``, ``success``, ``request_message_count``) it counts the same calls again."""


class Basis(enum.IntEnum):
    """A way of counting requests; the higher, the more it can tell."""

    CODES = 1
    GRPC = 2
    ISTIO = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a raw series stands for.

    Attributes:
        arm: Whom the requests went to: a cluster name, ``namespace/workload`` as a caller says,
            or ``INBOUND``.
        name: The same for the same series in any exposition format.
    """

    basis: Basis
    arm: str
    name: str
    code: str = ""
    grpc_status: str = ""
    flags: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCounters:
    """What an endpoint says of one arm on one basis."""

    requests: list[tuple[Meaning, float]] = field(default_factory=list)
    durations: list[tuple[Meaning, Histogram]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """An endpoint's answer, sorted by basis and arm; what is not there has no entry."""

    arms: Mapping[tuple[Basis, str], ArmCounters]

    def best_basis(self, arms: Iterable[Mapping[Basis, str]]) -> Basis | None:
        """Return the best basis on which any of these arms has counted requests."""
        present = {
            basis
            for names in arms
            for basis, arm in names.items()
            if (counters := self.arms.get((basis, arm))) is not None and counters.requests
        }
        return max(present, default=None)

    def series(
        self, basis: Basis, names: Mapping[Basis, str], metrics: Metrics, *, latency: bool
    ) -> Series:
        """Return one arm's series on a basis, told apart into passed and failed."""
        passed: dict[str, float] = {}
        failures: dict[str, float] = {}
        for meaning, value in self._counters(basis, names).requests:
            (failures if is_failure(meaning, metrics) else passed)[meaning.name] = value
        if not latency:
            return Series(passed=passed, failed=failures)
        # Calls are timed by their cluster, whatever they are counted by.
        timed_by = Basis.CODES if basis is Basis.GRPC else basis
        durations = self._counters(timed_by, names).durations
        return Series(
            passed=passed,
            failed=failures,
            latency={meaning.name: histogram for meaning, histogram in durations},
        )

    def _counters(self, basis: Basis, names: Mapping[Basis, str]) -> ArmCounters:
        return self.arms.get((basis, names[basis]), ArmCounters())


def is_failure(meaning: Meaning, metrics: Metrics) -> bool:
    """Say whether a series counts failed requests."""
    return failed(
        metrics, code=meaning.code, grpc_status=meaning.grpc_status, flags=meaning.flags
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which families an answer is read for.

    Attributes:
        latency: Histograms too; they are nine tenths of an answer.
        clusters: Counters of clusters too; not where all targets are counted by Istio's series.
    """

    latency: bool = True
    clusters: bool = True

    def has(self, family: str) -> bool:
        """Say whether a family can hold series that matter."""
        if family in HISTOGRAMS and not self.latency:
            return False
        if family in {REQUESTS, DURATIONS}:
            return True
        return self.clusters and (
            family in {CLUSTER_REQUESTS, CLUSTER_DURATIONS}
            or _GRPC_STATUS.fullmatch(family) is not None
        )


def meaning_of(family: str, labels: Mapping[str, str]) -> Meaning | None:
    """Return what a series of a wanted family stands for; ``None`` when it does not matter."""
    if family in {REQUESTS, DURATIONS}:
        return _istio_meaning(family, labels)
    arm = labels.get("cluster_name", "")
    if arm.startswith("inbound|"):
        return _cluster_meaning(family, labels, INBOUND)
    return _cluster_meaning(family, labels, arm) if arm.startswith("outbound|") else None


def _cluster_meaning(family: str, labels: Mapping[str, str], arm: str) -> Meaning | None:
    name = canonical_name(family, labels)
    if family == CLUSTER_DURATIONS:
        return Meaning(basis=Basis.CODES, arm=arm, name=name)
    if family == CLUSTER_REQUESTS:
        code = labels.get("response_code")
        return Meaning(basis=Basis.CODES, arm=arm, name=name, code=code) if code else None
    status = _GRPC_STATUS.fullmatch(family)
    if status is None:
        return None
    return Meaning(basis=Basis.GRPC, arm=arm, name=name, grpc_status=status[1])


def _istio_meaning(family: str, labels: Mapping[str, str]) -> Meaning | None:
    match labels.get("reporter"):
        case "destination":
            arm = INBOUND
        case "source":
            namespace = labels.get("destination_workload_namespace", "")
            arm = f"{namespace}/{labels.get('destination_workload', '')}"
        case _:
            return None
    return Meaning(
        basis=Basis.ISTIO,
        arm=arm,
        name=canonical_name(family, labels),
        code=labels.get("response_code", ""),
        grpc_status=labels.get("grpc_response_status", ""),
        flags=labels.get("response_flags", ""),
    )


def canonical_name(family: str, labels: Mapping[str, str]) -> str:
    """Return one spelling of a series.

    An endpoint may change its format between two looks, and labels their order; a series that
    then got another name would be taken for a new one, and all it ever counted for an increase.
    """
    return f"{family}{sorted(labels.items())}"
