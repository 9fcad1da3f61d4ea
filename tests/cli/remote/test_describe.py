"""Everything about a rollout, in words."""

from __future__ import annotations

import json

import pytest

from rolloutd.cli.remote.describe import portrait
from rolloutd.cli.remote.forms import Full, Pause
from rolloutd.core.state import Cause
from rolloutd.core.units import Instant
from tests.api.control.office import Office, checkout
from tests.builders import T0
from tests.cli.remote.pictures import a_full, a_gate
from tests.cli.remote.terminal import run


def lines_of(now: Full) -> list[str]:
    """Return the lines, with one space where there are several."""
    return [" ".join(line.split()) for line in "\n".join(portrait(now)).splitlines()]


async def test_it_is_told_by_the_daemon() -> None:
    """The first thing that the runbook has people type."""
    async with Office().open(checkout()) as office:
        await office.order("pause", {"reason": "lunch"})
        told = await run(office.url, "describe", "checkout", "-n", "shop")

    lines = [" ".join(line.split()) for line in told.output.splitlines()]
    assert told.exit_code == 0
    assert lines[:2] == ["Name: shop/checkout", "Versions: v3 -> v4"]
    assert "Paused: by local, until resumed" in lines
    assert lines[-1].endswith("10 % local Paused by local: lunch.")


async def test_programs_get_what_the_daemon_sent() -> None:
    """All of it."""
    async with Office().open(checkout()) as office:
        sent = (await office.get("/api/v1/rollouts/shop/checkout")).json
        told = await run(office.url, "describe", "shop/checkout", "-o", "json")

    assert json.loads(told.stdout) == sent


def test_facts_come_first() -> None:
    """Where it is, why, and how fresh that is."""
    lines = lines_of(a_full(obstacles=("outside the plan's windows",), trouble="refused."))

    assert lines[: lines.index("Steps:")] == [
        "Name: shop/checkout",
        "Versions: v3 -> v4",
        "Phase: progressing for 1s",
        "Run: 4, begun 2023-11-14 22:13:20 UTC",
        "Step: 2/3",
        "Weight: 25 % to v4; 25.2% of 1000 requests counted, as ordered",
        "Suspect: no",
        "Seen: 1s ago, every 5s",
        "Why: Holding at 25 %: all gates are fine.",
        "Next: 100 % in 2m if the gates stay fine.",
        "Trouble: refused.",
        "Obstacles:",
        "- outside the plan's windows",
        "",
    ]


def test_steps_gates_and_story_follow() -> None:
    """With the step that it is at, and the gate's own words."""
    lines = lines_of(a_full(gates=(a_gate(), a_gate(name="p99", enforced=False))))

    assert lines[lines.index("Steps:") :] == [
        "Steps:",
        "done 10 % for 1m",
        "here 25 % for 10m",
        "pause until resumed",
        "100 % for 0s",
        "",
        "Gates:",
        "GATE SAYS CANARY STABLE LIMIT ROOM REQUESTS AGE",
        "success-rate fine 99.94% 99.96% 99.50% 0.44 pp 112 1s",
        "p99 fine (shadow) 99.94% 99.96% 99.50% 0.44 pp 112 1s",
        "success-rate: Canary fails 0 % (0 of 112).",
        "p99: Canary fails 0 % (0 of 112).",
        "",
        "Story:",
        "1s ago 10 % rolloutd Started: 10 %.",
        "0s ago 25 % rolloutd Advanced: 25 %.",
    ]


def test_a_gate_that_is_fine_beyond_its_limit_is_told_apart() -> None:
    """Whoever reads `fine` beside a room below 0 believes neither."""
    lines = lines_of(a_full(gates=(a_gate(unit="ms", limit=50.0, canary=90.0, stable=25.0),)))

    row = "success-rate over, maybe by chance 90 ms 25 ms 50 ms -40 ms 112 1s"
    assert row in lines


def test_what_is_not_known_is_not_made_up() -> None:
    """Before the daemon's first look at the cluster."""
    before = a_full(
        phase="unknown",
        run=None,
        step=None,
        desired=None,
        observed=None,
        since=None,
        gates=(),
        timeline=(),
        suspect=True,
    )
    lines = lines_of(before)

    assert "Phase: unknown for -" in lines
    assert "Step: -/3" in lines
    assert "Weight: - to v4" in lines
    assert "Suspect: yes: it gets little until that is cleared" in lines
    assert "none has spoken" in lines
    assert lines[-1] == "nothing yet"


def test_a_pause_says_until_when() -> None:
    """By the clock where it ends by itself."""
    until = Pause(cause="plan", actor="", reason="", until=Instant(T0 + 60.0))

    assert "Paused: by the plan, until 2023-11-14 22:14:20 UTC" in lines_of(a_full(pause=until))


@pytest.mark.parametrize("cause", Cause)
def test_a_pause_tells_its_cause_in_words(cause: Cause) -> None:
    """Names in the code, as `planRemoved`, are not how people speak."""
    lines = lines_of(a_full(pause=Pause(cause=cause.value, actor="", reason="", until=None)))

    (told,) = [line for line in lines if line.startswith("Paused: ")]
    assert told.startswith(("Paused: by ", "Paused: for "))
    assert ", until " in told


def test_a_pause_that_resume_does_not_end_says_what_does() -> None:
    """The order would be declined, or undone by the next turn."""
    pause = Pause(cause="handsOff", actor="", reason="", until=None)

    told = "Paused: by the rolloutd.io/pause annotation, until that is removed"
    assert told in lines_of(a_full(pause=pause))


def test_a_promoted_rollout_has_all_steps_done() -> None:
    """And no split that still matters."""
    lines = lines_of(a_full(phase="promoted", step=3))

    assert [line for line in lines if line.startswith("done")] == [
        "done 10 % for 1m",
        "done 25 % for 10m",
        "done pause until resumed",
        "done 100 % for 0s",
    ]
    assert "Weight: 25 % to v4" in lines
