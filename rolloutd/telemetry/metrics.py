"""Every metric that the daemon exports: name, help, labels.

No label is called ``namespace``: Prometheus Operator renames that one. Series exist from the
moment a plan is loaded and go when it goes, so that an alert never waits for a first event.
"""

from __future__ import annotations

import platform

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rolloutd import __version__
from rolloutd.core.plan import Key
from rolloutd.core.state import Phase

ROLLOUT = ("rollout_namespace", "rollout")

NOTIFICATION_OUTCOMES = ("sent", "duplicate", "overflow", "expired", "refused")

RUN_SECONDS = (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)
ROLLBACK_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """All instruments, in one registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._describe_rollouts(self.registry)
        self._describe_gates(self.registry)
        self._describe_ends(self.registry)
        self._describe_the_daemon(self.registry)
        self._describe_notifications(self.registry)

    def _describe_rollouts(self, registry: CollectorRegistry) -> None:
        self.phase = Gauge(
            "rolloutd_rollout_phase",
            "Whether the rollout is in this phase (1) or not (0).",
            (*ROLLOUT, "phase"),
            registry=registry,
        )
        self.weight = Gauge(
            "rolloutd_traffic_weight_ratio",
            "Share of the traffic: desired (in the VirtualService) and observed (counted).",
            (*ROLLOUT, "track", "source"),
            registry=registry,
        )
        self.step = Gauge(
            "rolloutd_step", "Index of the step, from 0.", ROLLOUT, registry=registry
        )
        self.steps = Gauge("rolloutd_steps", "Steps in the plan.", ROLLOUT, registry=registry)
        self.step_started = Gauge(
            "rolloutd_step_started_timestamp_seconds",
            "When the step's weight was ordered.",
            ROLLOUT,
            registry=registry,
        )
        self.transitions = Counter(
            "rolloutd_step_transitions_total",
            "Weights ordered.",
            (*ROLLOUT, "direction"),
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
            (*ROLLOUT, "gate"),
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
            "Canary requests that the verdict rests on.",
            (*ROLLOUT, "gate"),
            registry=registry,
        )
        self.evaluations = Counter(
            "rolloutd_gate_evaluations_total",
            "Verdicts by ruling.",
            (*ROLLOUT, "gate", "result"),
            registry=registry,
        )

    def _describe_ends(self, registry: CollectorRegistry) -> None:
        self.runs = Counter(
            "rolloutd_rollouts_total",
            "Runs that ended.",
            (*ROLLOUT, "result"),
            registry=registry,
        )
        self.run_seconds = Histogram(
            "rolloutd_rollout_duration_seconds",
            "From the first weight to the end of the run.",
            ("result",),
            buckets=RUN_SECONDS,
            registry=registry,
        )
        self.rollback_seconds = Histogram(
            "rolloutd_rollback_duration_seconds",
            "From the decision to roll back to the accepted write.",
            buckets=ROLLBACK_SECONDS,
            registry=registry,
        )
        self.drift = Counter(
            "rolloutd_weight_drift_total",
            "Weights that someone else had changed.",
            (*ROLLOUT, "action"),
            registry=registry,
        )
        self.writes = Counter(
            "rolloutd_writes_total",
            "Writes to the Kubernetes API by outcome.",
            (*ROLLOUT, "outcome"),
            registry=registry,
        )

    def _describe_the_daemon(self, registry: CollectorRegistry) -> None:
        self.provider_seconds = Histogram(
            "rolloutd_provider_request_duration_seconds",
            "Time one look at the metrics took.",
            ("outcome",),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self.loop_lag = Histogram(
            "rolloutd_loop_lag_seconds",
            "How late the event loop ran a timer.",
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self.plans_broken = Gauge(
            "rolloutd_config_last_reload_successful",
            "Whether the last reading of the plans found no error (1) or some (0).",
            registry=registry,
        )
        self.plans_read_at = Gauge(
            "rolloutd_config_last_reload_success_timestamp_seconds",
            "When the plans were last read without error.",
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

    def admit_sink(self, sink: str) -> None:
        """Create a sink's series at 0."""
        self.notification_queue.labels(sink).set(0)
        for outcome in NOTIFICATION_OUTCOMES:
            self.notifications.labels(sink, outcome)

    def admit(self, key: Key, steps: int) -> None:
        """Create a rollout's series at 0."""
        labels = (key.namespace, key.name)
        for phase in Phase:
            self.phase.labels(*labels, phase.value).set(0)
        for track in ("stable", "canary"):
            self.weight.labels(*labels, track, "desired").set(0)
        self.step.labels(*labels).set(0)
        self.steps.labels(*labels).set(steps)
        for direction in ("advance", "rollback", "promote"):
            self.transitions.labels(*labels, direction)
        for result in ("promoted", "rolledBack", "aborted"):
            self.runs.labels(*labels, result)
        for action in ("corrected", "paused"):
            self.drift.labels(*labels, action)
        for outcome in ("accepted", "conflict", "refused", "unavailable"):
            self.writes.labels(*labels, outcome)

    def dismiss(self, key: Key) -> None:
        """Remove every series of a rollout."""
        labels = {"rollout_namespace": key.namespace, "rollout": key.name}
        for metric in (
            self.phase,
            self.weight,
            self.step,
            self.steps,
            self.step_started,
            self.transitions,
            self.gate_value,
            self.gate_limit,
            self.gate_headroom,
            self.gate_samples,
            self.evaluations,
            self.runs,
            self.drift,
            self.writes,
        ):
            metric.remove_by_labels(labels)
