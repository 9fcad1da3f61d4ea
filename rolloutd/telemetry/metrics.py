"""Every metric that the daemon exports: name, help, labels.

No label is called ``namespace``: Prometheus Operator renames that one. Series exist from the
moment a plan is loaded and go when it goes, so that an alert never waits for a first event.
Counters begin at 0; a gauge of what is not known yet is NaN, which no alert takes for a value.
"""

from __future__ import annotations

import itertools
import math
import platform
from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from rolloutd import __version__
from rolloutd.core.bound import Bound, bound_of
from rolloutd.core.plan import Key, Plan
from rolloutd.core.state import Phase
from rolloutd.core.steps import arm_name
from rolloutd.telemetry.series import RolloutCounter, RolloutGauge, RolloutMetric

ALONE = ((),)
"""The labels of a rollout's only series."""
TRACKS = ("stable", "canary")
PHASES = tuple((phase.value,) for phase in Phase)
SPLITS = tuple(itertools.product(TRACKS, ("desired", "observed")))
DIRECTIONS = (("advance",), ("rollback",), ("promote",))
EVALUATIONS = ("pass", "fail", "suspect", "inconclusive", "error")
ENDS = tuple(
    itertools.product(("promoted", "rolled_back", "aborted", "superseded"), ("auto", "manual"))
)
DRIFT_ACTIONS = (("corrected",), ("paused",))
WRITE_OUTCOMES = (("accepted",), ("conflict",), ("refused",), ("unavailable",))
NOTIFICATION_OUTCOMES = ("sent", "duplicate", "overflow", "expired", "refused", "unsent")
HISTORY_OUTCOMES = ("written", "known", "lost")
REQUEST_OUTCOMES = ("ok", "error")

RUN_SECONDS = (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)
"""From half a minute to a day: a rollout that fits no bucket tells nothing."""
ROLLBACK_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
DETECTION_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

UNKNOWN = math.nan


