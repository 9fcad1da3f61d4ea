"""Every field of a plan as Markdown tables, from the models that plans are checked against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic.fields import FieldInfo

from rolloutd.adapters.plans import gate_models, models
from rolloutd.adapters.plans.base import Part

PARTS: Final[tuple[tuple[str, type[Part]], ...]] = (
    ("The document", models.PlanDocument),
    ("`metadata`", models.Metadata),
    ("`spec`", models.Spec),
    ("`virtualService`", models.VirtualServiceRef),
    ("`stable` and `canary`", models.Arm),
    ("`steps`: a weight", models.WeightStep),
    ("`steps`: a pause", models.PauseStep),
    ("`pause`", models.Pause),
    ("`gates`: `type: successRate`", gate_models.SuccessRateGate),
    ("`vsStable` of `successRate`", gate_models.SuccessDrop),
    ("`gates`: `type: latency`", gate_models.LatencyGate),
    ("`vsStable` of `latency`", gate_models.SlowRatio),
    ("`gates`: `type: promql`", gate_models.PromqlGate),
    ("`vsStable` of `promql`", gate_models.ValueRatio),
    ("`confidence`", gate_models.Confidence),
    ("`samples`", gate_models.Samples),
    ("`metrics`: `source: istio`", models.IstioSource),
    ("`metrics`: `source: envoyCluster`", models.EnvoyClusterSource),
    ("`metrics`: `source: sidecars`", models.SidecarsSource),
    ("`metrics`: `source: callers`", models.CallersSource),
    ("`onBlind`", models.OnBlind),
    ("`onPromoted`", models.OnPromoted),
    ("`scaleDownStable`", models.ScaleDown),
    ("`start`: by the calendar", models.CronStart),
    ("`windows`", models.Window),
)
"""Headings and what stands below them, in the order of reading."""


def reference() -> str:
    """Return the tables; ends with a line feed."""
    return "\n".join(line for title, part in PARTS for line in _section(title, part))


def _section(title: str, part: type[Part]) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"{(part.__doc__ or '').strip()}\n"
    yield "| Field | Default | Meaning |"
    yield "|---|---|---|"
    for name, field in part.model_fields.items():
        meaning = (field.description or "").replace("|", r"\|")
        yield f"| `{field.alias or name}` | {_default(field)} | {meaning} |"
    yield ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    extra = field.json_schema_extra
    written = extra.get("default") if isinstance(extra, dict) else None
    if isinstance(written, list):
        return ", ".join(f"`{each}`" for each in written)
    return "" if written is None else f"`{written}`"
