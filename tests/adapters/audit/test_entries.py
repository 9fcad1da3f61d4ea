"""What the lines say."""

from __future__ import annotations

import dataclasses
import math

from rolloutd.adapters.audit.entries import entry
from rolloutd.core.actions import Accepted, Declined, Reply
from rolloutd.core.deeds import Ended, Moved, Ordered, Run, TakenOver
from rolloutd.core.observation import Command, CommandKind, Ruling
from rolloutd.core.state import Phase, Transition
from rolloutd.core.units import Percent, Seconds
from rolloutd.ports import Json
from tests.builders import T0, a_plan, a_record, asked, at, says

PLAN = a_plan()
LINE = Transition(
    at=at(60),
    phase=Phase.PROGRESSING,
    step=1,
    weight=Percent(50),
    reason="Advanced: 50 % to the canary.",
)


def said(deed: Moved | Ordered | TakenOver, epoch: int | None = None) -> Json:
    found = entry(PLAN, deed, epoch)
    assert found is not None
    return found


def moved(command: Command | None = None) -> Moved:
    verdict = dataclasses.replace(
        says(Ruling.FINE, at=55),
        canary=0.01,
        stable=math.nan,
        limit=0.05,
        samples=1200,
        evidence={"p": 0.5, "odds": math.inf},
    )
    return Moved(
        at=at(60.5),
        before=a_record(PLAN),
        after=a_record(PLAN, step=1, weight=Percent(50)),
        line=LINE,
        command=command,
        verdicts=(verdict,),
        took=Seconds(0.5),
    )


def test_a_transition_says_from_what_to_what_by_whom_and_why() -> None:
    """With the number of the run and of the leadership that it happened under."""
    assert said(moved(), epoch=7) == {
        "kind": "transition",
        "at": "2023-11-14T22:14:20.500Z",
        "decided": "2023-11-14T22:14:20.000Z",
        "tookSeconds": 0.5,
        "namespace": "default",
        "rollout": "data-product",
        "epoch": 7,
        "plan": "d1",
        "run": 1,
        "step": 1,
        "phase": "progressing",
        "phaseBefore": "progressing",
        "weight": 50,
        "weightBefore": 10,
        "actor": "rolloutd",
        "source": "daemon",
        "order": None,
        "why": "Advanced: 50 % to the canary.",
        "evidence": [
            {
                "gate": "success-rate",
                "ruling": "fine",
                "enforced": True,
                "canary": 0.01,
                "stable": None,
                "limit": 0.05,
                "unit": "",
                "samples": 1200,
                "why": "it is fine.",
                "numbers": {"p": 0.5, "odds": None},
            }
        ],
    }


def test_a_transition_that_was_ordered_says_from_where() -> None:
    """By which program, from which address."""
    command = dataclasses.replace(asked(CommandKind.SKIP), source="API: curl at 10.0.0.7")
    deed = dataclasses.replace(moved(command), line=dataclasses.replace(LINE, actor="ana"))

    line = said(deed)

    assert (line["actor"], line["source"], line["order"]) == (
        "ana",
        "API: curl at 10.0.0.7",
        "c1",
    )


def test_the_first_transition_comes_from_nothing() -> None:
    """There was no record, and no weight of ours."""
    line = said(dataclasses.replace(moved(), before=None))

    assert (line["phaseBefore"], line["weightBefore"]) == (None, 0)


def test_an_order_says_what_was_answered() -> None:
    """Who tried in vain is as much of the story."""
    record = a_record(PLAN)
    answers: dict[str, Reply | None] = {
        "accepted": Accepted(),
        "declined": Declined(reason="too late."),
        "givenUp": None,
    }
    for answer, reply in answers.items():
        deed = Ordered(at=T0, command=asked(CommandKind.SKIP), reply=reply, record=record)
        line = said(deed)
        assert (line["kind"], line["verb"], line["actor"]) == ("order", "skip", "ana")
        assert (line["why"], line["answer"], line["run"]) == ("because", answer, 1)
        assert line.get("declined") == ("too late." if answer == "declined" else None)


def test_an_order_before_the_first_look_has_no_run() -> None:
    """Nobody knew yet where the rollout stood."""
    deed = Ordered(at=T0, command=asked(CommandKind.SKIP), reply=Accepted(), record=None)

    assert "run" not in said(deed)


def test_a_takeover_says_where_the_run_stood() -> None:
    """Lines of other replicas stand in other files: this is where they join."""
    line = said(TakenOver(at=T0, record=a_record(PLAN)), epoch=8)

    assert (line["kind"], line["run"], line["weight"], line["epoch"]) == ("takenOver", 1, 10, 8)


def test_the_end_of_a_run_is_told_by_its_last_transition() -> None:
    """Twice would be two ends."""
    run = Run(
        run=1,
        outcome=Phase.PROMOTED,
        started=T0,
        ended=T0,
        stable="v3",
        canary="v4",
        reason="Promoted.",
    )

    assert entry(PLAN, Ended(at=T0, run=run), None) is None
