"""``rolloutd judge`` as a shell sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from click.testing import CliRunner, Result

from rolloutd.cli.judge import judge
from rolloutd.ports import Json

OPENING: Json = {
    "stream": "s",
    "interval": 5,
    "history": {"requests": 90_000, "failures": 90, "dispersion": 1.1},
}
NO_TRAFFIC: Json = {"requests": 0, "failures": 0}


def sample(
    t: float,
    *,
    canary: object,
    stable: object = {"requests": 225, "failures": 0},
    stream: str = "s",
) -> Json:
    return {"stream": stream, "t": t, "stable": stable, "canary": canary, "weight": 10}


def dead(t: float, stream: str = "s") -> Json:
    return sample(t, canary={"requests": 25, "failures": 25}, stream=stream)


def healthy(t: float, stream: str = "s") -> Json:
    return sample(t, canary={"requests": 15, "failures": 0}, stream=stream)


def filtered(*lines: Json | str, options: tuple[str, ...] = ()) -> Result:
    text = "".join(
        (line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines
    )
    return CliRunner().invoke(judge, options, input=text)


def answers(*lines: Json | str, options: tuple[str, ...] = ()) -> list[Mapping[str, object]]:
    return [json.loads(line) for line in filtered(*lines, options=options).output.splitlines()]


def words(*lines: Json | str) -> list[object]:
    return [answer["verdict"] for answer in answers(*lines)]


def test_one_verdict_a_sample_and_none_for_the_opening() -> None:
    """Line by line, so that it can stand in a pipe."""
    assert words(OPENING, healthy(5), healthy(10)) == ["hold", "fine"]


def test_a_dead_canary_is_rolled_back_with_evidence() -> None:
    """The answer says why in words and in numbers."""
    last = answers(OPENING, dead(5), dead(10))[-1]

    assert last["verdict"] == "rollback"
    assert last["gate"] == "success-rate"
    assert last["reason"] == (
        "Canary fails 100 % (50 of 50), stable fails 0 % (0 of 450);"
        " odds that this is chance 1 : 1 000, limit 1 : 1 000."
    )
    assert isinstance(last["evidence"], dict)
    assert last["evidence"]["canaryFailures"] == 50


def test_a_healthy_canary_is_certified_in_time() -> None:
    """The certificate is a word of its own: scripts wait for it."""
    assert words(OPENING, *(healthy(5 * n) for n in range(1, 61)))[-1] == "certified"


def test_streams_do_not_know_each_other() -> None:
    """Many services may share one pipe."""
    other: Json = OPENING | {"stream": "o"}
    lines = [OPENING, other, dead(5), healthy(5, "o"), dead(10), healthy(10, "o")]

    assert words(*lines) == ["hold", "hold", "rollback", "fine"]


def test_history_is_optional() -> None:
    """Then stable is learnt first."""
    assert words({"stream": "s"}, healthy(5)) == ["hold"]


def test_an_arm_that_is_null_is_blind() -> None:
    """No scrape is not no requests."""
    assert words(OPENING, sample(5, canary=None)) == ["blind"]


def test_explain_adds_every_gates_reason() -> None:
    """The worst gate speaks; with this option all do."""
    answer = answers(OPENING, healthy(5), options=("--explain",))[0]

    assert answer["explain"] == [f"success-rate: {answer['reason']}"]


def test_latency_is_judged_when_edges_are_known() -> None:
    """Durations make a second gate."""
    opening = OPENING | {"le": [50, 100, 250, "+Inf"]}
    fast = {"requests": 200, "failures": 0, "latency": [140, 190, 199, 200]}
    slow = {"requests": 50, "failures": 0, "latency": [5, 20, 40, 50]}
    lines = [sample(5 * n, canary=slow, stable=fast) for n in range(1, 20)]

    last = answers(opening, *lines)[-1]

    assert last["verdict"] == "rollback"
    assert last["gate"] == "latency"


def test_history_tells_the_edges_too() -> None:
    """The form of the issue: edges and counts of the past together."""
    times = {"le": [50, 100, 250], "counts": [60_000, 85_000, 89_900]}
    past = {"requests": 90_000, "failures": 90, "latency": times}
    arm = {"requests": 25, "failures": 0, "latency": [17, 24, 25]}

    assert words(OPENING | {"history": past}, sample(5, canary=arm, stable=arm)) == ["hold"]


def test_options_reach_the_gate() -> None:
    """A threshold gate rolls back on one window."""
    opening = OPENING | {"options": {"mode": "threshold", "minimum": 0.99, "minRequests": 10}}

    assert words(opening, dead(5)) == ["rollback"]


def bad(line: Json | str) -> Mapping[str, object]:
    """Return the answer to a bad line between two good ones, which must be answered too."""
    result = filtered(OPENING, healthy(5), line, healthy(10))
    said = [json.loads(each) for each in result.output.splitlines()]

    assert result.exit_code == 1
    assert [each.get("verdict") for each in said] == ["hold", None, "fine"]
    assert said[1]["line"] == 3
    return dict(said[1])


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{", "line"),
        ("[1]", "line"),
        ({"t": 7}, "stream"),
        ({"stream": "unheard", "t": 7}, "stream"),
        (healthy(7) | {"t": "late"}, "t"),
        ('{"stream": "s", "t": NaN}', "line"),
        (healthy(7) | {"wieght": 10}, "wieght"),
        (healthy(7) | {"weight": 101}, "weight"),
        ({"stream": "s", "t": 7, "stable": None}, "canary"),
        (sample(7, canary=3), "canary"),
        (sample(7, canary={"requests": 5}), "canary.failures"),
        (sample(7, canary={"requests": -5, "failures": 0}), "canary.requests"),
        (sample(7, canary={"requests": 2.5, "failures": 0}), "canary.requests"),
        (sample(7, canary={"requests": True, "failures": 0}), "canary.requests"),
        (sample(7, canary={"requests": 5, "failures": 6}), "canary.failures"),
        (sample(7, canary={"requests": 5, "failures": 0, "x": 1}), "canary.x"),
        (sample(7, canary={"requests": 1e23, "failures": 0}), "canary.requests"),
        (sample(7, canary={"requests": 1e308, "failures": 1e308}), "canary.requests"),
        (healthy(7) | {"t": 1e300}, "t"),
        (sample(7, canary={"requests": 5, "failures": 0, "latency": [5]}), "canary.latency"),
    ],
)
def test_a_bad_line_is_answered_with_its_number_and_field(line: Json | str, field: str) -> None:
    """One bad producer must not silence the others, nor be guessed at."""
    assert bad(line)["field"] == field


@pytest.mark.parametrize("t", [5, 4, -30])
def test_a_duplicate_or_late_line_is_an_error_and_counts_nothing(t: float) -> None:
    """Heard twice, a burst would weigh double."""
    assert bad(dead(t))["field"] == "t"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interval": 0}, "interval"),
        ({"history": {"requests": 5, "failures": 6}}, "history.failures"),
        ({"history": 5}, "history"),
        ({"le": [5, 5]}, "le"),
        ({"le": 5}, "le"),
        ({"le": [-5, 5]}, "le"),
        ({"le": [[1]]}, "le.0"),
        ({"le": [5, {"edge": 6}]}, "le.1"),
        ({"le": [5], "options": {"maxRatio": 0}}, "options.maxRatio"),
        ({"options": {"mode": "guess"}}, "options.mode"),
        ({"options": {"falseRolback": 0.1}}, "options.falseRolback"),
        ({"options": {"falseRollback": 7}}, "options.falseRollback"),
        ({"options": {"minimum": 99}}, "options.minimum"),
        ({"stream": ""}, "stream"),
        (
            {
                "history": {
                    "requests": 5,
                    "failures": 0,
                    "latency": {"le": [1], "counts": [9, 5]},
                }
            },
            "history.latency.counts",
        ),
        (
            {
                "history": {
                    "requests": 5,
                    "failures": 0,
                    "latency": {"le": [1], "counts": [1, 2, 3]},
                }
            },
            "history.latency.counts",
        ),
        (
            {
                "history": {
                    "requests": 5,
                    "failures": 0,
                    "latency": {"le": [1], "counts": [1e99]},
                }
            },
            "history.latency.counts",
        ),
    ],
)
def test_a_bad_opening_names_its_field(change: Json, field: str) -> None:
    """A misspelt option must not pass for a default."""
    assert answers(OPENING | change)[0]["field"] == field


def test_empty_lines_are_passed_over() -> None:
    """Files end with one."""
    assert words(OPENING, "", healthy(5)) == ["hold"]


def test_good_lines_alone_end_well() -> None:
    """Scripts look at the exit status."""
    assert filtered(OPENING, healthy(5)).exit_code == 0
