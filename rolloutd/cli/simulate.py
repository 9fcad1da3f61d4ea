"""``rolloutd simulate``: what a plan can see at the traffic it will have."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import re
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from rolloutd.adapters.plans.quantities import DURATION_PATTERN, parse_duration
from rolloutd.cli.rehearsal import Rehearsal, judgeable, one_plan
from rolloutd.cli.service import Service
from rolloutd.core.gate.explain import lasting, points, share, whole
from rolloutd.core.observation import History
from rolloutd.core.plan import Latency, Plan, SuccessRate, WeightStep
from rolloutd.core.state import Phase
from rolloutd.core.units import Instant, Millis, Percent, Ratio, Seconds

START = Instant(1_000_000.0)

LONGEST = Seconds(86_400.0)
"""Virtual time after which a run counts as undecided."""

PAST = Seconds(1800.0)
"""How much of stable's past gates know, as from Prometheus."""

ENOUGH = 0.95
"""Share of the regressions that a plan must find before we stop warning."""

SLACK = 1.75
"""Requests that a certificate takes in practice, against the least that it could."""

LONGEST_HOLD = Seconds(7200.0)
"""Longer holds are not proposed: nobody watches a rollout that long."""

STRETCHES = (1.0, 2.0, 4.0)
"""How many times that long the proposed hold may be until the proposal is given up."""


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


