"""Orders: given once, confirmed by people, told in a sentence."""

from __future__ import annotations

import json

import pytest
import yaml

from rolloutd.core.plan import StartManual
from rolloutd.core.state import Phase
from tests.api.control.office import Office, checkout, search
from tests.cli.remote.terminal import run


async def test_a_pause_is_in_the_record_with_its_reason() -> None:
    """What the command says is what the cluster holds."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, "pause", "shop/checkout", "--reason", "lunch")
        record = office.record()

    assert told.output.startswith("shop/checkout is paused at 10 %, step 1/4.")
    assert record.phase is Phase.PAUSED
    assert record.reason == "Paused by local: lunch."


async def test_every_verb_does_what_it_is_called() -> None:
    """From the first step to the last, and back."""
    async with Office().open(checkout()) as office:
        phases = []
        for order in (
            ["pause"],
            ["resume"],
            ["skip"],
            ["promote"],
            ["promote", "--full"],
            ["rollback"],
        ):
            told = await run(office.url, order[0], "shop/checkout", *order[1:], "-o", "json")
            form = json.loads(told.stdout)
            phases.append((order[-1], form["phase"], form["split"]["desiredPercent"]))
        record = office.record()

    assert phases == [
        ("pause", "paused", 10),
        ("resume", "progressing", 10),
        ("skip", "progressing", 50),
        ("promote", "progressing", 75),
        ("--full", "promoted", 100),
        ("rollback", "aborted", 0),
    ]
    assert record.transitions[-1].actor == "local"


async def test_a_retry_is_another_run() -> None:
    """From the first step."""
    async with Office().open(checkout()) as office:
        await run(office.url, "rollback", "shop/checkout")
        await run(office.url, "retry", "shop/checkout")
        await office.settle()
        record = office.record()

    assert (record.run, record.weight) == (2, 10)


async def test_a_rollout_that_waits_for_a_person_is_started() -> None:
    """``start: manual``."""
    async with Office().open(search(start=StartManual())) as office:
        told = await run(office.url, "start", "find/search", "-o", "yaml")
        name = await run(office.url, "pause", "find/search", "-o", "name")

    assert yaml.safe_load(told.stdout)["phase"] == "progressing"
    assert name.output == "find/search\n"


async def test_a_stale_step_is_refused_and_the_present_one_told() -> None:
    """In the API's numbers, and in those that lists show."""
    async with Office().open(checkout()) as office:
        await run(office.url, "skip", "shop/checkout")
        told = await run(office.url, "promote", "shop/checkout", "--expected-step", "0")
        weight = office.weight()

    assert told.exit_code == 1
    assert "at step 1 by now, not at 0" in told.stderr
    assert "this is 50 %, step 2/4 as lists show it" in told.stderr
    assert weight == 50


async def test_an_order_that_does_not_fit_says_how_to_learn_why() -> None:
    """422: nothing is done."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, "resume", "shop/checkout")

    assert told.exit_code == 1
    assert told.stderr == (
        "Error: Not done. A rollout that is progressing has nothing to resume."
        " `rolloutd explain checkout -n shop` says what it is doing.\n"
    )


@pytest.mark.parametrize("order", [["rollback"], ["promote", "--full"]])
async def test_a_pipeline_is_not_asked(order: list[str]) -> None:
    """There is nobody to answer."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, *order, "shop/checkout")

    assert told.exit_code == 0
    assert "Do it?" not in told.output
