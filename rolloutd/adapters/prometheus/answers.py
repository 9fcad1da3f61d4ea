"""From rows of an answer to what each scraped instance said of each arm.

Every instance is a source of its own (``core/increase.py``). One that Prometheus no longer
lists is gone; one that it lists for the first time sets a baseline, because nothing tells a new
pod from an old one that was not scraped before. That costs the first interval of each new pod,
and in return no pod's past is ever taken for the present.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rolloutd.adapters.prometheus.client import Row
from rolloutd.adapters.prometheus.questions import COUNTED, KIND, SOURCE_LABELS, arm_of
from rolloutd.core.mesh_terms import failed
from rolloutd.core.observation import Histogram
from rolloutd.core.plan import Metrics
from rolloutd.core.scrape import Look, Missed, Scrape, Series, Side
from rolloutd.core.units import Seconds

_STATUS = re.compile(r"envoy_cluster_grpc_(?:.+_)?(\d{1,2})")


@dataclass(slots=True)
class Instance:
    """What one scraped instance said of one arm.

    Attributes:
        age: Time since it was last scraped, by Prometheus' clock.
        counters: Rows of requests by outcome.
        buckets: Upper edge in milliseconds and cumulative count.
    """

    age: Seconds = Seconds(0.0)
    counters: list[Row] = field(default_factory=list)
    buckets: list[tuple[float, float]] = field(default_factory=list)


Sheet = dict[str, dict[str, Instance]]
"""By arm, then by instance."""


def sheet(rows: Iterable[Row]) -> Sheet:
    """Sort the rows of an answer.

    Raises:
        ValueError: A bucket's edge is no number.
    """
    sorted_rows: Sheet = {}
    for row in rows:
        instance = sorted_rows.setdefault(arm_of(row.labels), {}).setdefault(
            _source(row.labels), Instance()
        )
        if (edge := row.labels.get("le")) is not None:
            instance.buckets.append((float(edge), row.value))
        elif row.labels.get(KIND) == COUNTED:
            instance.counters.append(row)
        else:
            instance.age = Seconds(row.at - row.value)
    return sorted_rows


def dated(statuses: Sheet, counts: Sheet) -> Sheet:
    """Return calls by status with the ages of the same instances' counts by code."""
    return {
        arm: {
            name: replace(instance, age=counts.get(arm, {}).get(name, instance).age)
            for name, instance in instances.items()
        }
        for arm, instances in statuses.items()
    }


def counts_look(
    answer: Sheet, arms: Mapping[Side, str], metrics: Metrics, stale_after: Seconds
) -> Look:
    """Return what the instances counted; empty when Prometheus knows neither arm.

    An arm without any series, beside one that has some, is an arm without traffic.
    """

    def said(instance: Instance) -> Series | None:
        if instance.age > stale_after:
            return None
        return _counters(instance, metrics)

    look = _look(answer, arms, said)
    known = {side for side, arm in arms.items() if arm in answer}
    if known and len(known) < len(arms):
        idle = {side: Series() for side in arms if side not in known}
        look["Prometheus"] = Scrape(arms=idle)
    return look


def durations_look(answer: Sheet, arms: Mapping[Side, str]) -> Look:
    """Return how long the instances say that requests took."""

    def said(instance: Instance) -> Series | None:
        histogram = _histogram(instance)
        return None if histogram is None else Series(latency={"le": histogram})

    return _look(answer, arms, said)


def youngest(answer: Sheet, arms: Mapping[Side, str]) -> Seconds:
    """Return the age of the newest count behind an answer."""
    ages = [instance.age for arm in arms.values() for instance in answer.get(arm, {}).values()]
    return Seconds(max(0.0, min(ages, default=0.0)))


def _look(
    answer: Sheet, arms: Mapping[Side, str], said: Callable[[Instance], Series | None]
) -> dict[str, Scrape | Missed]:
    names = {name for arm in arms.values() for name in answer.get(arm, {})}
    look: dict[str, Scrape | Missed] = {}
    for name in names:
        instances = {
            side: answer[arm][name] for side, arm in arms.items() if name in answer.get(arm, {})
        }
        series = {side: said(instance) for side, instance in instances.items()}
        sound = {side: told for side, told in series.items() if told is not None}
        if len(sound) == len(series):
            look[name] = Scrape(arms=sound)
        else:
            age = max(instance.age for instance in instances.values())
            reason = f"Prometheus has nothing usable of {name}: last scraped {age:.0f} s ago."
            look[name] = Missed(sides=frozenset(series), reason=reason)
    return look


def _counters(instance: Instance, metrics: Metrics) -> Series:
    passed: dict[str, float] = {}
    failures: dict[str, float] = {}
    for row in instance.counters:
        status = _STATUS.fullmatch(row.labels.get("__name__", ""))
        code = row.labels.get("response_code", "")
        grpc_status = status[1] if status else row.labels.get("grpc_response_status", "")
        flags = row.labels.get("response_flags", "")
        is_failure = failed(metrics, code=code, grpc_status=grpc_status, flags=flags)
        name = row.labels.get("__name__") or f"{code} {grpc_status} {flags}"
        (failures if is_failure else passed)[name] = row.value
    return Series(passed=passed, failed=failures)


def _histogram(instance: Instance) -> Histogram | None:
    """Return the buckets in order; ``None`` unless they are whole."""
    edges = sorted(instance.buckets)
    try:
        counts = tuple(int(count) for _, count in edges)
    except (ValueError, OverflowError):
        return None
    if not edges or edges[-1][0] != float("inf"):
        return None
    return Histogram(bounds=tuple(edge for edge, _ in edges[:-1]), counts=counts)


def _source(labels: Mapping[str, str]) -> str:
    parts: Sequence[str] = [labels[name] for name in SOURCE_LABELS if labels.get(name)]
    return " ".join(parts) or "an instance without a name"
