"""What must hold between the parts of a plan."""

from __future__ import annotations

import pytest

from rolloutd.adapters.plans.diagnostics import Finding
from rolloutd.adapters.plans.reading import read
from tests.adapters.plans.forms import PLAN, changed, codes, finding, findings, plan, with_spec

STEPS = "[{weight: 10, hold: 5m}, {weight: 100}]"
GATE = "{name: success-rate, type: successRate, min: 99%}"


def steps(written: str) -> str:
    return changed((STEPS, written))


def gates(*written: str) -> str:
    return changed((f"- {GATE}", "\n    ".join(f"- {each}" for each in written)))


def pointed_at(found: Finding, text: str) -> str:
    line = text.splitlines()[found.span.line - 1]
    return line[found.span.column - 1 : found.span.end - 1]


def test_the_plan_of_these_tests_breaks_no_rule() -> None:
    """Otherwise they would prove nothing."""
    assert findings(PLAN) == ()


def test_a_falling_weight_is_refused_where_it_falls() -> None:
    """Traffic goes back by a rollback only."""
    text = steps("[{weight: 50, hold: 5m}, {weight: 10, hold: 5m}, {weight: 100}]")

    assert finding(text).code.value == "RD130"
    assert pointed_at(finding(text), text) == "10"


def test_a_weight_falls_across_a_pause_too() -> None:
    """A pause keeps the weight before it."""
    text = steps("[{weight: 50, hold: 5m}, {pause: {}}, {weight: 10, hold: 5m}, {weight: 100}]")

    assert codes(text) == ["RD130"]


def test_the_same_weight_twice_is_no_fall() -> None:
    """Two holds at one weight are odd, not wrong."""
    assert codes(steps("[{weight: 50, hold: 5m}, {weight: 50, hold: 5m}, {weight: 100}]")) == []


def test_falling_weights_are_found_beside_other_faults() -> None:
    """All errors in one pass: a misspelt field in another step must not hide this one."""
    text = steps("[{weight: 50, hodl: 5m}, {weight: 10, hold: 5m}, {weigt: 100}]")

    assert sorted(codes(text)) == ["RD110", "RD110", "RD130"]


@pytest.mark.parametrize(
    "written",
    ["[{weight: 10, hold: 5m}]", "[{weight: 10, hold: 5m}, {weight: 100}, {pause: {}}]"],
)
def test_the_last_step_is_all_of_the_traffic(written: str) -> None:
    """A rollout that ended below would leave two versions in service, unwatched."""
    assert codes(steps(written)) == ["RD131"]


def test_a_low_end_is_answered_with_the_way_to_stay_there() -> None:
    """The author wanted something; the remedy says how to get it."""
    found = finding(steps("[{weight: 10, hold: 5m}]"))

    assert "10 % until a person decides, put {pause: {}}" in found.remedy


def test_the_first_step_is_a_weight() -> None:
    """Nothing has moved that could stand still."""
    found = finding(steps("[{pause: {}}, {weight: 100}]"))

    assert (found.code.value, found.remedy.endswith("start: manual")) == ("RD132", True)


def test_a_step_without_a_hold_is_a_warning() -> None:
    """It is allowed to rely on the gates alone, and easily forgotten."""
    assert codes(steps("[{weight: 10}, {weight: 100}]")) == ["RD202"]


def test_a_misspelt_hold_is_one_mistake() -> None:
    """Not an unknown field and a missing hold."""
    assert codes(steps("[{weight: 10, hodl: 5m}, {weight: 100}]")) == ["RD110"]


def test_a_pause_stands_for_a_hold() -> None:
    """Someone or something waits."""
    assert codes(steps("[{weight: 10}, {pause: {for: 10m}}, {weight: 100}]")) == []


def test_the_same_subset_twice_is_refused() -> None:
    """Weights between a thing and itself move nothing."""
    text = changed(("canary: {subset: v2", "canary: {subset: v1"))

    assert finding(text).code.value == "RD133"
    assert pointed_at(finding(text), text) == "v1"


def test_one_subset_of_two_hosts_is_two_destinations() -> None:
    """A split by hosts may name the same subset in each."""
    text = changed(
        ("{subset: v1,", "{subset: v1, host: blue,"),
        ("{subset: v2,", "{subset: v1, host: green,"),
    )

    assert codes(text) == []


def test_the_same_host_twice_is_refused() -> None:
    """Likewise without subsets."""
    text = changed(("{subset: v1,", "{host: shop,"), ("{subset: v2,", "{host: shop,"))

    assert codes(text) == ["RD133"]


