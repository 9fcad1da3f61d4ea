"""Everything that people are told in the life of a rollout, one story each.

``python -m tests.adapters.notify.stories`` writes what Slack receives to ``golden/``; look at
the difference before committing it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rolloutd.adapters.notify.blocks import slack_body
from rolloutd.adapters.notify.links import Addresses
from rolloutd.adapters.notify.messages import Message, message
from rolloutd.core.actions import Announce, Happening
from rolloutd.core.observation import Closest, Course, GateVerdict, Ruling
from rolloutd.core.plan import Judgement, Latency, Promql
from rolloutd.core.state import Cause, Pause, Phase, Record, Transition
from rolloutd.core.units import Millis, Percent, Ratio, Seconds
from tests.builders import GATE, T0, a_plan, a_record, at, rise

GOLDEN = Path(__file__).parent / "golden"

MENTION = "S0123456"

ADDRESSES = Addresses(
    page="https://rolloutd.example.com",
    grafana="https://grafana.example.com",
    runbook="https://docs.example.com/rolloutd/runbook",
)

PLAN = a_plan(
    rise(5),
    rise(25, 600.0),
    rise(50, 600.0),
    rise(100, 0.0),
    notify=("slack",),
    gates=(
        GATE,
        Latency(
            name="latency-p99",
            quantile=Ratio(0.99),
            maximum=Millis(500.0),
            max_ratio=None,
            judgement=Judgement.SEQUENTIAL,
        ),
        Promql(
            name="saturation",
            query="up",
            stable_query=None,
            minimum=None,
            maximum=0.8,
            max_ratio=None,
            consecutive=2,
            judgement=Judgement.SHADOW,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a herald is told."""

    record: Record
    words: Announce

    def message(self) -> Message:
        return message(PLAN, self.record, self.words, at(1200), ADDRESSES)


def verdicts(
    errors: Ruling = Ruling.FINE, latency: Ruling = Ruling.FINE, p99: float | None = 412.0
) -> tuple[GateVerdict, ...]:
    blind = errors is Ruling.BLIND
    return (
        GateVerdict(
            gate="success-rate",
            ruling=errors,
            at=at(1199),
            reason="Seen.",
            canary=None if blind else 0.9994,
            stable=None if blind else 0.9996,
            limit=0.995,
            room=0.9,
            unit="ratio",
            samples=3100,
            evidence={},
        ),
        GateVerdict(
            gate="latency-p99",
            ruling=latency,
            at=at(1199),
            reason="Seen.",
            canary=p99,
            stable=None if blind else 377.4,
            limit=500.0,
            room=0.18,
            unit="ms",
            samples=3100,
            evidence={},
        ),
        GateVerdict(
            gate="saturation",
            ruling=Ruling.FINE,
            at=at(1199),
            reason="Seen.",
            enforced=False,
            canary=0.4312,
            limit=0.8,
            room=0.46,
            evidence={},
        ),
    )


COURSE = Course(
    since=T0,
    requests=3104,
    failures=41,
    looks=240,
    fine=236,
    closest=Closest(gate="latency-p99", room=0.18, weight=Percent(25)),
)


def line(when: float, phase: Phase, weight: int, reason: str, actor: str = "") -> Transition:
    return Transition(
        at=at(when), phase=phase, step=1, weight=Percent(weight), reason=reason, actor=actor
    )


def record(phase: Phase, step: int, weight: int, since: float, **changes: object) -> Record:
    return a_record(
        PLAN,
        phase=phase,
        step=step,
        weight=Percent(weight),
        since=at(since),
        step_since=at(changes.pop("step_since", since)),  # type: ignore[arg-type] # tests
        **changes,
    )


def told(what: Happening, text: str, *, actor: str = "", **changes: object) -> Announce:
    said = {"verdicts": verdicts(), "course": COURSE, **changes}
    return Announce(what=what, text=text, actor=actor, **said)  # type: ignore[arg-type] # tests


def held(cause: Cause, actor: str = "") -> Pause:
    return Pause(cause=cause, actor=actor, reason=".")


