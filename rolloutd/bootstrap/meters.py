"""Who counts requests for which plan."""

from __future__ import annotations

from rolloutd.adapters.envoy.meter import EnvoyMeter
from rolloutd.adapters.prometheus.hindsight import PrometheusHindsight
from rolloutd.adapters.prometheus.meter import PrometheusMeter
from rolloutd.bootstrap.outside import Outside
from rolloutd.core.plan import (
    CallerMetrics,
    EnvoyClusterMetrics,
    IstioMetrics,
    MetricsSource,
    SidecarMetrics,
)
from rolloutd.engine.meters import Meters
from rolloutd.ports import Hindsight, Meter
from rolloutd.settings import MeterSettings


def meters(settings: MeterSettings, world: Outside) -> Meter:
    """Return a meter for every source that the settings allow."""
    clock = world.pace.clock
    envoy = EnvoyMeter(world.envoy, clock)
    by_source: dict[type[MetricsSource], Meter] = {SidecarMetrics: envoy, CallerMetrics: envoy}
    if settings.prometheus is None:
        return Meters(by_source)
    prometheus = PrometheusMeter(world.prometheus, settings.prometheus, clock)
    by_source |= {IstioMetrics: prometheus, EnvoyClusterMetrics: prometheus}
    return Meters(by_source, prometheus)


def hindsight(settings: MeterSettings, world: Outside) -> Hindsight | None:
    """Return who knows what was counted before, if anybody does."""
    if settings.prometheus is None:
        return None
    return PrometheusHindsight(world.prometheus, settings.prometheus, world.pace.clock)
