"""Row "Fleet": all rollouts at a glance, worst first."""

from __future__ import annotations

from grafana.panels import (
    BARS,
    LINES,
    NUMBERS,
    SMOOTH,
    Panel,
    Query,
    Row,
    columns,
    in_unit,
)

ROLLOUT = "rollout_namespace, rollout"

FLEET = Row(
    title="Fleet",
    panels=(
        Panel(
            title="Rollouts by phase",
            description="How many rollouts are in each phase now.",
            kind="stat",
            unit="none",
            width=8,
            height=6,
            options=NUMBERS,
            queries=(
                Query(
                    expr=f"sum by (phase) (max by ({ROLLOUT}, phase) (rolloutd_rollout_phase))",
                    legend="{{phase}}",
                ),
            ),
        ),
        Panel(
            title="Needs attention",
            description=(
                "Rollouts that a person should look at: paused, rolled back or aborted, with "
                "the time since. A rollback stays here until a new run begins."
            ),
            kind="table",
            unit="none",
            width=16,
            height=6,
            queries=(
                Query(
                    expr=(
                        f"(time() - max by ({ROLLOUT}) "
                        "(rolloutd_rollout_phase_started_timestamp_seconds))"
                        f" * on ({ROLLOUT}) group_right () (max by ({ROLLOUT}, phase) "
                        '(rolloutd_rollout_phase{phase=~"paused|rolledBack|aborted"}) == 1)'
                    ),
                    instant=True,
                ),
            ),
            transformations=columns(
                {
                    "rollout_namespace": "namespace",
                    "rollout": "rollout",
                    "phase": "phase",
                    "Value": "for",
                }
            ),
            overrides=(in_unit("for", "s"),),
        ),
        Panel(
            title="All rollouts",
            description=(
                "The canary's share by the VirtualService and by counted requests, and the "
                "versions that are compared."
            ),
            kind="table",
            unit="none",
            width=16,
            queries=(
                Query(expr="rolloutd_rollout_info", instant=True),
                Query(
                    expr=(
                        f"max by ({ROLLOUT}) (rolloutd_traffic_weight_ratio"
                        '{track="canary", source="desired"})'
                    ),
                    instant=True,
                ),
                Query(
                    expr=(
                        f"max by ({ROLLOUT}) (rolloutd_traffic_weight_ratio"
                        '{track="canary", source="observed"})'
                    ),
                    instant=True,
                ),
            ),
            transformations=columns(
                {
                    "rollout_namespace": "namespace",
                    "rollout": "rollout",
                    "stable_version": "stable",
                    "canary_version": "canary",
                    "Value #B": "desired",
                    "Value #C": "observed",
                }
            ),
            overrides=(in_unit("desired", "percentunit"), in_unit("observed", "percentunit")),
        ),
        Panel(
            title="Nearest to their limits",
            description=(
                "The ten gates with the least room: 1 is far, 0 at the limit, negative beyond."
            ),
            kind="timeseries",
            unit="percentunit",
            custom=SMOOTH,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        f"bottomk(10, min by ({ROLLOUT}, gate) (rolloutd_gate_headroom_ratio))"
                    ),
                    legend="{{rollout_namespace}}/{{rollout}} {{gate}}",
                ),
            ),
        ),
        Panel(
            title="Runs that ended",
            description="By what became of them, and whether a person ended them.",
            kind="timeseries",
            unit="none",
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (result, trigger) "
                        "(increase(rolloutd_rollouts_total[$__rate_interval]))"
                    ),
                    legend="{{result}} ({{trigger}})",
                ),
            ),
        ),
        Panel(
            title="How long runs take",
            description="Median, from the first weight to the end, over the time shown.",
            kind="stat",
            unit="s",
            options=NUMBERS,
            queries=(
                Query(
                    expr=(
                        "histogram_quantile(0.5, sum by (le, result) "
                        "(increase(rolloutd_rollout_duration_seconds_bucket[$__range])))"
                    ),
                    legend="{{result}}",
                ),
            ),
        ),
        Panel(
            title="How long pauses last",
            description="Median by what caused the pause, over the time shown.",
            kind="stat",
            unit="s",
            options=NUMBERS,
            queries=(
                Query(
                    expr=(
                        "histogram_quantile(0.5, sum by (le, source) "
                        "(increase(rolloutd_pause_duration_seconds_bucket[$__range])))"
                    ),
                    legend="{{source}}",
                ),
            ),
        ),
        Panel(
            title="From decision to stable",
            description=(
                "How long a rollback took from the decision to the accepted write, failed "
                "attempts included; over the time shown."
            ),
            kind="stat",
            unit="s",
            width=12,
            options=NUMBERS,
            queries=tuple(
                Query(
                    expr=(
                        f"histogram_quantile({quantile}, sum by (le) "
                        "(increase(rolloutd_rollback_duration_seconds_bucket[$__range])))"
                    ),
                    legend=f"p{quantile * 100:g}",
                )
                for quantile in (0.5, 0.95)
            ),
        ),
        Panel(
            title="From weight to detection",
            description=(
                "How long a canary had a weight before the gates broke at it: the longest that "
                "a fault can have gone unnoticed; over the time shown."
            ),
            kind="stat",
            unit="s",
            width=12,
            options=NUMBERS,
            queries=tuple(
                Query(
                    expr=(
                        f"histogram_quantile({quantile}, sum by (le) "
                        "(increase(rolloutd_breach_detection_seconds_bucket[$__range])))"
                    ),
                    legend=f"p{quantile * 100:g}",
                )
                for quantile in (0.5, 0.95)
            ),
        ),
    ),
)