STORIES: Mapping[str, Story] = MappingProxyType(
    {
        "started": Story(
            record=record(Phase.PROGRESSING, 0, 5, 1200),
            words=told(
                Happening.STARTED,
                "Started: 5 % to the canary, held for 1m.",
                verdicts=(),
                course=None,
            ),
        ),
        "advanced": Story(
            record=record(Phase.PROGRESSING, 1, 25, 1200),
            words=told(Happening.ADVANCED, "Advanced: 25 % to the canary, held for 10m."),
        ),
        "breach": Story(
            record=record(Phase.PAUSED, 1, 25, 1200, pause=held(Cause.BREACH)),
            words=told(
                Happening.PAUSED,
                "Paused on a breach: p99 is 612 ms, limit 500 ms, stable 377 ms.",
                verdicts=verdicts(latency=Ruling.BREACH, p99=612.0),
            ),
        ),
        "suspect": Story(
            record=record(Phase.PROGRESSING, 1, 25, 730, suspect=True),
            words=told(
                Happening.SUSPECT,
                "Suspect, cut to 10 %: canary fails 2.1 % (44 of 2 080), so does stable.",
                verdicts=verdicts(errors=Ruling.SUSPECT),
            ),
        ),
        "cleared": Story(
            record=record(Phase.PROGRESSING, 1, 25, 730, step_since=1200),
            words=told(Happening.CLEARED, "Suspicion cleared: back to 25 %."),
        ),
        "rolled-back": Story(
            record=record(
                Phase.ROLLED_BACK,
                1,
                25,
                1200,
                step_since=730,
                transitions=(
                    line(0, Phase.PROGRESSING, 5, "Started."),
                    line(730, Phase.PROGRESSING, 25, "Advanced."),
                    line(1200, Phase.ROLLED_BACK, 0, "Rolled back."),
                ),
            ),
            words=told(
                Happening.ROLLED_BACK,
                "Rolled back: p99 is 640 ms > 500 ms & stable's is 377 ms.",
                verdicts=verdicts(latency=Ruling.BREACH, p99=640.0),
                took=Seconds(0.018),
            ),
        ),
        "rolled-back-told-again": Story(
            record=record(Phase.ROLLED_BACK, 1, 25, 1100, step_since=730),
            words=told(
                Happening.ROLLED_BACK,
                "Rolled back: p99 is 640 ms, limit 500 ms.",
                verdicts=(),
                course=None,
                again=True,
            ),
        ),
        "aborted": Story(
            record=record(Phase.ABORTED, 2, 50, 1200, step_since=730),
            words=told(
                Happening.ABORTED,
                "Rolled back by ana: <!channel> orders are stuck.",
                actor="ana",
                took=Seconds(2.5),
                course=Course(since=at(900), requests=980, failures=0, looks=60, fine=60),
            ),
        ),
        "superseded": Story(
            record=record(Phase.ROLLED_BACK, 1, 25, 1200),
            words=told(
                Happening.SUPERSEDED,
                "Rolled back: superseded, the canary's Deployment was given another template.",
                took=Seconds(0.02),
            ),
        ),
        "paused": Story(
            record=record(Phase.PAUSED, 1, 25, 1200, pause=held(Cause.PERSON, "joe")),
            words=told(Happening.PAUSED, "Paused by joe: db check.", actor="joe"),
        ),
        "resumed": Story(
            record=record(Phase.PROGRESSING, 1, 25, 1200, step_since=812),
            words=told(Happening.RESUMED, "Resumed by joe: db is fine.", actor="joe"),
        ),
        "promoted": Story(
            record=record(
                Phase.PROMOTED,
                3,
                100,
                1200,
                transitions=(
                    line(0, Phase.PROGRESSING, 5, "Started."),
                    line(700, Phase.PAUSED, 25, "Paused by joe: db check.", "joe"),
                    line(782, Phase.PROGRESSING, 25, "Resumed by joe.", "joe"),
                    line(1200, Phase.PROMOTED, 100, "Promoted."),
                ),
            ),
            words=told(Happening.PROMOTED, "Promoted: all traffic is the canary's after 20m."),
        ),
        "blind": Story(
            record=record(Phase.PROGRESSING, 1, 25, 730),
            words=told(
                Happening.BLIND,
                "Blind for 20m: Prometheus did not answer.",
                verdicts=verdicts(errors=Ruling.BLIND, latency=Ruling.BLIND, p99=None),
            ),
        ),
        "drift": Story(
            record=record(Phase.PROGRESSING, 1, 25, 730),
            words=told(
                Happening.DRIFT, "Weights restored: found 60 % to the canary, not ours."
            ),
        ),
        "drift-paused": Story(
            record=record(Phase.PAUSED, 1, 25, 1200, pause=held(Cause.DRIFT)),
            words=told(
                Happening.PAUSED,
                "Paused: someone else changed the weights 4 times in 10m; left as found.",
            ),
        ),
    }
)


def shown(body: object) -> str:
    """Return what a golden file holds."""
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def golden(name: str) -> Path:
    return GOLDEN / f"{name}.json"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, story in STORIES.items():
        golden(name).write_text(shown(slack_body(story.message(), MENTION)))