@pytest.mark.parametrize("arm", ["stable: {subset: v1, ", "canary: {subset: v2, "])
def test_an_arm_names_a_destination(arm: str) -> None:
    """A Deployment alone is nothing that a VirtualService knows."""
    assert codes(changed((arm, arm.split("{", maxsplit=1)[0] + "{"))) == ["RD134"]


def test_two_versions_are_two_deployments() -> None:
    """Metrics tell them apart by it."""
    assert codes(changed(("deployment: shop-v2", "deployment: shop-v1"))) == ["RD135"]


@pytest.mark.parametrize(
    "gate",
    [
        "{name: g, type: successRate, mode: threshold}",
        "{name: g, type: latency, quantile: 0.99, mode: threshold}",
        "{name: g, type: promql, query: up}",
    ],
)
def test_a_gate_that_nothing_could_break_is_refused(gate: str) -> None:
    """It would look like protection."""
    assert codes(gates(gate)) == ["RD136"]


@pytest.mark.parametrize(
    "gate", ["{name: g, type: successRate}", "{name: g, type: latency, quantile: 0.99}"]
)
def test_a_sequential_gate_needs_no_limit_of_its_own(gate: str) -> None:
    """It compares with stable."""
    assert codes(gates(gate)) == []


def test_gates_have_names_of_their_own() -> None:
    """The second is pointed at, the first named by its line."""
    found = finding(gates(GATE, "{name: success-rate, type: latency, quantile: 0.5, max: 1s}"))

    assert found.code.value == "RD137"
    assert "line 10" in found.message


def test_no_gates_are_a_warning() -> None:
    """Time and people alone decide then; some want that."""
    assert codes(PLAN[: PLAN.index("  gates:")]) == ["RD201"]


def test_shadows_alone_are_a_warning() -> None:
    """They look like gates, and enforce nothing."""
    assert codes(gates("{name: g, type: successRate, min: 99%, mode: shadow}")) == ["RD201"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("min: 2, max: 1", "RD139"),
        ("vsStable: {maxRatio: 2}", "RD139"),
        ("max: 1, stableQuery: up", "RD204"),
        ("vsStable: {maxRatio: 2}, stableQuery: up", None),
        ("min: 0, max: 1", None),
    ],
)
def test_bounds_of_a_query_fit_together(fields: str, code: str | None) -> None:
    """A contradiction would be a breach, or silence, for ever."""
    text = gates(f"{{name: g, type: promql, query: up, {fields}}}")

    assert codes(text) == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("samples", "fine"),
    [
        ("{interval: 30s, window: 10s}", False),
        ("{interval: 2m}", False),
        ("{window: 3s}", False),
        ("{interval: 10s, window: 10s}", True),
    ],
)
def test_a_window_holds_an_interval(samples: str, *, fine: bool) -> None:
    """An empty window would be blind for ever. Defaults count too."""
    assert codes(with_spec(f"samples: {samples}")) == ([] if fine else ["RD139"])


@pytest.mark.parametrize(
    "reference", ["[{name: shop}, {name: shop}]", "{name: shop, routes: [a, b, a]}"]
)
def test_nothing_is_listed_twice(reference: str) -> None:
    """Two weights for one route can't both hold."""
    assert codes(changed(("virtualService: {name: shop}", f"virtualService: {reference}"))) == [
        "RD138"
    ]


def test_names_that_are_none_are_not_listed_twice() -> None:
    """What is wrong with them is told once, by the form."""
    references = "virtualService: [{routes: [a]}, {routes: [b]}]"

    assert codes(changed(("virtualService: {name: shop}", references))) == ["RD111", "RD111"]


def test_both_days_in_a_cron_expression_are_a_warning() -> None:
    """Cron fires on either, the library that fires ours on both."""
    assert codes(with_spec('start: {cron: "0 9 13 * fri"}')) == ["RD203"]


@pytest.mark.parametrize(
    "text",
    ["[]", "1", "spec: 1", "spec: {steps: 3, gates: {a: 1}, virtualService: [1]}", "spec: {}"],
)
def test_rules_step_over_what_they_do_not_understand(text: str) -> None:
    """They see the tree as it was written, whatever that is."""
    assert read(text.encode(), file="p.yaml").is_broken


def test_a_plan_that_breaks_no_rule_is_taken() -> None:
    """The other side of all of these."""
    assert plan().steps
