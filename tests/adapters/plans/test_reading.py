"""Whole files, whatever is in them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # has no stubs

from rolloutd.adapters.plans import yaml_source
from rolloutd.adapters.plans.reading import read
from rolloutd.adapters.plans.schema import schema
from rolloutd.core.plan import PauseStep, Plan, WeightStep
from tests.adapters.plans.forms import PLAN, findings, reading, with_spec

FULL = with_spec(
    "metrics: {source: callers, urls: ['http://10.0.0.7:15090/s'], port: 80}",
    "confidence: {falseRollback: 0.1%, regression: 1pp, slowdown: 1.25, maxHold: 20m}",
    "samples: {interval: 5s, window: 1m, minRequests: 100}",
    "onBlind: {hold: 20m, then: hold}",
    "onPromoted: {scaleDownStable: {after: 30m}}",
    'start: {cron: "0 9 * * mon-fri", timezone: Europe/Berlin}',
    'windows: [{days: "sat,sun", from: "09:00", to: "17:00"}]',
    "notify: [slack]",
)
WORDS = re.findall(r"[\w.%/-]+|[^\w\s]|\s+", FULL)
ODD = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "-",
    "100",
    "-1",
    "0",
    "on",
    "~",
    "5m",
    "x",
    '"',
    "&a ",
    "*a",
    "\n",
]
EDITS = st.lists(
    st.tuples(st.integers(0, len(WORDS) - 1), st.sampled_from([*ODD, *WORDS])), max_size=3
)


def edited(edits: list[tuple[int, str]]) -> str:
    words = list(WORDS)
    for place, word in edits:
        words[place] = word
    return "".join(words)


def test_the_full_plan_of_these_tests_is_good() -> None:
    """Otherwise its edits would prove little."""
    assert findings(FULL) == ()


@given(EDITS)
def test_no_edit_makes_it_raise(edits: list[tuple[int, str]]) -> None:
    """A file ends as plans or as findings, each inside the file; never as a crash."""
    text = edited(edits)
    lines = text.count("\n") + 1

    got = reading(text)

    assert got.is_broken or got.plans
    assert not (got.is_broken and got.plans)
    assert all(1 <= each.span.line <= lines + 1 for each in got.findings)


@given(EDITS)
def test_what_is_taken_keeps_the_promises_of_a_plan(edits: list[tuple[int, str]]) -> None:
    """The policy relies on them without asking again."""
    for located in reading(edited(edits)).plans:
        check(located.plan)


def check(plan: Plan) -> None:
    weights = [step.weight for step in plan.steps if isinstance(step, WeightStep)]
    holds = [step.hold for step in plan.steps if isinstance(step, WeightStep)]
    pauses = [step.duration for step in plan.steps if isinstance(step, PauseStep)]
    assert isinstance(plan.steps[0], WeightStep)
    assert weights == sorted(weights)
    assert weights[-1] == 100
    assert all(hold >= 0 for hold in holds)
    assert all(pause is None or pause > 0 for pause in pauses)
    assert plan.stable != plan.canary
    assert plan.virtual_services
    assert plan.samples.interval >= 1.0
    assert 0 < plan.confidence.false_rollback < 1
    assert 0 < plan.confidence.certainty < 1


@given(EDITS)
def test_editors_accept_what_the_loader_takes(edits: list[tuple[int, str]]) -> None:
    """A schema that is stricter than the loader underlines good plans."""
    text = edited(edits)
    if reading(text).is_broken:
        return
    validator = Draft202012Validator(schema())
    for document in yaml_source.read(text.encode(), file="p.yaml").documents:
        assert list(validator.iter_errors(yaml_source.plain(document))) == []


def test_the_place_of_a_plan_is_that_of_its_name() -> None:
    """In a file of several, the origin tells them apart."""
    second = PLAN.replace("name: shop}\nspec", "name: other}\nspec")

    got = read(f"{PLAN}---\n{second}".encode(), file="p.yaml")

    assert [located.plan.origin for located in got.plans] == ["p.yaml:3", "p.yaml:14"]


def test_an_empty_file_is_refused() -> None:
    """For a moment every file that is being written is empty: no reason to remove plans."""
    assert [each.code.value for each in findings("# later\n")] == ["RD106"]
