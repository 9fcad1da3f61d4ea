"""Why it is where it is; and what plans mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.cli.remote.client import Named
from rolloutd.cli.remote.explain import account
from rolloutd.cli.remote.forms import Full, Pause
from rolloutd.core.gate.explain import odds
from tests.api.control.office import Office, checkout
from tests.cli.remote.pictures import a_full, a_gate
from tests.cli.remote.terminal import run

CHECKOUT = Named("shop", "checkout")


def told(now: Full) -> list[str]:
    return [line.strip() for line in "\n".join(account(CHECKOUT, now)).splitlines()]


async def test_it_tells_why_what_is_in_the_way_and_what_can_be_done() -> None:
    """In the order in which a person asks."""
    async with Office().open(checkout()) as office:
        said = await run(office.url, "explain", "shop/checkout")

    lines = [line.strip() for line in said.output.splitlines() if line]
    assert said.exit_code == 0
    assert lines[0] == "shop/checkout is progressing: v4 has 10 %, step 1/4."
    assert lines[1].startswith("Why: Holding at 10 %: no gate has spoken yet")
    assert lines[-1] == "Back to v3: rolloutd rollback checkout -n shop"


def test_a_gate_tells_its_reason_its_values_and_how_sure_it_is() -> None:
    """Logarithms are for programs; people get odds and what is missing."""
    lines = told(a_full(obstacles=("the canary is not ready",), trouble="refused."))

    assert "success-rate finds nothing against it. Canary fails 0 % (0 of 112)." in lines
    values = "canary 99.94%, stable 99.96%, limit 99.50%, room 0.44 pp; 112 canary requests."
    assert values in lines
    assert (
        "Evidence against the canary: 25% of what it takes"
        " (chance alone: 1 : 7, needed 1 : 2 900)."
    ) in lines
    assert "- the canary is not ready" in lines
    assert "What was decided is not written: refused." in lines


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"ruledOut": -1.0, "ruledOutNeeded": 4.0}, "Evidence that it is no worse: none."),
        ({"ruledOut": 5.0, "ruledOutNeeded": 4.0}, "Evidence that it is no worse: enough"),
        (
            {"evidence": 70.0, "evidenceNeeded": 7.0},
            "Evidence against the canary: enough (chance alone: 1 : 10^30, needed 1 : 1 000).",
        ),
    ],
)
def test_evidence_is_none_some_or_enough(evidence: dict[str, float], words: str) -> None:
    """A certificate is what the last steps wait for."""
    lines = told(a_full(gates=(a_gate(evidence=evidence),)))

    assert any(line.startswith(words) for line in lines)


@given(st.floats(0.01, 40.0))
def test_odds_are_those_of_the_gates_own_sentence(log: float) -> None:
    """Two numbers for one evidence, a line apart, and neither is believed."""
    lines = told(a_full(gates=(a_gate(evidence={"evidence": log, "evidenceNeeded": 7.0}),)))

    assert any(f"chance alone: {odds(log)}, needed {odds(7.0)}" in line for line in lines)


def test_a_gate_that_finds_nothing_beyond_its_limit_says_how_that_can_be() -> None:
    """It judges by evidence, and there may be too little, or as much against stable."""
    lines = told(a_full(gates=(a_gate(unit="ms", limit=50.0, canary=90.0, stable=25.0),)))

    room = "limit 50 ms, room -40 ms (over, maybe by chance)"
    assert f"canary 90 ms, stable 25 ms, {room}; 112 canary requests." in lines


def test_a_gate_that_sees_nothing_has_no_values() -> None:
    """A dash is no evidence."""
    blind = a_gate(ruling="blind", canary=None, evidence={}, enforced=False, reason="No data.")
    alone = a_gate(name="own", stable=None, limit=None, evidence={})
    lines = told(a_full(gates=(blind, alone)))

    assert "success-rate sees nothing (shadow: shown, not obeyed). No data." in lines
    assert "canary 99.94%; 112 canary requests." in lines


@pytest.mark.parametrize(
    ("phase", "remedy"),
    [
        ("paused", "Go on: rolloutd resume checkout -n shop"),
        ("rolledBack", "Again: rolloutd retry checkout -n shop"),
        ("waiting", "Start now: rolloutd start checkout -n shop"),
        ("promoted", "Back to v3: rolloutd rollback checkout -n shop"),
    ],
)
def test_each_phase_has_its_remedy(phase: str, remedy: str) -> None:
    """As a line to be copied."""
    assert remedy in told(a_full(phase=phase, gates=()))


def test_a_pause_by_annotation_is_not_told_to_be_resumed() -> None:
    """The daemon declines that order as long as the annotation is there."""
    pause = Pause(cause="handsOff", actor="", reason="", until=None)
    lines = told(a_full(phase="paused", pause=pause))

    assert "Go on: remove the annotation rolloutd.io/pause from the VirtualService" in lines
    assert not any("rolloutd resume" in line for line in lines)


async def test_a_path_of_a_plan_is_explained_without_a_daemon() -> None:
    """While the plan is being written there is none."""
    said = await run("http://127.0.0.1:1", "explain", "plan.spec.steps.hold")
    wrong = await run("http://127.0.0.1:1", "explain", "plan.spec.stepps")

    assert said.exit_code == 0
    assert "Default: 0s" in said.output
    assert (wrong.exit_code, wrong.stderr) == (
        1,
        "Error: plan.spec has no field stepps; did you mean plan.spec.steps?\n",
    )