def ratio_of(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Read ``0.1%`` or ``0.001``."""
    found = _number(value.removesuffix("%"))
    ratio = found / 100.0 if value.endswith("%") else found
    if not 0.0 <= ratio < 1.0:
        wanted = f"{value!r} is not a ratio such as 0.1% or 0.001"
        raise click.BadParameter(wanted, ctx, param)
    return ratio


def worse_of(ctx: click.Context, param: click.Parameter, value: str) -> tuple[float, float]:
    """Read ``1pp`` or ``0.01`` more failures, or ``1.25x`` as slow: (rise, slowdown)."""
    if value.endswith("x") and (slowdown := _number(value[:-1])) > 1.0:
        return 0.0, slowdown
    rise = _number(value.removesuffix("pp").removeprefix("+"))
    rise = rise / 100.0 if value.endswith("pp") else rise
    if not 0.0 < rise <= 1.0:
        wanted = f"{value!r} is not a regression such as 1pp, 0.01 or 1.25x"
        raise click.BadParameter(wanted, ctx, param)
    return rise, 1.0


def median_of(ctx: click.Context, param: click.Parameter, value: str | None) -> Millis | None:
    """Read a duration such as ``40ms``."""
    if value is None:
        return None
    if not re.fullmatch(DURATION_PATTERN, value) or not parse_duration(value):
        raise click.BadParameter(f"{value!r} is not a duration such as 40ms", ctx, param)
    return Millis(1000.0 * parse_duration(value))


def _number(text: str) -> float:
    """Return a number; one that is below all bounds where there is none."""
    try:
        return float(text)
    except ValueError:
        return -1.0


@click.command()
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rps", type=click.FloatRange(min=0.01), required=True, help="Of both arms.")
@click.option(
    "--baseline",
    callback=ratio_of,
    default="0.1%",
    show_default=True,
    help="Stable's failures.",
)
@click.option(
    "--latency", callback=median_of, help="Stable's median, such as 40ms; p99 is 5 times that."
)
@click.option(
    "--regression",
    callback=worse_of,
    default="1pp",
    show_default=True,
    help="How the canary is worse: 1pp more failures, or 1.25x as slow.",
)
@click.option("--runs", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def simulate(  # noqa: PLR0913 - one parameter an option
    plan: Path,
    *,
    rps: float,
    baseline: float,
    latency: Millis | None,
    regression: tuple[float, float],
    runs: int,
    seed: int,
    output: str,
) -> None:
    """Run PLAN many times in virtual time, with a healthy canary and with a worse one.

    Failures are independent, durations log-normal; gates on custom queries are left out. The
    same options give the same figures.
    """
    rise, slowdown = regression
    if slowdown > 1.0 and latency is None:
        raise click.UsageError("a slower canary takes --latency, stable's median")
    wanted = (SuccessRate,) if latency is None else (SuccessRate, Latency)
    chosen = judgeable(one_plan(plan), lambda gate: isinstance(gate, wanted))
    healthy = Service(rate=rps, baseline=baseline, median=latency)
    sick = dataclasses.replace(healthy, rise=rise, slowdown=slowdown)
    report = Report(
        plan=chosen,
        service=sick,
        seed=seed,
        good=rehearsed(chosen, healthy, runs, seed),
        bad=rehearsed(chosen, sick, runs, seed + 1),
    )
    if output == "json":
        click.echo(json.dumps(report.figures(), indent=2))
    else:
        click.echo("\n".join(report.lines()))


def rehearsed(plan: Plan, service: Service, runs: int, seed: int) -> list[Run]:
    """Run a plan many times; the same arguments give the same runs."""
    draw = random.Random(seed)  # noqa: S311 - noise, not secrets
    past = service.sample(START, PAST, Percent(0), draw).stable
    known = (
        None
        if past is None
        else History(requests=past.requests, failures=past.failures, latency=past.latency)
    )
    return [_run(plan, service, known, draw) for _ in range(runs)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of all runs.

    Attributes:
        good: Runs with a healthy canary.
        bad: Runs with the regression.
    """

    plan: Plan
    service: Service
    seed: int
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
        service, good, bad = self.service, self.good, self.bad
        rolled_back = sum(run.phase is Phase.ROLLED_BACK for run in good)
        promoted = _ended(good, Phase.PROMOTED, "promoted")
        bound = 100 * self.plan.confidence.false_rollback
        asked, missed = _share(good, Phase.PAUSED), _share(bad, Phase.PROMOTED)
        usual = f"{service.rate:g} requests a second, stable fails {100 * service.baseline:g} %"
        healthy = f"{rolled_back} rolled back (bound {bound:g} %), {promoted}"
        found = f"{share(self.found)} rolled back{self._cost()}"
        warnings = [f"  warning: {warning}" for warning in self.warnings()]
        return [
            f"{len(good)} runs each, {usual}:",
            f"  healthy: {healthy}, a person asked in {share(asked)}",
            f"  {self._worse}: {found}; {share(missed)} missed",
            *warnings,
        ]

    def _cost(self) -> str:
        """Say after how long regressions were found, and how many requests that cost."""
        if (failed := _failed(self.bad)) is None:
            return ""
        cost = round(failed)
        requests = f"{whole(cost)} failed request" + ("" if cost == 1 else "s")
        return f", after {_time(_of(self.bad, Phase.ROLLED_BACK))} and {requests}"

    @property
    def _worse(self) -> str:
        slower = self.service.slowdown
        return f"{slower:g}x as slow" if slower > 1.0 else f"+{points(self.service.rise)}"

    def warnings(self) -> list[str]:
        """Say what this plan can't do at this traffic, and which steps could."""
        told: list[str] = []
        if self.found < ENOUGH:
            told.append(f"{_few(self.found)} of the canaries {self._worse} are found")
        if (promoted := _share(self.good, Phase.PROMOTED)) < ENOUGH:
            told.append(f"{_few(promoted)} of the healthy canaries are promoted by themselves")
        if told:
            told.append(self._proposal())
        return told

    def _proposal(self) -> str:
        """Propose a longer hold, tried out; or say that waiting alone won't do."""
        weights = [s.weight for s in self.plan.steps if isinstance(s, WeightStep)]
        small = max((weight for weight in weights if weight <= 50), default=Percent(10))
        size, needed = self._size(), self._needed()
        least = Seconds(needed / (self.service.rate * small / 100.0))
        takes = f"ruling out {points(size)} takes about {whole(needed)} canary requests"
        finer = size < self.plan.confidence.regression
        asks = f" with `regression: {100 * size:g}pp`" if finer else ""
        ways = "raise that weight" if finer else "raise that weight, or `regression`"
        for stretch in STRETCHES:
            hold = Seconds(stretch * least)
            if hold > LONGEST_HOLD:
                break
            if (found := self._found_with(small, hold)) >= ENOUGH:
                time = lasting(hold)
                enough = f"hold {small} % for {time}{asks}, which finds {share(found)}"
                return f"{takes}: {enough}; or {ways}"
        return f"{takes}, {lasting(least)} at {small} %: {ways}"

    def _size(self) -> Ratio:
        """Return what has to be ruled out: no more than what is to be found."""
        named = self.plan.confidence.regression
        return Ratio(min(named, self.service.rise)) if self.service.rise else named

    def _needed(self) -> float:
        """Return how many canary requests rule it out.

        The least that a likelihood ratio of Poisson counts needs in the mean, and some more.
        """
        size = self._size()
        ratio = max(self.service.baseline, 2e-4)
        each = size - ratio * math.log1p(size / ratio)
        return SLACK * math.log(1.0 / (1.0 - self.plan.confidence.certainty)) / each

    def _found_with(self, weight: Percent, hold: Seconds) -> float:
        """Return the share of the regressions that a plan with this hold would find."""
        steps = tuple(
            dataclasses.replace(step, hold=max(step.hold, hold))
            if isinstance(step, WeightStep) and step.weight == weight
            else step
            for step in self.plan.steps
        )
        patience = max(self.plan.confidence.max_hold, hold)
        confidence = dataclasses.replace(
            self.plan.confidence, max_hold=patience, regression=self._size()
        )
        proposed = dataclasses.replace(self.plan, steps=steps, confidence=confidence)
        runs = rehearsed(proposed, self.service, len(self.bad), self.seed + 2)
        return _share(runs, Phase.ROLLED_BACK)


def _run(plan: Plan, service: Service, past: History | None, draw: random.Random) -> Run:
    rehearsal = Rehearsal(plan, past, START)
    now, failures = START, 0
    while not rehearsal.over and now < START + LONGEST:
        sample = service.sample(now, plan.samples.interval, rehearsal.weight, draw)
        if sample.canary is not None:
            failures += sample.canary.failures
        rehearsal.turn(sample)
        now = sample.end
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
    return f"{lasting(Seconds(median(values)))} (median)"


def _ended(runs: list[Run], phase: Phase, verb: str) -> str:
    """Say after how long runs ended so; that none did must not read as at once."""
    times = _of(runs, phase)
    return f"{verb} after {_time(times)}" if times else f"none {verb}"


def _few(part: float) -> str:
    return f"only {share(part)}" if part else "none"
