"""What Prometheus has recorded of both versions, as the daemon would have counted it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import datetime

import aiohttp
import click

from rolloutd.adapters.clock import SystemClock
from rolloutd.adapters.plans.quantities import DURATION_PATTERN, parse_duration
from rolloutd.adapters.prometheus.replay import Span, samples
from rolloutd.core.observation import Counts, History, Sample
from rolloutd.core.past import BLOCK, SPAN, history
from rolloutd.core.plan import (
    Arm,
    CallerMetrics,
    EnvoyClusterMetrics,
    IstioMetrics,
    Latency,
    Plan,
    Promql,
    SidecarMetrics,
)
from rolloutd.core.target import ArmTarget, Target
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable

MOST_LOOKS = 20_000
"""About a day of looks every five seconds, and about three minutes of asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Where and when.

    Attributes:
        url: Prometheus' base URL.
        stable: What was stable then, as metrics call it: a Deployment for Istio's, a subset
            for Envoy's clusters; ``None`` for the plan's.
        canary: Likewise.
    """

    url: str
    begin: Instant
    end: Instant
    stable: str | None
    canary: str | None


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> Instant | None:
    """Read ``2026-11-20T14:00:00Z``, ``now``, or ``-2h``: so long ago."""
    if value is None:
        return None
    now = SystemClock().wall()
    if value == "now":
        return now
    if value.startswith("-") and re.fullmatch(DURATION_PATTERN, value[1:]):
        return Instant(now - parse_duration(value[1:]))
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        wanted = f"{value!r} is not a time such as 2026-11-20T14:00:00Z, -2h or now"
        raise click.BadParameter(wanted, ctx, param)
    return Instant(at.timestamp())


def read_recording(plan: Plan, recording: Recording) -> tuple[list[Sample], History | None]:
    """Return the samples of a recording, and how stable behaved before it.

    Raises:
        click.ClickException: There is nothing to replay; the message says what to change.
    """
    interval = plan.samples.interval
    if not recording.begin < recording.end:
        raise click.UsageError("--from must be before --to")
    if (recording.end - recording.begin) / interval > MOST_LOOKS:
        longest = MOST_LOOKS * interval / 3600
        raise click.UsageError(
            f"that is too long: at most {longest:.0f} hours at this interval"
        )
    target = _target(plan, recording)
    try:
        found, before = asyncio.run(_read(recording, target, interval))
    except Unavailable as error:
        raise click.ClickException(str(error)) from error
    for arm, counts in (
        (target.canary, [sample.canary for sample in found]),
        (target.stable, [sample.stable for sample in found]),
    ):
        if not _served(counts):
            raise click.ClickException(
                f"Prometheus has no requests of {arm.workload} (subset {arm.subset or '-'})"
                " in that time: see --canary-version, --stable-version, --from and --to"
            )
    return found, before


async def _read(
    recording: Recording, target: Target, interval: Seconds
) -> tuple[list[Sample], History | None]:
    begin, clock = recording.begin, SystemClock()
    span = Span(begin=begin, end=recording.end, interval=interval)
    past = Span(begin=Instant(begin - SPAN), end=begin, interval=BLOCK)
    async with aiohttp.ClientSession() as session:
        blocks = [each async for each in samples(session, recording.url, target, past, clock)]
        found = [each async for each in samples(session, recording.url, target, span, clock)]
    return found, history(blocks)


def _target(plan: Plan, recording: Recording) -> Target:
    match plan.metrics.source:
        case IstioMetrics() | EnvoyClusterMetrics():
            pass
        case SidecarMetrics() | CallerMetrics():
            raise click.UsageError(
                "the plan counts by Envoy's own stats, of which nothing is recorded: give its"
                " `metrics` the source `istio` or `envoyCluster` to replay it"
            )
    return Target(
        key=plan.key,
        stable=_arm(plan, plan.stable, recording.stable),
        canary=_arm(plan, plan.canary, recording.canary),
        metrics=plan.metrics,
        latency=any(isinstance(gate, Latency) for gate in plan.gates),
        queries=tuple(gate for gate in plan.gates if isinstance(gate, Promql)),
    )


def _arm(plan: Plan, arm: Arm, version: str | None) -> ArmTarget:
    service = plan.virtual_services[0].virtual_service
    named = ArmTarget(
        workload=arm.deployment,
        # Without a cluster at hand: as services are called where the plan names no host.
        host=arm.host or f"{service}.{plan.key.namespace}.svc.cluster.local",
        subset=arm.subset or "",
    )
    if version is None:
        return named
    if isinstance(plan.metrics.source, EnvoyClusterMetrics):
        return replace(named, subset=version)
    return replace(named, workload=version)


def _served(counts: list[Counts | None]) -> bool:
    return any(each is not None and each.requests for each in counts)
