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
from functools import partial

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
from rolloutd.telemetry.series import Series

ROLLOUT = ("rollout_namespace", "rollout")
TRACKS = ("stable", "canary")
DIRECTIONS = ("advance", "rollback", "promote")
EVALUATIONS = ("pass", "fail", "suspect", "inconclusive", "error")
RESULTS = ("promoted", "rolled_back", "aborted", "superseded")
TRIGGERS = ("auto", "manual")
DRIFT_ACTIONS = ("corrected", "paused")
WRITE_OUTCOMES = ("accepted", "conflict", "refused", "unavailable")
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
        self._series = Series()
        self._describe_rollouts(self.registry)
        self._describe_steps(self.registry)
        self._describe_gates(self.registry)
        self._describe_counts(self.registry)
        self._describe_durations(self.registry)
        self._describe_the_daemon(self.registry)
        self._describe_notifications(self.registry)
        self._describe_memory(self.registry)

    def _describe_rollouts(self, registry: CollectorRegistry) -> None:
        self.info = Gauge(
            "rolloutd_rollout_info",
            "Always 1; the labels say what the plan compares.",
            (*ROLLOUT, "virtual_service", "stable_version", "canary_version", "plan_hash"),
            registry=registry,
        )
        self.phase = Gauge(
            "rolloutd_rollout_phase",
            "Whether the rollout is in this phase (1) or not (0).",
            (*ROLLOUT, "phase"),
            registry=registry,
        )
        self.phase_started = Gauge(
            "rolloutd_rollout_phase_started_timestamp_seconds",
            "When the present phase was entered, by the record in the cluster.",
            ROLLOUT,
            registry=registry,
        )
        self.paused = Gauge(
            "rolloutd_rollout_paused",
            "Whether the rollout is paused (1) or not (0).",
            ROLLOUT,
            registry=registry,
        )
        self.weight = Gauge(
            "rolloutd_traffic_weight_ratio",
            "Share of the traffic: desired (in the VirtualService) and observed (counted).",
            (*ROLLOUT, "track", "source"),
            registry=registry,
        )

    def _describe_steps(self, registry: CollectorRegistry) -> None:
        self.step = Gauge(
            "rolloutd_step", "Index of the step, from 0.", ROLLOUT, registry=registry
        )
        self.steps = Gauge("rolloutd_steps", "Steps in the plan.", ROLLOUT, registry=registry)
        self.step_started = Gauge(
            "rolloutd_step_started_timestamp_seconds",
            "When the step's weight was ordered, moved on by time spent paused.",
            ROLLOUT,
            registry=registry,
        )
        self.step_hold = Gauge(
            "rolloutd_step_hold_seconds",
            "Shortest stay at this step that the plan asks for.",
            ROLLOUT,
            registry=registry,
        )

        self.window = Gauge(
            "rolloutd_rollout_window_open",
            "Whether the plan's windows allow a step now (1) or not (0).",
            ROLLOUT,
            registry=registry,
        )

    def _describe_gates(self, registry: CollectorRegistry) -> None:
        self.gate_value = Gauge(
            "rolloutd_gate_value",
            "What the gate measured, as a ratio, in milliseconds, or as the query gave it.",
            (*ROLLOUT, "gate", "track"),
            registry=registry,
        )
        self.gate_limit = Gauge(
            "rolloutd_gate_limit",
            "Strictest bound in force, in the unit of the value.",
            (*ROLLOUT, "gate", "bound"),
            registry=registry,
        )
        self.gate_headroom = Gauge(
            "rolloutd_gate_headroom_ratio",
            "Room to the limit: 1 far, 0 at the limit, negative beyond.",
            (*ROLLOUT, "gate"),
            registry=registry,
        )
        self.gate_samples = Gauge(
            "rolloutd_gate_samples",
            "Requests that the verdict rests on.",
            (*ROLLOUT, "gate", "track"),
            registry=registry,
        )
        self.evaluations = Counter(
            "rolloutd_gate_evaluations_total",
            "Verdicts on new samples: inconclusive is too little yet, error is no data.",
            (*ROLLOUT, "gate", "result"),
            registry=registry,
        )

    def _describe_counts(self, registry: CollectorRegistry) -> None:
        self.transitions = Counter(
            "rolloutd_step_transitions_total",
            "Weights ordered.",
            (*ROLLOUT, "direction"),
            registry=registry,
        )
        self.runs = Counter(
            "rolloutd_rollouts_total",
            "Runs that ended, by themselves (auto) or because a person said so (manual).",
            (*ROLLOUT, "result", "trigger"),
            registry=registry,
        )
        self.drift = Counter(
            "rolloutd_weight_drift_total",
            "Weights that someone else had changed, put right or left with a pause.",
            (*ROLLOUT, "action"),
            registry=registry,
        )
        self.writes = Counter(
            "rolloutd_writes_total",
            "Writes to the Kubernetes API by outcome.",
            (*ROLLOUT, "outcome"),
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
        key, labels = plan.key, (plan.key.namespace, plan.key.name)
        gates = {gate.name: bound_of(gate) for gate in plan.gates}
        if key not in self._gates:
            self._admit_rollout(labels)
        self._tell_versions(plan)
        self.steps.labels(*labels).set(len(plan.steps))
        known = self._gates.get(key, {})
        for gate in known:
            if gates.get(gate) is not known[gate]:
                self._series.drop(key, f"gate {gate}")
        for gate, bound in gates.items():
            if known.get(gate) is not bound:
                self._admit_gate((*labels, gate), bound)
        self._gates[key] = gates

    def dismiss(self, key: Key) -> None:
        """Remove every series of a rollout."""
        self._gates.pop(key, None)
        self._series.drop_all(key)

    def _admit_rollout(self, labels: tuple[str, str]) -> None:
        add = partial(self._series.add, "rollout")
        for gauge in (self.phase_started, self.paused, self.step, self.step_started):
            add(gauge, *labels)
        for gauge in (self.steps, self.step_hold, self.window):
            add(gauge, *labels)
        for phase in Phase:
            add(self.phase, *labels, phase.value)
        for track, source in itertools.product(TRACKS, ("desired", "observed")):
            add(self.weight, *labels, track, source).set(UNKNOWN)
        for result, trigger in itertools.product(RESULTS, TRIGGERS):
            add(self.runs, *labels, result, trigger)
        for counter, values in (
            (self.transitions, DIRECTIONS),
            (self.drift, DRIFT_ACTIONS),
            (self.writes, WRITE_OUTCOMES),
        ):
            for value in values:
                add(counter, *labels, value)

    def _admit_gate(self, labels: tuple[str, str, str], bound: Bound) -> None:
        add = partial(self._series.add, f"gate {labels[2]}")
        for track in TRACKS:
            add(self.gate_value, *labels, track).set(UNKNOWN)
            add(self.gate_samples, *labels, track).set(UNKNOWN)
        add(self.gate_limit, *labels, bound.value).set(UNKNOWN)
        add(self.gate_headroom, *labels).set(UNKNOWN)
        for result in EVALUATIONS:
            add(self.evaluations, *labels, result)

    def _tell_versions(self, plan: Plan) -> None:
        self._series.drop(plan.key, "versions")
        self._series.add(
            "versions",
            self.info,
            plan.key.namespace,
            plan.key.name,
            plan.virtual_services[0].virtual_service,
            arm_name(plan.stable),
            arm_name(plan.canary),
            plan.digest,
        ).set(1)
