"""Where rollouts stand, for people and for programs."""

from __future__ import annotations

import json

import yaml

from rolloutd.core.plan import StartManual
from rolloutd.ports import Json
from tests.api.control.office import Office, checkout, search
from tests.cli.remote.terminal import http, run, saying


async def test_a_namespace_is_listed_with_phase_weight_step_and_gates() -> None:
    """What a person wants to see at a glance, under kubectl's kind of head."""
    async with Office().open(checkout(), search()) as office:
        told = await run(office.url, "get", "-n", "shop")

    head, line = told.output.splitlines()
    assert head.split() == ["NAME", "PHASE", "WEIGHT", "STEP", "GATES", "AGE", "NEXT"]
    assert line.split()[:5] == ["checkout", "progressing", "10", "%", "1/4"]
    assert told.exit_code == 0


async def test_all_namespaces_are_told_apart() -> None:
    """Two teams may have rollouts of the same name."""
    async with Office().open(checkout(), search()) as office:
        told = await run(office.url, "get", "-A")

    assert [line.split()[:2] for line in told.output.splitlines()] == [
        ["NAMESPACE", "NAME"],
        ["find", "search"],
        ["shop", "checkout"],
    ]


async def test_wide_says_why() -> None:
    """The sentence that every view shows."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, "get", "-A", "-o", "wide")

    assert "WHY" in told.output
    assert "Holding at 10 %: no gate has spoken yet." in told.output


async def test_json_and_yaml_are_what_the_daemon_sent() -> None:
    """Also the fields that this version does not know."""
    async with Office().open(checkout()) as office:
        sent = (await office.get("/api/v1/rollouts")).json
        as_json = await run(office.url, "get", "-A", "-o", "json")
        as_yaml = await run(office.url, "get", "-A", "-o", "yaml")

    assert json.loads(as_json.stdout) == sent
    assert yaml.safe_load(as_yaml.stdout) == sent


async def test_json_lines_hold_one_rollout_each() -> None:
    """For ``while read``."""
    async with Office().open(checkout(), search()) as office:
        told = await run(office.url, "get", "-A", "-o", "jsonl")

    names = [json.loads(line)["name"] for line in told.stdout.splitlines()]
    assert names == ["search", "checkout"]


async def test_names_can_be_given_back() -> None:
    """``get -o name | xargs rolloutd describe``."""
    async with Office().open(checkout(), search()) as office:
        names = (await run(office.url, "get", "-A", "-o", "name")).output.split()
        told = await run(office.url, "get", *names)
        again = await run(office.url, "get", *names, "-o", "name")

    assert names == ["find/search", "shop/checkout"]
    assert [line.split()[0] for line in told.output.splitlines()[1:]] == ["find", "shop"]
    assert again.output.split() == names


async def test_one_rollout_as_json_is_everything_about_it() -> None:
    """``jq .step`` gives what ``--expected-step`` takes."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, "get", "checkout", "-n", "shop", "-o", "json")

    form = json.loads(told.stdout)
    assert (form["step"], form["name"]) == (0, "checkout")
    assert form["timeline"]


async def test_several_rollouts_are_a_list_of_items() -> None:
    """As kubectl wraps them."""
    async with Office().open(checkout(), search()) as office:
        pair = ("shop/checkout", "find/search")
        told = await run(office.url, "get", *pair, "-o", "json")
        lines = await run(office.url, "get", *pair, "-o", "jsonl")

    assert [item["name"] for item in json.loads(told.stdout)["items"]] == [
        "checkout",
        "search",
    ]
    assert len(lines.stdout.splitlines()) == 2


async def test_a_phase_leaves_out_the_others() -> None:
    """What waits for me?"""
    async with Office().open(checkout(), search(start=StartManual())) as office:
        told = await run(office.url, "get", "-A", "--phase", "waiting", "-o", "name")

    assert told.output == "find/search\n"


async def test_broken_plan_files_are_warned_of_beside_the_list() -> None:
    """On standard error: the list stays fit for programs."""
    async with Office().open() as office:
        office.source.publish(checkout(), complaints=("b.yaml:3:1: unknown field",))
        await office.settle()
        told = await run(office.url, "get", "-A", "-o", "name")

    assert told.stdout == "shop/checkout\n"
    assert told.stderr == "Warning: b.yaml:3:1: unknown field\n"


async def test_no_rollout_in_a_phase_does_not_pass_for_no_rollout_at_all() -> None:
    """Whoever asks what is paused would take the namespace for empty."""
    async with Office().open(checkout()) as office:
        there = await run(office.url, "get", "-n", "shop", "--phase", "paused")
        anywhere = await run(office.url, "get", "-A", "--phase", "paused")

    assert there.stderr == "No rollout is paused in namespace shop; -A shows all.\n"
    assert anywhere.stderr == "No rollout is paused.\n"


async def test_an_empty_namespace_is_said_to_be_empty() -> None:
    """A bare head looks like a mistake; programs get no words."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, "get")
        lines = await run(office.url, "get", "-o", "jsonl")

    assert told.stderr == "No rollouts in namespace default; -A shows all.\n"
    assert (told.stdout, lines.stdout) == ("", "")


async def test_a_name_does_not_go_with_a_filter() -> None:
    """It would silently win."""
    told = await run("http://127.0.0.1:1", "get", "checkout", "-A")

    assert told.exit_code == 2


async def test_a_misspelt_name_is_answered_with_the_one_that_was_meant() -> None:
    """With the options to type."""
    async with Office().open(checkout(), search()) as office:
        told = await run(office.url, "get", "chekout", "-n", "shop")

    assert told.exit_code == 1
    assert told.stderr == (
        "Error: There is no plan for shop/chekout. Did you mean checkout -n shop?\n"
    )


async def test_the_wrong_namespace_is_answered_with_the_right_one() -> None:
    """The commonest mistake of all."""
    async with Office().open(checkout(), search()) as office:
        told = await run(office.url, "get", "checkout")

    assert "Did you mean checkout -n shop?" in told.stderr


async def test_a_name_like_no_other_leads_to_the_list() -> None:
    """Nothing is guessed."""
    async with Office().open(checkout()) as office:
        told = await run(office.url, "get", "zzz")

    assert "`rolloutd get -A` lists them." in told.stderr


async def test_a_newer_daemon_is_understood() -> None:
    """Forms only grow, and words may be new."""
    form: Json = {
        "items": [
            {
                "namespace": "shop",
                "name": "checkout",
                "phase": "hibernating",
                "run": None,
                "step": None,
                "stepCount": 4,
                "suspect": False,
                "split": {
                    "desiredPercent": None,
                    "observedRatio": None,
                    "observedRequests": 0,
                    "inForce": None,
                },
                "rulings": {"success-rate": "puzzled"},
                "why": "",
                "whatNext": "",
                "at": None,
                "obstacles": [],
                "trouble": "",
                "since": None,
                "mood": "new",
            }
        ],
        "complaints": [],
    }
    async with saying(http(json.dumps(form).encode())) as url:
        told = await run(url, "get", "-A")

    line = told.output.splitlines()[1]
    expected = "shop checkout hibernating - -/4 0/1 fine, puzzled - -"
    assert line.split() == expected.split()
