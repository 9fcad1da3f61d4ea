"""``rolloutd simulate``: what a plan can see at the traffic it will have."""

from __future__ import annotations

import dataclasses
import json
import math
import random
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from rolloutd.cli.rehearsal import Rehearsal, judgeable, one_plan
from rolloutd.core.gate.explain import lasting, points, whole
from rolloutd.core.observation import Counts, History, Sample
from rolloutd.core.plan import Plan, SuccessRate, WeightStep
from rolloutd.core.state import Phase
from rolloutd.core.units import Instant, Seconds

START = Instant(1_000_000.0)

LONGEST = Seconds(86_400.0)
"""Virtual time after which a run counts as undecided."""

ENOUGH = 0.95
"""Share of the regressions that a plan must find before we stop warning."""

SLACK = 1.75
"""Requests that a certificate takes in practice, against the least that it could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the service serves.

    Attributes:
        rate: Requests a second, both arms.
        baseline: Stable's failure ratio.
        rise: What the canary adds to it.
    """

    rate: float
    baseline: float
    rise: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one run ended.

    Attributes:
        seconds: From its start.
        failures: Of the canary.
    """

    phase: Phase
    seconds: float
    failures: int


@click.command()
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rps", type=click.FloatRange(min=0.01), required=True, help="Of both arms.")
@click.option("--baseline", default=0.001, show_default=True, help="Stable's failure ratio.")
@click.option("--regression", default=0.01, show_default=True, help="What the canary adds.")
@click.option("--runs", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def simulate(  # noqa: PLR0913 - one parameter an option
    plan: Path,
    *,
    rps: float,
    baseline: float,
    regression: float,
    runs: int,
    seed: int,
    output: str,
) -> None:
    """Run PLAN many times in virtual time, with a healthy canary and with a worse one.

    Failures are independent, and only gates on success ratios are simulated. The same
    options give the same figures.
    """
    if not (0.0 <= baseline < 1.0 and 0.0 < regression <= 1.0):
        raise click.UsageError("--baseline must lie in 0..1, --regression above 0")
    chosen = judgeable(one_plan(plan), lambda gate: isinstance(gate, SuccessRate))
    healthy = Traffic(rate=rps, baseline=baseline)
    sick = dataclasses.replace(healthy, rise=regression)
    report = Report(
        plan=chosen,
        traffic=sick,
        good=rehearsed(chosen, healthy, runs, seed),
        bad=rehearsed(chosen, sick, runs, seed + 1),
    )
    if output == "json":
        click.echo(json.dumps(report.figures(), indent=2))
    else:
        click.echo("\n".join(report.lines()))


def rehearsed(plan: Plan, traffic: Traffic, runs: int, seed: int) -> list[Run]:
    """Run a plan many times; the same arguments give the same runs."""
    draw = random.Random(seed)  # noqa: S311 - noise, not secrets
    seen = round(1800.0 * traffic.rate)
    past = History(requests=seen, failures=binomial(draw, seen, traffic.baseline))
    return [_run(plan, traffic, past, draw) for _ in range(runs)]


def binomial(draw: random.Random, trials: int, chance: float) -> int:
    """Draw how many of some trials succeed, in time that grows with the answer."""
    if chance >= 1.0:
        return trials
    if chance > 0.5:
        return trials - binomial(draw, trials, 1.0 - chance)
    if chance <= 0.0:
        return 0
    # The trials between two successes are geometric: jump from one to the next.
    found, at, scale = 0, 0, math.log1p(-chance)
    while True:
        at += 1 + int(math.log(1.0 - draw.random()) / scale)
        if at > trials:
            return found
        found += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of all runs.

    Attributes:
        good: Runs with a healthy canary.
        bad: Runs with the regression.
    """

    plan: Plan
    traffic: Traffic
    good: list[Run]
    bad: list[Run]

    def figures(self) -> dict[str, object]:
        """Return the figures for programs; ``null`` where there is nothing to average."""
        return {
            "runs": len(self.good),
            "falseRollback": _share(self.good, Phase.ROLLED_BACK),
            "falseRollbackBound": self.plan.confidence.false_rollback,
            "promotionSeconds": _middle(_of(self.good, Phase.PROMOTED)),
            "asked": _share(self.good, Phase.PAUSED),
            "found": self.found,
            "missed": _share(self.bad, Phase.PROMOTED),
            "detectionSeconds": _middle(_of(self.bad, Phase.ROLLED_BACK)),
            "failedRequests": _failed(self.bad),
            "warnings": self.warnings(),
        }

    @property
    def found(self) -> float:
        """Return the share of the regressions that are rolled back."""
        return _share(self.bad, Phase.ROLLED_BACK)

    def lines(self) -> list[str]:
        """Return the figures for people."""
        traffic, good, bad = self.traffic, self.good, self.bad
        rolled_back = sum(run.phase is Phase.ROLLED_BACK for run in good)
        bound = 100 * self.plan.confidence.false_rollback
        promoted = _time(_of(good, Phase.PROMOTED))
        asked, missed = _share(good, Phase.PAUSED), _share(bad, Phase.PROMOTED)
        after, failed = _time(_of(bad, Phase.ROLLED_BACK)), whole(_failed(bad) or 0)
        usual = f"{traffic.rate:g} requests a second, stable fails {100 * traffic.baseline:g} %"
        healthy = f"{rolled_back} rolled back (bound {bound:g} %), promoted after {promoted}"
        found = f"{100 * self.found:.0f} % rolled back, after {after} and {failed} failed"
        warnings = [f"  warning: {warning}" for warning in self.warnings()]
        return [
            f"{len(good)} runs each, {usual}:",
            f"  healthy: {healthy}, a person asked in {100 * asked:.0f} %",
            f"  +{points(traffic.rise)}: {found} requests; {100 * missed:.1f} % missed",
            *warnings,
        ]

    def warnings(self) -> list[str]:
        """Say what this plan can't do at this traffic, and which steps could."""
        told: list[str] = []
        rise = points(self.traffic.rise)
        if self.found < ENOUGH:
            told.append(f"only {100 * self.found:.0f} % of regressions of {rise} are found")
        if _share(self.good, Phase.PROMOTED) < ENOUGH:
            promoted = 100 * _share(self.good, Phase.PROMOTED)
            told.append(f"only {promoted:.0f} % of healthy canaries are promoted by themselves")
        if told:
            told.append(self._proposal())
        return told

    def _proposal(self) -> str:
        size = self.plan.confidence.regression
        ratio = max(self.traffic.baseline, 2e-4)
        each = size - ratio * math.log1p(size / ratio)
        certainty = math.log(1.0 / (1.0 - self.plan.confidence.certainty))
        needed = SLACK * certainty / each
        weights = [s.weight for s in self.plan.steps if isinstance(s, WeightStep)]
        small = max((weight for weight in weights if weight <= 50), default=10)
        hold = Seconds(needed / (self.traffic.rate * small / 100.0))
        return (
            f"ruling out {points(size)} takes about {whole(needed)} canary requests: hold"
            f" {small} % for {lasting(hold)}, or raise that weight, or `regression`"
        )


