"""``rolloutd backtest``: what a plan would have done with recorded data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from rolloutd.cli.chart import Point, drawn
from rolloutd.cli.classics import argo, flagger
from rolloutd.cli.recorded import Recording, moment, read_recording
from rolloutd.cli.rehearsal import Rehearsal, judgeable, one_plan, told_by
from rolloutd.cli.trace import TraceError, read_trace
from rolloutd.core.gate.explain import share, whole
from rolloutd.core.gate.lines import MOST
from rolloutd.core.observation import Counts, History, Sample
from rolloutd.core.plan import Plan, SuccessRate
from rolloutd.core.units import Instant

THRESHOLD = 0.99
"""Success ratio that the classical rules ask for where the plan names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that the daemon would have done.

    Attributes:
        seconds: Since the trace began.
    """

    seconds: float
    phase: str
    weight: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What would have happened.

    Attributes:
        exposed: Canary requests until the end.
        failed: Of which failed.
        flagger: Seconds until Flagger's rule would have rolled back, if ever.
        argo: Likewise.
    """

    events: tuple[Event, ...]
    points: tuple[Point, ...]
    exposed: int
    failed: int
    flagger: float | None
    argo: float | None

    @property
    def end(self) -> Event:
        """Return the last thing that happened."""
        return self.events[-1]


def history_of(
    ctx: click.Context, param: click.Parameter, value: tuple[int, int] | None
) -> History | None:
    """Read the requests and failures of stable; more failures than requests are refused."""
    if value is None:
        return None
    requests, failures = value
    if failures > requests:
        raise click.BadParameter(f"{failures} failures of {requests} requests", ctx, param)
    return History(requests=requests, failures=failures)


@click.command()
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trace",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or JSON lines: t, and requests and failures of both arms.",
)
@click.option("--prometheus", metavar="URL", help="Replay what this Prometheus recorded.")
@click.option(
    "--from",
    "begin",
    callback=moment,
    default="-1h",
    show_default=True,
    help="When the canary got traffic: 2026-11-20T14:00:00Z, or -2h.",
)
@click.option("--to", "end", callback=moment, default="now", show_default=True)
@click.option(
    "--canary-version",
    help="What was the canary then: a Deployment (istio) or a subset (envoyCluster);"
    " the plan's when left out.",
)
@click.option("--stable-version", help="Likewise, what was stable.")
@click.option(
    "--history",
    nargs=2,
    type=click.IntRange(min=0, max=MOST),
    callback=history_of,
    metavar="REQUESTS FAILURES",
    help="Of stable before; otherwise what the trace's first line says, or what Prometheus"
    " knows of the half hour before --from.",
)
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), help="SVG to write.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def backtest(  # noqa: PLR0913 - one parameter an option
    plan: Path,
    *,
    trace: Path | None,
    prometheus: str | None,
    begin: Instant,
    end: Instant,
    canary_version: str | None,
    stable_version: str | None,
    history: History | None,
    chart: Path | None,
    output: str,
) -> None:
    """Replay recorded counts through the gates and the policy that the daemon has.

    The counts are taken as recorded, at the weights that they were recorded at: the plan
    decides when it would have moved, not what traffic would have followed. Gates that the
    recording has no data for are left out.
    """
    read = one_plan(plan)
    if (trace is None) == (prometheus is None):
        raise click.UsageError("give either --trace FILE or --prometheus URL")
    past: History | None = None
    if trace is not None:
        samples, past = _traced(trace, read)
    else:
        recording = Recording(
            url=prometheus or "",
            begin=begin,
            end=end,
            stable=stable_version,
            canary=canary_version,
        )
        samples, past = read_recording(read, recording)
    past = past if history is None else history
    found = replayed(judgeable(read, told_by(samples)), samples, past)
    if chart is not None:
        _draw(found, chart)
    if output == "json":
        click.echo(json.dumps(_plain(found), indent=2))
    else:
        click.echo("\n".join(_lines(found)))


def _draw(found: Backtest, chart: Path) -> None:
    try:
        chart.write_text(drawn(found.points, found.end.seconds, found.end.phase))
    except OSError as error:
        raise click.ClickException(f"{chart} can't be written: {error.strerror}") from error


def _traced(trace: Path, plan: Plan) -> tuple[Sequence[Sample], History | None]:
    try:
        samples, past = read_trace(trace, plan)
    except TraceError as error:
        raise click.ClickException(f"{trace}: {error}") from error
    if not samples:
        raise click.ClickException(f"{trace}: it holds no samples")
    return samples, past


def replayed(plan: Plan, samples: Sequence[Sample], past: History | None) -> Backtest:
    """Run a plan over samples until it ends or they do."""
    begin = samples[0].start
    rehearsal = Rehearsal(plan, past, begin)
    events = [_event(rehearsal, 0.0)]
    points: list[Point] = []
    exposed = failed = 0
    for sample in samples:
        rehearsal.turn(sample)
        seconds = sample.end - begin
        if sample.canary is not None:
            exposed += sample.canary.requests
            failed += sample.canary.failures
        points.append(
            Point(
                seconds=seconds,
                weight=rehearsal.weight,
                canary=_ratio(sample.canary),
                stable=_ratio(sample.stable),
            )
        )
        if _changed(events[-1], now := _event(rehearsal, seconds)):
            events.append(now)
        if rehearsal.over:
            break
    threshold = _threshold(plan)
    theirs = flagger(samples, threshold), argo(samples, threshold)
    return Backtest(
        events=tuple(events),
        points=tuple(points),
        exposed=exposed,
        failed=failed,
        flagger=None if theirs[0] is None else theirs[0] - begin,
        argo=None if theirs[1] is None else theirs[1] - begin,
    )


def _event(rehearsal: Rehearsal, seconds: float) -> Event:
    record = rehearsal.record
    phase = "suspect" if record.suspect else record.phase.value
    reason = record.transitions[-1].reason if record.transitions else record.reason
    return Event(seconds=seconds, phase=phase, weight=rehearsal.weight, reason=reason)


def _changed(before: Event, now: Event) -> bool:
    return (before.phase, before.weight) != (now.phase, now.weight)


def _ratio(counts: Counts | None) -> float | None:
    if counts is None or counts.requests == 0:
        return None
    return counts.failures / counts.requests


def _threshold(plan: Plan) -> float:
    minima = [gate.minimum for gate in plan.gates if isinstance(gate, SuccessRate)]
    return max((each for each in minima if each is not None), default=THRESHOLD)


def _lines(found: Backtest) -> list[str]:
    story = [
        f"{_clock(event.seconds):>8}  {event.phase:<12} {event.weight:>3} %  {event.reason}"
        for event in found.events
    ]
    ratio = share(found.failed / found.exposed) if found.exposed else "none"
    told = f"{whole(found.exposed)} canary requests, {whole(found.failed)} failed ({ratio})"
    theirs = f"rolled back {_when(found.flagger)}; Argo (1 min, limit 0) {_when(found.argo)}"
    return [
        *story,
        f"After {_clock(found.points[-1].seconds)}: {told}.",
        f"By the success ratio alone, Flagger (1 min, 5 checks) would have {theirs}.",
    ]


def _plain(found: Backtest) -> dict[str, object]:
    return {
        "events": [dataclasses.asdict(event) for event in found.events],
        "end": found.end.phase,
        "seconds": found.points[-1].seconds,
        "exposed": found.exposed,
        "failed": found.failed,
        "flaggerSeconds": found.flagger,
        "argoSeconds": found.argo,
    }


def _when(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {_clock(seconds)}"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02}"