class Metrics:
    """All instruments, in one registry of their own."""

    def __init__(self) -> None:
        # The library's own switch, for the whole process. When a counter began is of no use to
        # anyone here, and would be a third of all series.
        disable_created_metrics()  # type: ignore[no-untyped-call] # theirs has no types
        self.registry = CollectorRegistry()
        self._gates: dict[Key, Mapping[str, Bound]] = {}
        self._describe_rollouts(self.registry)
        self._describe_steps(self.registry)
        self._describe_gates(self.registry)
        self._describe_counts(self.registry)
        self._describe_durations(self.registry)
        self._describe_the_daemon(self.registry)
        self._describe_notifications(self.registry)
        self._describe_memory(self.registry)
        self._of_rollouts = [
            each for each in vars(self).values() if isinstance(each, RolloutMetric)
        ]

    def _describe_rollouts(self, registry: CollectorRegistry) -> None:
        self.info = RolloutGauge(
            "rolloutd_rollout_info",
            "Always 1; the labels say what the plan compares.",
            ("virtual_service", "stable_version", "canary_version", "plan_hash"),
            registry=registry,
        )
        self.phase = RolloutGauge(
            "rolloutd_rollout_phase",
            "Whether the rollout is in this phase (1) or not (0).",
            ("phase",),
            registry=registry,
        )
        self.phase_started = RolloutGauge(
            "rolloutd_rollout_phase_started_timestamp_seconds",
            "When the present phase was entered, by the record in the cluster.",
            registry=registry,
        )
        self.paused = RolloutGauge(
            "rolloutd_rollout_paused",
            "Whether the rollout is paused (1) or not (0).",
            registry=registry,
        )
        self.weight = RolloutGauge(
            "rolloutd_traffic_weight_ratio",
            "Share of the traffic: desired (in the VirtualService) and observed (counted).",
            ("track", "source"),
            registry=registry,
        )

    def _describe_steps(self, registry: CollectorRegistry) -> None:
        self.step = RolloutGauge(
            "rolloutd_step", "Index of the step, from 0.", registry=registry
        )
        self.steps = RolloutGauge("rolloutd_steps", "Steps in the plan.", registry=registry)
        self.step_started = RolloutGauge(
            "rolloutd_step_started_timestamp_seconds",
            "When the step's weight was ordered, moved on by time spent paused.",
            registry=registry,
        )
        self.step_hold = RolloutGauge(
            "rolloutd_step_hold_seconds",
            "Shortest stay at this step that the plan asks for.",
            registry=registry,
        )

        self.window = RolloutGauge(
            "rolloutd_rollout_window_open",
            "Whether the plan's windows allow a step now (1) or not (0).",
            registry=registry,
        )

    def _describe_gates(self, registry: CollectorRegistry) -> None:
        self.gate_value = RolloutGauge(
            "rolloutd_gate_value",
            "What the gate measured, as a ratio, in milliseconds, or as the query gave it.",
            ("gate", "track"),
            registry=registry,
        )
        self.gate_limit = RolloutGauge(
            "rolloutd_gate_limit",
            "Strictest bound in force, in the unit of the value.",
            ("gate", "bound"),
            registry=registry,
        )
        self.gate_headroom = RolloutGauge(
            "rolloutd_gate_headroom_ratio",
            "Room to the limit: 1 far, 0 at the limit, negative beyond.",
            ("gate",),
            registry=registry,
        )
        self.gate_samples = RolloutGauge(
            "rolloutd_gate_samples",
            "Requests that the verdict rests on.",
            ("gate", "track"),
            registry=registry,
        )
        self.evaluations = RolloutCounter(
            "rolloutd_gate_evaluations_total",
            "Verdicts on new samples: inconclusive is too little yet, error is no data.",
            ("gate", "result"),
            registry=registry,
        )

    def _describe_counts(self, registry: CollectorRegistry) -> None:
        self.transitions = RolloutCounter(
            "rolloutd_step_transitions_total",
            "Weights ordered.",
            ("direction",),
            registry=registry,
        )
        self.runs = RolloutCounter(
            "rolloutd_rollouts_total",
            "Runs that ended, by themselves (auto) or because a person said so (manual).",
            ("result", "trigger"),
            registry=registry,
        )
        self.drift = RolloutCounter(
            "rolloutd_weight_drift_total",
            "Weights that someone else had changed, put right or left with a pause.",
            ("action",),
            registry=registry,
        )
        self.writes = RolloutCounter(
            "rolloutd_writes_total",
            "Writes to the Kubernetes API by outcome.",
            ("outcome",),
            registry=registry,
        )

    def _describe_durations(self, registry: CollectorRegistry) -> None:
        self.run_seconds = Histogram(
            "rolloutd_rollout_duration_seconds",
            "From the first weight to the end of the run.",
            ("result",),
            buckets=RUN_SECONDS,
            registry=registry,
        )
        self.pause_seconds = Histogram(
            "rolloutd_pause_duration_seconds",
            "From the beginning of a pause to its end, by what caused it.",
            ("source",),
            buckets=RUN_SECONDS,
            registry=registry,
        )
        self.rollback_seconds = Histogram(
            "rolloutd_rollback_duration_seconds",
            "From the decision to roll back to the accepted write, failed attempts included.",
            buckets=ROLLBACK_SECONDS,
            registry=registry,
        )
        self.detection_seconds = Histogram(
            "rolloutd_breach_detection_seconds",
            "From the order of a step's weight to the decision that its gates are broken: "
            "the longest that a fault at that weight can have gone unnoticed.",
            buckets=DETECTION_SECONDS,
            registry=registry,
        )

    def _describe_the_daemon(self, registry: CollectorRegistry) -> None:
        self.provider_seconds = Histogram(
            "rolloutd_provider_request_duration_seconds",
            "Time from asking a metrics provider to the head of its answer.",
            ("provider", "outcome"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self.loop_lag = Histogram(
            "rolloutd_loop_lag_seconds",
            "How late the event loop ran a timer.",
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self.plans_good = Gauge(
            "rolloutd_config_last_reload_successful",
            "Whether the last reading of the plans found no error (1) or some (0).",
            registry=registry,
        )
        self.plans_read_at = Gauge(
            "rolloutd_config_last_reload_success_timestamp_seconds",
            "When the plans were last read without error.",
            registry=registry,
        )
        self.leader = Gauge(
            "rolloutd_leader",
            "Whether this process drives the rollouts of a shard (1) or stands by (0).",
            ("shard",),
            registry=registry,
        )
        Gauge(
            "rolloutd_build_info", "Version.", ("version", "python"), registry=registry
        ).labels(__version__, platform.python_version()).set(1)

    def _describe_notifications(self, registry: CollectorRegistry) -> None:
        self.notifications = Counter(
            "rolloutd_notifications_total",
            "Messages to people by what became of them.",
            ("sink", "outcome"),
            registry=registry,
        )
        self.notification_queue = Gauge(
            "rolloutd_notification_queue_length",
            "Messages that wait for delivery.",
            ("sink",),
            registry=registry,
        )

    def _describe_memory(self, registry: CollectorRegistry) -> None:
        self.history = Counter(
            "rolloutd_history_writes_total",
            "Finished runs by what became of them: written to the history, known there already,"
            " or lost.",
            ("outcome",),
            registry=registry,
        )
        for outcome in HISTORY_OUTCOMES:
            self.history.labels(outcome)
        self.audit_failures = Counter(
            "rolloutd_audit_failures_total",
            "Attempts to write to the audit file that failed; what they held is tried again.",
            registry=registry,
        )

    def admit_sink(self, sink: str) -> None:
        """Create a sink's series at 0."""
        self.notification_queue.labels(sink).set(0)
        for outcome in NOTIFICATION_OUTCOMES:
            self.notifications.labels(sink, outcome)

    def admit_provider(self, provider: str) -> None:
        """Create a provider's series at 0."""
        for outcome in REQUEST_OUTCOMES:
            self.provider_seconds.labels(provider, outcome)

    def admit(self, plan: Plan) -> None:
        """Create a rollout's series; after an edit of its plan, make them fit the new one."""
        key, gates = plan.key, {gate.name: bound_of(gate) for gate in plan.gates}
        if key not in self._gates:
            self._admit_rollout(key)
        self._tell_versions(plan)
        self.steps.begin(key, ALONE, len(plan.steps))
        known = self._gates.get(key, {})
        for gate in known:
            if gates.get(gate) is not known[gate]:
                self._dismiss_gate(key, gate)
        for gate, bound in gates.items():
            if known.get(gate) is not bound:
                self._admit_gate(key, gate, bound)
        self._gates[key] = gates

    def dismiss(self, key: Key) -> None:
        """Remove every series of a rollout."""
        self._gates.pop(key, None)
        for metric in self._of_rollouts:
            metric.drop(key)

    def _admit_rollout(self, key: Key) -> None:
        for gauge in (self.phase_started, self.paused, self.step, self.step_started):
            gauge.begin(key, ALONE)
        for gauge in (self.step_hold, self.window):
            gauge.begin(key, ALONE)
        self.phase.begin(key, PHASES)
        self.weight.begin(key, SPLITS, UNKNOWN)
        self.runs.begin(key, ENDS)
        self.transitions.begin(key, DIRECTIONS)
        self.drift.begin(key, DRIFT_ACTIONS)
        self.writes.begin(key, WRITE_OUTCOMES)

    def _admit_gate(self, key: Key, gate: str, bound: Bound) -> None:
        tracks = [(gate, track) for track in TRACKS]
        self.gate_value.begin(key, tracks, UNKNOWN)
        self.gate_samples.begin(key, tracks, UNKNOWN)
        self.gate_limit.begin(key, [(gate, bound.value)], UNKNOWN)
        self.gate_headroom.begin(key, [(gate,)], UNKNOWN)
        self.evaluations.begin(key, [(gate, result) for result in EVALUATIONS])

    def _dismiss_gate(self, key: Key, gate: str) -> None:
        for gauge in (self.gate_value, self.gate_samples, self.gate_limit, self.gate_headroom):
            gauge.drop_first(key, gate)
        self.evaluations.drop_first(key, gate)

    def _tell_versions(self, plan: Plan) -> None:
        where = plan.virtual_services[0].virtual_service
        versions = (where, arm_name(plan.stable), arm_name(plan.canary), plan.digest)
        self.info.drop(plan.key)
        self.info.begin(plan.key, [versions], 1.0)
