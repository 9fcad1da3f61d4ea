"""Builds the dashboard: ``python -m grafana.build`` writes ``grafana/dashboard.json``."""

from __future__ import annotations

import json
from pathlib import Path

from grafana.controller import CONTROLLER
from grafana.fleet import FLEET
from grafana.panels import DATASOURCE, Json, laid_out
from grafana.rollout import ONE_ROLLOUT, THIS

FILE = Path(__file__).parent / "dashboard.json"

SCHEMA = 39
"""Of Grafana 10.4; newer ones take it and bring it up to date."""


def dashboard() -> Json:
    """Return the dashboard as Grafana stores it."""
    return {
        "uid": "rolloutd",
        "title": "rolloutd",
        "description": "Canary rollouts: the fleet, one rollout, and the daemon itself.",
        "tags": ["rolloutd", "canary", "istio"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "",
        "templating": {"list": _variables()},
        "annotations": {"list": _annotations()},
        "panels": laid_out((FLEET, ONE_ROLLOUT, CONTROLLER)),
        "links": [],
    }


def text() -> str:
    """Return the file's content."""
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"


def _variables() -> list[Json]:
    namespaces = "label_values(rolloutd_rollout_info, rollout_namespace)"
    rollouts = (
        'label_values(rolloutd_rollout_info{rollout_namespace="$rollout_namespace"}, rollout)'
    )
    gates = f"label_values(rolloutd_gate_headroom_ratio{{{THIS}}}, gate)"
    datasource: Json = {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
    }
    return [
        datasource,
        _asked("rollout_namespace", "Namespace", namespaces),
        _asked("rollout", "Rollout", rollouts),
        # Hidden: it is there for the panels that are repeated, and always all of them.
        _asked("gate", "Gate", gates)
        | {
            "hide": 2,
            "multi": True,
            "includeAll": True,
            "current": {"text": ["All"], "value": ["$__all"]},
        },
    ]


def _asked(name: str, label: str, query: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": dict(DATASOURCE),
        "query": {"query": query, "refId": name},
        "definition": query,
        # Anew when the time range changes: a plan of last week has a name of its own.
        "refresh": 2,
        "sort": 1,
        "multi": False,
        "includeAll": False,
        "hide": 0,
        "current": {},
    }


def _annotations() -> list[Json]:
    return [
        _annotation(
            "Transitions",
            "blue",
            f"sum by (direction) (changes(rolloutd_step_transitions_total{{{THIS}}}[1m])) > 0",
            "{{direction}}",
        ),
        _annotation(
            "Alerts",
            "red",
            f'ALERTS{{alertname=~"Rolloutd.+", alertstate="firing", {THIS}}}',
            "{{alertname}}",
        ),
    ]


def _annotation(name: str, colour: str, expr: str, title: str) -> Json:
    return {
        "name": name,
        "datasource": dict(DATASOURCE),
        "enable": True,
        "iconColor": colour,
        "expr": expr,
        "step": "1m",
        "titleFormat": title,
        "textFormat": "{{rollout_namespace}}/{{rollout}}",
    }


if __name__ == "__main__":
    FILE.write_text(text())