def _run(plan: Plan, traffic: Traffic, past: History, draw: random.Random) -> Run:
    rehearsal = Rehearsal(plan, past, START)
    length, now, failures = plan.samples.interval, START, 0
    while not rehearsal.over and now < START + LONGEST:
        # A whole number that is right on average: half a request can't fail.
        requests = math.floor(traffic.rate * length + draw.random())
        canary = binomial(draw, requests, rehearsal.weight / 100.0)
        stable = requests - canary
        failed = binomial(draw, canary, min(1.0, traffic.baseline + traffic.rise))
        failures += failed
        end = Instant(now + length)
        rehearsal.turn(
            Sample(
                start=now,
                end=end,
                canary=Counts(requests=canary, failures=failed),
                stable=Counts(
                    requests=stable, failures=binomial(draw, stable, traffic.baseline)
                ),
                weight=rehearsal.weight,
                values={},
            )
        )
        now = end
    return Run(phase=rehearsal.record.phase, seconds=now - START, failures=failures)


def _of(runs: list[Run], phase: Phase) -> list[float]:
    return [run.seconds for run in runs if run.phase is phase]


def _share(runs: list[Run], phase: Phase) -> float:
    return sum(run.phase is phase for run in runs) / len(runs)


def _failed(runs: list[Run]) -> float | None:
    return _middle([run.failures for run in runs if run.phase is Phase.ROLLED_BACK])


def _middle(values: list[float] | list[int]) -> float | None:
    return float(median(values)) if values else None


def _time(values: list[float]) -> str:
    found = _middle(values)
    return "no time" if found is None else f"{lasting(Seconds(found))} (median)"
