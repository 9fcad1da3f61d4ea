"""Row "Controller": how the daemon itself is."""

from __future__ import annotations

from grafana.panels import (
    BARS,
    LINES,
    NUMBERS,
    SMOOTH,
    STEPS,
    Panel,
    Query,
    Row,
    columns,
    words,
)

CONTROLLER = Row(
    title="Controller",
    panels=(
        Panel(
            title="Leaders",
            description="How many replicas drive each shard: one, at any time.",
            kind="timeseries",
            unit="none",
            custom=STEPS,
            options=LINES,
            queries=(Query(expr="sum by (shard) (rolloutd_leader)", legend="{{shard}}"),),
        ),
        Panel(
            title="Loop lag",
            description="How late the event loop ran its timers: 99 of 100 were not later.",
            kind="timeseries",
            unit="s",
            custom=SMOOTH,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "histogram_quantile(0.99, sum by (le, instance) "
                        "(rate(rolloutd_loop_lag_seconds_bucket[$__rate_interval])))"
                    ),
                    legend="{{instance}}",
                ),
            ),
        ),
        Panel(
            title="Builds",
            description="Versions that run. Two of them are an upgrade under way.",
            kind="table",
            unit="none",
            queries=(
                Query(expr="count by (version, python) (rolloutd_build_info)", instant=True),
            ),
            transformations=columns(
                {"version": "version", "python": "Python", "Value": "replicas"}
            ),
        ),
        Panel(
            title="Provider latency",
            description="How long metrics providers took to answer: 95 of 100 were faster.",
            kind="timeseries",
            unit="s",
            width=12,
            custom=SMOOTH,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "histogram_quantile(0.95, sum by (le, provider) (rate("
                        "rolloutd_provider_request_duration_seconds_bucket[$__rate_interval])))"
                    ),
                    legend="{{provider}}",
                ),
            ),
        ),
        Panel(
            title="Provider requests",
            description="Requests to metrics providers by outcome.",
            kind="timeseries",
            unit="reqps",
            width=12,
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (provider, outcome) (rate("
                        "rolloutd_provider_request_duration_seconds_count[$__rate_interval]))"
                    ),
                    legend="{{provider}} {{outcome}}",
                ),
            ),
        ),
        Panel(
            title="Plans",
            description=(
                "Whether the last reading of the plans found no error, and how long ago that "
                "last was. A file with an error leaves its last good version in force."
            ),
            kind="stat",
            unit="s",
            options=NUMBERS,
            mappings=words(_0="broken", _1="good"),
            queries=(
                Query(
                    expr="min(rolloutd_config_last_reload_successful)",
                    legend="last reading",
                ),
                Query(
                    expr=(
                        "time() - max(rolloutd_config_last_reload_success_timestamp_seconds)"
                    ),
                    legend="last without error",
                ),
            ),
        ),
        Panel(
            title="Notifications",
            description=(
                "Messages to people by what became of them: expired, refused, overflow and "
                "unsent never arrived."
            ),
            kind="timeseries",
            unit="none",
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (sink, outcome) "
                        "(increase(rolloutd_notifications_total[$__rate_interval]))"
                    ),
                    legend="{{sink}} {{outcome}}",
                ),
            ),
        ),
        Panel(
            title="Messages that wait",
            description="Length of the queue to each channel; empty unless a channel is away.",
            kind="timeseries",
            unit="none",
            custom=STEPS,
            options=LINES,
            queries=(
                Query(
                    expr="sum by (sink) (rolloutd_notification_queue_length)",
                    legend="{{sink}}",
                ),
            ),
        ),
        Panel(
            title="Records of what happened",
            description=(
                "Finished runs by whether the history has them, and attempts to write to the "
                "audit file that failed: those are made again."
            ),
            kind="timeseries",
            unit="none",
            width=24,
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (outcome) "
                        "(increase(rolloutd_history_writes_total[$__rate_interval]))"
                    ),
                    legend="history {{outcome}}",
                ),
                Query(
                    expr="sum(increase(rolloutd_audit_failures_total[$__rate_interval]))",
                    legend="audit failures",
                ),
            ),
        ),
    ),
)
