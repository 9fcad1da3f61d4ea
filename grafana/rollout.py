"""Row "One rollout": what it does, and what its gates see."""

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
    dashed,
    words,
)

THIS = 'rollout_namespace="$rollout_namespace", rollout="$rollout"'

ONE_ROLLOUT = Row(
    title="One rollout",
    panels=(
        Panel(
            title="Weights, desired and observed",
            description=(
                "The canary's share that the VirtualService holds, and its share of counted "
                "requests (broken line). Where they part, the VirtualService is not in force."
            ),
            kind="timeseries",
            unit="percentunit",
            width=12,
            custom=STEPS,
            options=LINES,
            overrides=(dashed(".*observed"),),
            queries=(
                Query(
                    expr=(
                        "max by (track, source) (rolloutd_traffic_weight_ratio"
                        f'{{{THIS}, track="canary"}})'
                    ),
                    legend="{{track}} {{source}}",
                ),
            ),
        ),
        Panel(
            title="Phase",
            description="Which phase the rollout was in, by the record in the cluster.",
            kind="state-timeline",
            unit="none",
            width=12,
            options={
                "showValue": "never",
                "mergeValues": True,
                "legend": {"showLegend": False},
            },
            mappings=words(_0=" ", _1="here"),
            queries=(
                Query(
                    expr=f"max by (phase) (rolloutd_rollout_phase{{{THIS}}})",
                    legend="{{phase}}",
                ),
            ),
        ),
        Panel(
            title="Versions",
            description="What the plan in force compares, and the plan's hash.",
            kind="table",
            unit="none",
            width=12,
            height=5,
            queries=(Query(expr=f"rolloutd_rollout_info{{{THIS}}}", instant=True),),
            transformations=columns(
                {
                    "virtual_service": "VirtualService",
                    "stable_version": "stable",
                    "canary_version": "canary",
                    "plan_hash": "plan",
                }
            ),
        ),
        Panel(
            title="Step",
            description="The step it is at, counted from 1, of all steps of its plan.",
            kind="stat",
            unit="none",
            width=4,
            height=5,
            options=NUMBERS,
            queries=(
                Query(expr=f"max(rolloutd_step{{{THIS}}}) + 1", legend="step"),
                Query(expr=f"max(rolloutd_steps{{{THIS}}})", legend="of"),
            ),
        ),
        Panel(
            title="Time at this step",
            description=(
                "Since the step's weight was ordered, without pauses, beside the hold that the "
                "plan asks for. Far beyond it, something keeps the rollout from going on."
            ),
            kind="stat",
            unit="s",
            width=4,
            height=5,
            options=NUMBERS,
            queries=(
                Query(
                    expr=f"time() - max(rolloutd_step_started_timestamp_seconds{{{THIS}}})",
                    legend="here for",
                ),
                Query(expr=f"max(rolloutd_step_hold_seconds{{{THIS}}})", legend="hold"),
            ),
        ),
        Panel(
            title="May it go on",
            description=(
                "Whether it is paused now, and whether the plan's windows are open. The "
                "timeline of the phase shows since when."
            ),
            kind="stat",
            unit="none",
            width=4,
            height=5,
            options=NUMBERS,
            mappings=words(_0="no", _1="yes"),
            queries=(
                Query(expr=f"max(rolloutd_rollout_paused{{{THIS}}})", legend="paused"),
                Query(
                    expr=f"max(rolloutd_rollout_window_open{{{THIS}}})", legend="window open"
                ),
            ),
        ),
        Panel(
            title="Gate $gate",
            description=(
                "What the gate measured for canary and stable, and the limit in force (broken "
                "line): a ratio, milliseconds, or the query's own unit."
            ),
            kind="timeseries",
            unit="none",
            custom=SMOOTH,
            options=LINES,
            overrides=(dashed("limit.*"),),
            repeat="gate",
            queries=(
                Query(
                    expr=f'max by (track) (rolloutd_gate_value{{{THIS}, gate="$gate"}})',
                    legend="{{track}}",
                ),
                Query(
                    expr=f'max by (bound) (rolloutd_gate_limit{{{THIS}, gate="$gate"}})',
                    legend="limit ({{bound}})",
                ),
            ),
        ),
        Panel(
            title="Headroom",
            description=(
                "Room to the limit, every gate: 1 is far, 0 at the limit, negative beyond."
            ),
            kind="timeseries",
            unit="percentunit",
            custom=SMOOTH,
            options=LINES,
            queries=(
                Query(
                    expr=f"min by (gate) (rolloutd_gate_headroom_ratio{{{THIS}}})",
                    legend="{{gate}}",
                ),
            ),
        ),
        Panel(
            title="Samples",
            description="Requests that each verdict rests on, of canary and stable.",
            kind="timeseries",
            unit="short",
            custom=SMOOTH,
            options=LINES,
            queries=(
                Query(
                    expr=f"max by (gate, track) (rolloutd_gate_samples{{{THIS}}})",
                    legend="{{gate}} {{track}}",
                ),
            ),
        ),
        Panel(
            title="Verdicts",
            description=(
                "What the gates said of each new sample: inconclusive is too little evidence "
                "yet, error is no data at all."
            ),
            kind="timeseries",
            unit="none",
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (gate, result) (increase(rolloutd_gate_evaluations_total"
                        f"{{{THIS}}}[$__rate_interval]))"
                    ),
                    legend="{{gate}} {{result}}",
                ),
            ),
        ),
        Panel(
            title="Weights ordered",
            description="Advances, rollbacks and promotions.",
            kind="timeseries",
            unit="none",
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (direction) (increase(rolloutd_step_transitions_total"
                        f"{{{THIS}}}[$__rate_interval]))"
                    ),
                    legend="{{direction}}",
                ),
            ),
        ),
        Panel(
            title="Drift",
            description=(
                "Times that someone else had changed the weights: put right (corrected), or "
                "left as found with a pause."
            ),
            kind="timeseries",
            unit="none",
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (action) (increase(rolloutd_weight_drift_total"
                        f"{{{THIS}}}[$__rate_interval]))"
                    ),
                    legend="{{action}}",
                ),
            ),
        ),
        Panel(
            title="Writes",
            description=(
                "Writes to the Kubernetes API for this rollout. A healthy one has one a step; "
                "conflicts are others who write the same VirtualService."
            ),
            kind="timeseries",
            unit="none",
            custom=BARS,
            options=LINES,
            queries=(
                Query(
                    expr=(
                        "sum by (outcome) (increase(rolloutd_writes_total"
                        f"{{{THIS}}}[$__rate_interval]))"
                    ),
                    legend="{{outcome}}",
                ),
            ),
        ),
    ),
)
